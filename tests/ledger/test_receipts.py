"""One receipt, three readers: our Python, our command, and the offline page in Debian's Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

from nightlatch.commands.log import app
from nightlatch.domain.view import Leaf
from nightlatch.ledger.checkpoint import cosign
from nightlatch.ledger.log import Log
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.proof import Proof, read_proof
from nightlatch.seal.note import COSIGNATURE, Note, make_signer
from tests.browser.visit import browser

PAGE = Path(__file__).resolve().parents[2] / "src" / "nightlatch" / "hub" / "page" / "verify.html"
SIGNER, FRIEND = make_signer("programme.test/log"), make_signer("friend.test/witness", COSIGNATURE)
POLICY = Policy(SIGNER.verifier, (("friend", FRIEND.verifier),), 1)


@pytest.fixture
def receipt(tmp_path: Path) -> str:
    """Of the fifth of nine entries, with the entry in it."""
    leaves = [Leaf(1_800_000_000 + n, "view.open", b"t" * 16, b"c" * 32).canonical() for n in range(9)]
    with Log(tmp_path / "log", SIGNER) as log:
        for leaf in leaves:
            log.append(leaf)
        note = Note(log.note.text, (*log.note.signatures[:1], cosign(log.note, FRIEND, 1_800_000_100)))
        plain = read_proof(log.receipt(4, note))
    return str(Proof(plain.index, plain.path, plain.note, leaves[4]))


def test_the_command_checks_a_receipt_that_holds_its_entry(tmp_path: Path, receipt: str) -> None:
    (tmp_path / "r").write_text(receipt)
    (tmp_path / "p").write_text(str(POLICY))
    said = CliRunner().invoke(app, ["verify", str(tmp_path / "r"), "--policy", str(tmp_path / "p")])
    assert said.exit_code == 0
    assert "entry 4 of 9, cosigned by friend" in said.output


@pytest.mark.browser
@pytest.mark.skipif(not PAGE.exists(), reason="the page is not built (make page)")
def test_the_offline_page_checks_it_and_refuses_what_was_changed(receipt: str) -> None:
    with browser(offline=True) as context:
        page = context.new_page()
        page.goto(PAGE.as_uri())
        page.locator("#policy").fill(str(POLICY))
        page.locator("#receipt").fill(receipt)
        page.locator("#check").click()
        expect(page.locator("#said")).to_contain_text("is entry 4 of 9")
        expect(page.locator("#said")).to_contain_text("friend.test/witness")
        for wrong, why in (
            (receipt.replace("index 4", "index 5"), "another entry"),
            (receipt.replace("\n9\n", "\n8\n"), "did not sign"),
            (receipt.replace("— friend.test", "— fiend.test"), "0 of 1 witnesses"),
        ):
            page.locator("#receipt").fill(wrong)
            page.locator("#check").click()
            expect(page.locator("#said")).to_contain_text(why)
