"""Clips on their way to being given: left running, found again, stopped, covered further, forgotten."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from nightlatch.hub.errands.asking import COVER, FETCH, HIDE
from nightlatch.hub.serve.giving.models import HidingModels
from nightlatch.hub.serve.giving.offers import MOST_KEPT
from nightlatch.seal.recipients import Sealer
from tests.house import until
from tests.hub.keeping import Keeping, manifest
from tests.hub.test_api import Hub, running

BOX = {"left": 0.1, "top": 0.1, "right": 0.3, "bottom": 0.2}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Hub]:
    """A hub that hides and covers in no time."""
    for hub in running(tmp_path / "hub"):
        assert hub.set_up().status_code == 201
        offers = hub.house.donations.offers
        offers.hiding = msgspec.structs.replace(HIDE, module="tests.hub.instant.hide")
        offers.covering = msgspec.structs.replace(COVER, module="tests.hub.instant.cover")
        yield hub
        for left in offers.all():
            offers.drop(left.id)
        until(lambda: children() == 0, "the end of all children", 10)


def a_clip(home: Hub) -> str:
    """Of the one camera, in the index."""
    cameras = home.client.get("/api/cameras").json()
    told = {"name": "porch", "url": "rtsp://x/"}
    camera = cameras[0] if cameras else home.client.post("/api/cameras", json=told).json()
    keeping = Keeping(home.folder, home.house.engine, Sealer([home.keys.recipient]), home.clock)
    now_ms = home.clock.now_ms()
    clip = keeping.begin(secrets.token_hex(8), manifest(camera["id"], now_ms - 9000, now_ms - 14_000))
    keeping.close(clip)
    return str(clip.id)


def begin(home: Hub, film: bytes, clip: str, lengths: str | None = None) -> httpx.Response:
    asked = {"clip": clip, "from_ms": 1000, "to_ms": 26_000, **({"lengths": lengths} if lengths else {})}
    return home.client.post("/api/giving/offers", params=asked, content=film)


def ended(home: Hub, offer: str) -> dict[str, Any]:
    def told() -> dict[str, Any] | None:
        said: dict[str, Any] = home.client.get(f"/api/giving/offers/{offer}").json()
        return said if said["kept_until_ms"] else None

    return until(lambda: told(), "the errand's end")


def hidden(home: Hub, film: bytes = b"film") -> dict[str, Any]:
    clip = a_clip(home)
    return ended(home, begin(home, film, clip).json()["id"])


def film_of(home: Hub, offer: str) -> bytes:
    return home.client.get(f"/api/giving/offers/{offer}/film").content


def test_whoever_comes_back_finds_what_is_being_prepared_and_what_is_ready(home: Hub) -> None:
    clip = a_clip(home)
    made = begin(home, b"slow", clip).json()
    [told] = home.client.get("/api/giving/offers").json()
    assert (told["id"], told["clip"], told["from_ms"], told["to_ms"]) == (made["id"], clip, 1000, 26_000)
    assert (told["ready"], told["kept_until_ms"]) == (False, None)
    ready = hidden(home)
    assert [each["id"] for each in home.client.get("/api/giving/offers").json()] == [ready["id"], made["id"]]
    assert ready["kept_until_ms"] - ready["began_ms"] >= 30 * 60_000


def test_what_lies_ready_for_half_an_hour_is_forgotten_and_that_is_said(home: Hub) -> None:
    ready = hidden(home)
    home.clock.offset_ms += 30 * 60_000 - 10_000
    assert len(home.client.get("/api/giving/offers").json()) == 1
    home.clock.offset_ms += 20_000
    assert home.client.get("/api/giving/offers").json() == []
    gone = home.client.get(f"/api/giving/offers/{ready['id']}/film")
    assert gone.status_code == 404
    assert "hub was restarted" in gone.json()["error"]


def test_what_is_being_prepared_is_not_forgotten_however_long_it_takes(home: Hub) -> None:
    clip = a_clip(home)
    begin(home, b"slow", clip)
    home.clock.pass_hours(2)
    assert len(home.client.get("/api/giving/offers").json()) == 1


def children() -> int:
    running = [each.read_bytes() for each in Path("/proc").glob("[0-9]*/cmdline") if each.parent.exists()]
    return sum(b"tests.hub.instant.hide" in words and sys.executable.encode() in words for words in running)


def test_stopping_ends_the_child_and_nothing_is_left(home: Hub) -> None:
    clip = a_clip(home)
    made = begin(home, b"slow", clip).json()
    until(lambda: home.client.get(f"/api/giving/offers/{made['id']}").json()["share"] == 0.25, "the child's first word")
    assert children() == 1
    home.client.delete(f"/api/giving/offers/{made['id']}").raise_for_status()
    until(lambda: children() == 0, "the child's end", 10)
    assert home.client.get("/api/giving/offers").json() == []


def test_a_clip_is_prepared_once_and_beginning_again_replaces_it(home: Hub) -> None:
    clip = a_clip(home)
    for _ in range(3):  # more than may be in preparation at once
        last = begin(home, b"slow", clip).json()
    assert [each["id"] for each in home.client.get("/api/giving/offers").json()] == [last["id"]]


def test_two_clips_may_be_prepared_at_once_and_a_third_waits(home: Hub) -> None:
    for _ in range(2):
        assert begin(home, b"slow", a_clip(home)).status_code == 202
    refused = begin(home, b"slow", a_clip(home))
    assert refused.status_code == 403
    assert "stop it" in refused.json()["error"]


def test_only_so_many_finished_films_are_kept(home: Hub) -> None:
    made = [hidden(home)["id"] for _ in range(MOST_KEPT + 1)]
    assert {each["id"] for each in home.client.get("/api/giving/offers").json()} == set(made[1:])


def test_a_failure_is_told_to_whoever_comes_back(home: Hub) -> None:
    assert hidden(home, b"bad")["problem"] == "Too dark. Choose another part."
    assert "can still be found" in hidden(home, b"shown")["problem"]


def test_more_of_the_place_comes_behind_the_clip(home: Hub) -> None:
    clip = a_clip(home)
    made = begin(home, b"film" + b"before" + b"after", clip, "4,6,5").json()
    ended(home, made["id"])
    assert film_of(home, made["id"]) == b"hidden: film of 3 films, 1000 to 26000"


@pytest.mark.parametrize(
    ("lengths", "why"),
    [
        ("4,5", "add up"),
        ("4,7", "add up"),
        ("10,0", "none of them is empty"),
        ("4,-1", "whole numbers"),
        ("4;6", "whole numbers"),
        ("4,6,", "whole numbers"),
        (",".join(["1"] * 41), "At most 40"),
    ],
)
def test_lengths_that_are_not_those_of_the_films_are_refused(home: Hub, lengths: str, why: str) -> None:
    clip = a_clip(home)
    refused = begin(home, b"film" + b"before", clip, lengths)
    assert refused.status_code == 422
    assert why in refused.json()["error"]


def cover(home: Hub, offer: str, *boxes: dict[str, float]) -> httpx.Response:
    return home.client.post(f"/api/giving/offers/{offer}/covers", json={"boxes": list(boxes)})


def test_what_the_owner_covers_makes_another_film_under_the_same_name(home: Hub) -> None:
    before = hidden(home)
    assert cover(home, before["id"], BOX, BOX).json()["ready"] is False
    after = ended(home, before["id"])
    assert after["sha256"] != before["sha256"]
    assert (after["report"]["owner_covered"], after["covers"]) == (2, [BOX, BOX])
    assert film_of(home, before["id"]).endswith(b", 2 covered")


def test_covers_replace_those_before_and_none_bring_the_first_film_back(home: Hub) -> None:
    before = hidden(home)
    cover(home, before["id"], BOX, BOX)
    ended(home, before["id"])
    cover(home, before["id"], BOX)
    ended(home, before["id"])
    assert film_of(home, before["id"]).endswith(b"26000, 1 covered")
    cover(home, before["id"])
    assert ended(home, before["id"])["sha256"] == before["sha256"]


def test_covering_that_fails_leaves_the_film_and_says_so(home: Hub) -> None:
    before = hidden(home)
    cover(home, before["id"], {**BOX, "left": 0.0})
    after = ended(home, before["id"])
    assert (after["sha256"], after["ready"], after["covers"]) == (before["sha256"], True, [])
    assert "damaged" in after["problem"]


@pytest.mark.parametrize("change", [{"left": 0.3}, {"top": 0.5}, {"right": 1.2}, {"left": -0.1}])
def test_a_place_without_an_inside_cannot_be_covered(home: Hub, change: dict[str, float]) -> None:
    offer = hidden(home)["id"]
    assert cover(home, offer, {**BOX, **change}).status_code == 422
    assert home.client.get(f"/api/giving/offers/{offer}").json()["ready"] is True


def test_nothing_is_covered_in_a_film_that_is_not_there(home: Hub) -> None:
    clip = a_clip(home)
    slow = begin(home, b"slow", clip).json()["id"]
    assert cover(home, slow, BOX).status_code == 403
    assert cover(home, hidden(home, b"bad")["id"], BOX).status_code == 422
    assert cover(home, "none", BOX).status_code == 404


def why_not(home: Hub) -> str:
    """Once fetching is over."""
    models = home.house.donations.models
    until(lambda: models.share is None, "the end of fetching")
    return str(home.client.get("/api/giving/models", timeout=60).json()["problem"])


def test_what_hiding_lacks_is_told_and_fetching_it_says_why_it_fails(tmp_path: Path) -> None:
    for hub in running(tmp_path / "hub", models_dir=tmp_path / "models"):
        hub.set_up()
        models = hub.house.donations.models
        models.fetching = msgspec.structs.replace(FETCH, module="tests.hub.instant.fetch")
        told = hub.client.get("/api/giving/models", timeout=60).json()
        lacks = {each["name"]: each for each in told["missing"]}
        assert {"yolox_nano", "yunet_n_640"} <= set(lacks)
        assert lacks["yolox_nano"]["can_be_fetched"]
        assert (lacks["yolox_nano"]["bytes"], lacks["yolox_nano"]["licence"]) == (3_660_092, "Apache-2.0")
        assert (told["share"], told["problem"]) == (None, None)
        assert hub.client.post("/api/giving/models", timeout=60).json()["share"] is not None
        assert "Bring the file" in why_not(hub)


def test_what_is_all_here_is_looked_up_once(tmp_path: Path) -> None:
    models = HidingModels(tmp_path)
    models._is_complete = True
    assert models.missing() == ()
    models.fetch()
    assert models.share is None


def test_who_offers_is_signed_in(home: Hub) -> None:
    stranger = httpx.Client(base_url=home.client.base_url, headers={"X-Nightlatch": "1"})
    for path in ("offers", "models", "offers/x/film"):
        assert stranger.get(f"/api/giving/{path}").status_code == 401
