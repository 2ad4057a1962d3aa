"""`nightlatch review` and `nightlatch programme`, as they are typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from nightlatch import config
from nightlatch.commands.programme import app as programme
from nightlatch.errors import ConfigError, NightlatchError, Refused
from nightlatch.keeper.checks import RoomHours
from nightlatch.review.signing import make_key, read_key
from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.review.rooms import SECRET, Page, WholeRoom, whole_room

RUN = CliRunner()


def typed(*words: str | Path) -> str:
    told = RUN.invoke(programme, [str(word) for word in words])
    if isinstance(told.exception, NightlatchError):
        raise told.exception
    assert told.exit_code == 0, told.output
    return told.output


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A programme of Anna and Ben, with a configuration in this folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "SECTIONS", {*config.SECTIONS, "review"})
    keys = [typed("key", f"{name}.key").strip() for name in ("anna", "ben")]
    Path("nightlatch.toml").write_text("")
    told = typed("init", "--admin", f"anna={keys[0]}", "--admin", f"ben={keys[1]}", "--data", "data/review")
    assert keys[0] in told
    key = public_b64(read_key(Path("programme.key")))
    Path("nightlatch.toml").write_text(f'[review]\nprogramme_key = "{key}"\ndata_dir = "data/review"\n')
    return tmp_path


def test_a_key_is_for_its_owner_alone_and_is_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "anna.key"
    key = make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert public_b64(read_key(file)) == public_b64(key)
    with pytest.raises(ConfigError, match="another file"):
        make_key(file)
    (tmp_path / "text").write_text("no key")
    for bad in (tmp_path / "text", tmp_path / "nowhere"):
        with pytest.raises(ConfigError):
            read_key(bad)


def test_a_programme_begins_once_and_invites(begun: Path) -> None:
    with pytest.raises(Refused, match="two administrators"):
        typed("init", "--admin", f"eve={public_b64(make_key(begun / 'eve.key'))}", "--data", "data/other")
    link = typed("invite").strip()
    assert link.startswith("http://localhost:8642/#invite=")
    told = typed("status")
    assert "anna, ben" in told
    assert "150 looks a day" in told


def test_a_change_is_signed_by_one_and_waits_for_another(begun: Path) -> None:
    change = typed("policy", "--quota", "100").strip().rsplit(" ", 1)[1]
    told = typed("sign", change, "--key", "anna.key", "--yes")
    assert "100 looks a day" in told
    assert "One more administrator" in told
    assert f"{change}: 100 looks a day" in typed("status")
    make_key(begun / "eve.key")
    with pytest.raises(Refused, match="Only an administrator"):
        typed("sign", change, "--key", "eve.key", "--yes")


def test_known_answers_and_labels_are_typed_and_printed(begun: Path) -> None:
    typed("know", "ab" * 16, "--subjects", "person,package", "--verdict", "threat", "--happenings", "taking_things")
    assert "known answers   1" in typed("status")
    assert json.loads(typed("labels")) == {"version": 1, "clips": []}
    assert typed("labels", "--format", "cvat").startswith("<?xml")
    with pytest.raises(ConfigError, match="json, cvat, label-studio"):
        typed("labels", "--format", "pdf")


def test_the_review_room_loads_nothing_that_opens_a_picture_or_a_seal() -> None:
    script = (
        "import sys, nightlatch.review.serve, nightlatch.commands.programme, nightlatch.commands.review, "
        "nightlatch.review.logbook, nightlatch.review.export\n"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('av', 'cv2', 'pyrage', 'onnxruntime')"
        " or m.startswith(('nightlatch.pixels', 'nightlatch.keeper', 'nightlatch.seal.identities',"
        " 'nightlatch.seal.recipients', 'nightlatch.hub', 'nightlatch.cloud'))]\n"
        "print(bad)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("words", ["status", "invite", "policy --quota 90"])
def test_a_command_of_the_programme_loads_no_room_and_no_arrays(begun: Path, words: str) -> None:
    script = (
        "import sys\nfrom typer.testing import CliRunner\nfrom nightlatch.cli import app\n"
        f"done = CliRunner().invoke(app, ['programme', *{words.split()!r}])\n"
        "assert done.exit_code == 0, done.output\n"
        "print([m for m in ('numpy', 'fastapi', 'starlette', 'uvicorn', 'webauthn', 'alembic') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=begun)
    assert told.stdout.strip() == "[]"


def test_before_a_policy_is_signed_the_status_says_whose_settings_hold(begun: Path) -> None:
    told = typed("status")
    assert "none is signed yet: what the keeper is set to holds" in told
    assert "keeper          cannot be asked" in told
    assert "how many wait, the keeper knows" in told


def told_by_status(room: WholeRoom, folder: Path) -> dict[str, str]:
    """What the status says of a room that is running, line by line."""
    told = typed("status", "--config", configured(room, folder))
    return {line[:16].strip(): line[16:] for line in told.splitlines()}


def configured(room: WholeRoom, folder: Path) -> Path:
    """The configuration of a room that is running."""
    secret, settings = folder / "face.secret", room.settings
    secret.write_text(SECRET)
    lines = {
        "programme_key": settings.programme_key,
        "data_dir": str(settings.data_dir),
        "keeper_url": settings.keeper_url,
        "keeper_secret": str(secret),
    }
    config_file = folder / "status.toml"
    config_file.write_text("[review]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    return config_file


def test_the_status_tells_the_hours_that_hold_and_the_clips_that_wait(tmp_path: Path) -> None:
    all_day = RoomHours(0, 1440)
    with whole_room(tmp_path, hours=all_day) as room:
        for _ in range(8):
            room.house.give()
        told = told_by_status(room, tmp_path)
        assert told["clips"] == "8 want labels; 0 have enough, 0 were flagged"
        assert told["known answers"] == "0; give 1 more for a tenth"
        assert told["keeper"].startswith("open now; day and night, every day; 150 looks a day, 5 reviewers a clip")
        assert told["policy"] == "none is signed yet: what the keeper is set to holds"
        for page in (Page(room), Page(room)):  # two say the same of each clip that they see
            page.enter(room.reviewer())
            view = page.post("/next").json()["view"]
            page.post(f"/looks/{view}", {"subjects": ["cat"], "verdict": "routine"})
        assert told_by_status(room, tmp_path)["clips"].startswith("8 want labels; ")


def test_outside_its_hours_the_status_says_that_the_room_is_closed(tmp_path: Path) -> None:
    with whole_room(tmp_path, hours=RoomHours(11 * 60, 20 * 60, weekdays=frozenset({0, 4}))) as room:
        told = told_by_status(room, tmp_path)
        assert told["keeper"].startswith("closed now; 11:00 to 20:00 UTC, Monday, Friday; ")


def test_labels_of_a_clip_that_was_taken_back_are_not_exported_and_none_while_nobody_can_tell(tmp_path: Path) -> None:
    clock = TestClock(offset_ms=-60_000)
    with whole_room(tmp_path, clock, hours=RoomHours(0, 1440)) as room:
        given = {each.donation: each for each in (room.house.give(), room.house.give())}
        for page in (Page(room), Page(room)):
            page.enter(room.reviewer())
            for _ in given:
                view = page.post("/next").json()["view"]
                assert page.post(f"/looks/{view}", {"subjects": ["cat"], "verdict": "routine"}).status_code == 204
        config_file = configured(room, tmp_path)
        with room.engine.begin() as rows:
            rows.execute(text("UPDATE looks SET submitted_ms = submitted_ms + 59000"))
        assert json.loads(typed("labels", "--config", config_file))["clips"] == [], "they may still be taken back"
        with room.engine.begin() as rows:
            rows.execute(text("UPDATE looks SET submitted_ms = submitted_ms - 59000"))
        clips = json.loads(typed("labels", "--config", config_file))["clips"]
        assert {each["donation"] for each in clips} == set(given)
        back, stays = given
        room.house.room.revoke(given[back].withdrawn(room.clock.now_ms()))
        assert room.keeper.gone([*given, "never"]) == {back, "never"}
        told = RUN.invoke(programme, ["labels", "--config", str(config_file)])
        assert [each["donation"] for each in json.loads(told.stdout)["clips"]] == [stays]
        assert "The labels of 1 clip are left out" in told.stderr
        status = told_by_status(room, tmp_path)
        assert status["taken back"] == "The labels of 1 clip are not used any more"
        assert status["hiding"].endswith("settles 0 of 1 clips")
    with pytest.raises(ConfigError, match="only the keeper knows which clips were taken back"):
        typed("labels", "--config", config_file)
