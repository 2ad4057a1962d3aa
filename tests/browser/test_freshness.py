"""What the giving page says of a log that is old, went back, forked, ended, or that the own hub does not vouch for.

The files of the log are the test's: so is when they were cosigned, and by whom. Nothing that is not fresh, continued,
witnessed and read by the household's own hub is green.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from nightlatch.ledger.memory import read_evidence
from nightlatch.ledger.policy import Policy
from nightlatch.owner.keys import OwnerKeys
from nightlatch.seal.note import COSIGNATURE, Signer, make_signer
from tests.browser.giving import DAY_S, arrived, claims, entry, gave, hub_key, join, show
from tests.browser.visit import PASSPHRASE, browser, pictures, set_up
from tests.house import House, house
from tests.ledger.long_log import long_log
from tests.ledger.test_receipts import PAGE as VERIFY
from tests.serving import shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SIGNER, FRIEND = make_signer("programme.test/log"), make_signer("friend.test", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("friend", FRIEND.verifier),), 1, 300)
GIVEN, OTHER = "d" * 32, "e" * 32


@dataclass
class Visit:
    """An owner on the giving page, and the folders from which log and keeper are shown."""

    page: Page
    home: House
    keys: OwnerKeys
    folder: Path
    keeper_url: str

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def keeper(self) -> Path:
        return self.folder / "keeper"

    def write(
        self,
        *leaves: bytes,
        age_s: int = 0,
        by: tuple[Signer, ...] | None = None,
        cuts: tuple[int, ...] = (),
        rotates: tuple[Signer, Policy] | None = None,
        log: str = "log",
    ) -> list[tuple[int, ...]]:
        """A log of these entries, cosigned by its one witness and the hub so long ago; it is shown from now on."""
        made = self.folder / f"made-{time.monotonic_ns()}"
        signers = (FRIEND, hub_key(self.home)) if by is None else by
        at_s = int(time.time()) - age_s
        turned = {1: rotates} if rotates else None
        parts = long_log(
            made, SIGNER, leaves, witnesses=signers, cuts=cuts, policy=POLICY, rotates=turned, at_s=at_s
        )  # fmt: skip
        link = self.folder / "new"
        link.symlink_to(made)
        link.rename(self.folder / log)
        return [part.positions for part in parts]

    def join(self, name: str, donation: str, log: str = "log") -> str:
        programme = join(self.page, self.home, self.keeper_url, f"{self.keeper_url}/{log}", POLICY, name)
        gave(self.home, donation, programme)
        claims(self.keeper, donation, [])
        show(self.page, programme, self.folder / log)
        return programme

    def open(self) -> None:
        self.page.goto(f"{self.home.address}/giving")

    def green(self, text: str) -> None:
        expect(self.page.get_by_test_id("log-proof")).to_contain_text(text, timeout=30_000)

    def red(self, text: str) -> None:
        """It is said in red, and nothing is said in green."""
        problem = self.page.get_by_role("alert").filter(has_text=text)
        expect(problem).to_be_visible(timeout=30_000)
        colour = problem.locator("strong").evaluate("it => getComputedStyle(it).color")
        strength = [int(each) for each in re.findall(r"\d+", colour)[:3]]
        assert strength[0] > 1.5 * max(strength[1:]), f"not red: {colour}"
        expect(self.page.get_by_test_id("log-proof")).to_have_count(0)


@contextmanager
def visit(tmp_path: Path) -> Iterator[Visit]:
    (tmp_path / "keeper").mkdir()
    with house(tmp_path / "house") as home, shown(tmp_path / "keeper") as keeper_url, browser() as context:
        page = context.new_page()
        words = set_up(page, home.address)
        yield Visit(page, home, OwnerKeys.from_words(" ".join(words)), tmp_path, keeper_url)


def test_a_stale_log_and_a_rewritten_one_are_said_in_red(tmp_path: Path) -> None:
    with visit(tmp_path) as at:
        at.join("A programme", GIVEN)
        at.write(b"one", b"two", age_s=240)
        at.open()
        at.green("all 2 entries of the log")
        at.green("Your own hub has read them too, and vouches for this log.")
        expect(at.page.get_by_test_id("log-confirmed")).to_have_text("Last confirmed by 1 witness 4 minutes ago. ")

        at.write(b"one", b"two", age_s=2 * DAY_S)
        at.red("Last confirmed by 1 witness on")
        expect(at.page.get_by_role("alert")).to_contain_text("(2 days ago)")
        expect(at.page.get_by_role("alert")).to_contain_text("Nothing newer than that is proven.")

        at.write(b"one")
        at.red("The programme's log went back. This browser read 2 entries of it")
        at.write(b"one", b"two", b"three")
        at.green("all 3 entries of the log")

        at.write(b"one", b"other", b"three", b"four")
        at.red("The programme's log was rewritten. This browser read 3 entries of it")
        with at.page.expect_download() as download:
            at.page.get_by_test_id("evidence").click()
        assert read_evidence(download.value.path().read_text(), SIGNER.verifier).is_proof

        at.write(b"one", b"two", b"three", b"four")  # as if nothing had been
        at.page.reload()
        at.red("was rewritten")
        at.page.get_by_role("link", name="Household").click()
        at.page.get_by_role("listitem").filter(has_text="this one").get_by_role("button", name="Sign out").click()
        at.page.get_by_test_id("login-passphrase").fill(PASSPHRASE)
        at.page.get_by_test_id("login-submit").click()
        expect(at.page.get_by_test_id("status-line")).to_be_visible()
        at.open()
        at.red("was rewritten")


def test_a_log_that_the_own_hub_does_not_vouch_for_is_not_believed(tmp_path: Path) -> None:
    """A log that shows the page another tree than the hub: whoever else cosigned that, the hub did not."""
    with visit(tmp_path) as at:
        at.join("A programme", GIVEN)
        at.write(b"shown to the page alone", by=(FRIEND,))
        at.open()
        at.red("Your own hub has not vouched for this log.")
        stranger = make_signer(hub_key(at.home).name, COSIGNATURE)
        at.write(b"shown to the page alone", by=(FRIEND, stranger))
        at.page.reload()
        at.red("Your own hub has not vouched for this log.")
        at.write(b"shown to the page alone", b"and more")
        at.green("all 2 entries of the log")

        def answer(route: Route) -> None:
            body = route.fetch().json()
            body["witness"]["key"] = str(stranger.verifier)
            route.fulfill(json=body)

        at.page.route("**/api/giving", answer)
        at.write(b"shown to the page alone", b"and more", by=(FRIEND, stranger))
        at.page.reload()
        at.red("Your hub vouches with another key than this browser knows.")
        at.page.reload()
        at.red("Your hub vouches with another key than this browser knows.")
        at.page.get_by_test_id("new-hub").click()
        at.green("all 2 entries of the log")


def test_a_log_goes_on_in_its_next_part_and_a_change_of_keys_is_said(tmp_path: Path) -> None:
    with visit(tmp_path) as at:
        at.join("A programme", GIVEN)
        now_s = time.time()
        early, late = entry(at.keys, GIVEN, now_s - 50, "consent.give"), entry(at.keys, GIVEN, now_s - 10)
        at.write(early.leaf, b"two")
        claims(at.keeper, GIVEN, [(0, early)])
        at.open()
        at.green("all 2 entries of the log")

        new = replace(make_signer("programme.test/log/1"), name="programme.test/log/1")
        rotated = replace(POLICY, log=new.verifier)
        [_, second] = at.write(early.leaf, b"two", b"three", late.leaf, cuts=(2,), rotates=(new, rotated))
        claims(at.keeper, GIVEN, [(0, early), (second[1], late)])
        at.green("all 6 entries of the log")  # with the last of the first part and the first of the second
        expect(at.page.get_by_test_id("keys-changed")).to_contain_text("The programme's keys changed on")
        expect(at.page.get_by_test_id("keys-changed")).to_contain_text(
            "(the log's own key). The old ones signed for it."
        )
        look = at.page.locator("[data-testid=look][data-kind='view.open']")
        expect(look).to_contain_text("Proven: entry 2 of part 1 of the log")
        with at.page.expect_download() as download:
            look.get_by_test_id("receipt").click()
        assert download.value.suggested_filename == "entry-1-2.tlog-proof"
        receipt = download.value.path().read_text()
        with at.page.expect_download() as keys:
            at.page.get_by_role("button", name="the keys it is checked with").click()
        verify = at.page.context.new_page()
        verify.goto(VERIFY.as_uri())
        verify.get_by_label("The receipt").fill(receipt)
        verify.get_by_label("The keys").fill(keys.value.path().read_text())
        verify.get_by_role("button", name="Check it").click()
        expect(verify.get_by_role("status")).to_contain_text("is entry 2 of 3 in programme.test/log/1.")
        verify.close()

        at.write(early.leaf, b"two")
        at.red("The programme's log went back.")
        stranger = make_signer("programme.test/log/1")
        at.write(
            early.leaf,
            b"two",
            b"three",
            late.leaf,
            cuts=(2,),
            rotates=(stranger, replace(POLICY, log=stranger.verifier)),
        )
        at.page.reload()
        at.red("The programme's log was rewritten.")


def test_what_was_given_a_moment_ago_is_on_its_way_and_red_only_when_it_does_not_come(tmp_path: Path) -> None:
    with visit(tmp_path) as at:
        page, alert = at.page, at.page.get_by_role("alert")
        programme = join(page, at.home, at.keeper_url, f"{at.keeper_url}/log", POLICY)
        show(page, programme, at.folder / "nowhere")  # the log is down, and the keeper says nothing of the clip
        gave(at.home, GIVEN, programme, age_s=2)
        for _ in ("opened", "reloaded"):
            at.open()
            expect(page.get_by_test_id("entering")).to_contain_text("To A programme, and into its log")
            expect(page.get_by_test_id("awaited")).to_be_visible(timeout=30_000)
            expect(alert).to_have_count(0)
        pictures(page, "just-given")

        arrived(at.home, GIVEN, age_s=4)
        show(page, programme, at.log)
        at.write(b"one", b"two")  # the log is read, and the gift is not in it yet; the keeper is down
        at.green("all 2 entries of the log")
        expect(page.get_by_test_id("entering")).to_contain_text("On its way into the log")
        expect(alert).to_have_count(0)

        claims(at.keeper, GIVEN, [])
        arrived(at.home, GIVEN, age_s=121)
        expect(alert).to_contain_text("its log does not say that you gave it", timeout=30_000)

        gift = entry(at.keys, GIVEN, time.time() - 100, "consent.give")
        at.write(b"one", b"two", gift.leaf)
        claims(at.keeper, GIVEN, [(2, gift)])
        expect(page.get_by_test_id("look").and_(page.locator(".good"))).to_contain_text("You gave it", timeout=30_000)
        expect(alert).to_have_count(0)


def test_each_programme_has_a_truth_of_its_own(tmp_path: Path) -> None:
    with visit(tmp_path) as at:
        at.join("The first", GIVEN)
        at.write(b"one", b"two")
        at.page.get_by_role("button", name="Leave it").click()
        at.page.get_by_test_id("giving-invitation").wait_for()
        other = Policy(make_signer("other.test/log").verifier, POLICY.witnesses, 1, 300)
        programme = join(at.page, at.home, at.keeper_url, f"{at.keeper_url}/other", other, "The second")
        gave(at.home, OTHER, programme, age_s=121)  # no moment ago: a log that cannot be read is said at once
        claims(at.keeper, OTHER, [])
        show(at.page, programme, at.folder / "nowhere")
        at.open()
        first, second = (at.page.get_by_test_id("looked").filter(has_text=each) for each in ("The first", "The second"))
        expect(first.get_by_test_id("log-proof")).to_contain_text("all 2 entries of the log", timeout=30_000)
        expect(second.get_by_role("alert")).to_contain_text("Nothing here counts as proven", timeout=30_000)
        expect(second.get_by_test_id("log-proof")).to_have_count(0)
        at.write(b"one", b"two", age_s=2 * DAY_S)
        expect(first.get_by_role("alert")).to_contain_text("Last confirmed by 1 witness on", timeout=30_000)


def test_a_long_log_is_read_by_its_indexes_and_every_entry_when_asked(tmp_path: Path) -> None:
    with visit(tmp_path) as at:
        at.join("A programme", GIVEN)
        now_s = time.time()
        seen, kept = entry(at.keys, GIVEN, now_s - 50), entry(at.keys, GIVEN, now_s - 40)
        leaves = [b"entry %d" % n for n in range(9_000)]
        leaves[1_000], leaves[4_500] = seen.leaf, kept.leaf
        [positions] = at.write(*leaves)
        claims(at.keeper, GIVEN, [(positions[1_000], seen), (positions[4_500], kept)])
        at.open()
        at.green("your entries and the indexes of 9,002 entries of the log")
        at.green("Your own hub has read every one, and vouches for this log.")
        at.page.get_by_test_id("read-every").click()
        at.green("all 9,002 entries of the log")
        claims(at.keeper, GIVEN, [(positions[1_000], seen)])
        at.page.clock.install(time=now_s + 121)
        at.page.reload()
        at.red("The log holds 1 entry marked as yours that the programme did not mention.")
