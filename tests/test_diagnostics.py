"""No secret reaches a log line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import nightlatch
from nightlatch.diagnostics import FILE_BYTES, FILES, HIDDEN, redact, redact_event
from nightlatch.owner.keys import OwnerKeys
from nightlatch.pixels.stage.encoding import film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.terminal import SENTENCES
from tests.house import House, free_port, house, until

# Anything that can be typed without a space; the mark makes sure that it is found only where it was planted.
SECRET = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=24).map(lambda t: f"Q7{t}Q7x")
PHRASE = st.lists(SECRET, min_size=1, max_size=6).map(" ".join)
IN_ADDRESSES = (
    "rtsp://admin:{}@10.0.0.9/live",
    "[Errno 111] Connection refused: 'rtsp://{}:pw@10.0.0.9:554/live'",
    "opened rtsps://admin:{}@cam.lan/a, then rtsp://admin:{}@cam.lan/b",
    "admin:{}@10.0.0.9",
    "http://10.0.0.9/snap.cgi?user=admin&pwd={}",
    "rtsp://10.0.0.9/user=admin_password={}_channel=1_stream=0.sdp",
    "https://hub.lan:8640/?setup={}",
)
NAMED = (
    "password={}",
    'password: "{}" and more',
    "request with token = {} failed",
    "{{'login_key': '{}', 'name': 'x'}}",
    '{{"wrapped_root":"{}"}}',
    "X-Api-Key: {}",
    "secret='{}'",
)
WHOLE_LINES = (
    "Authorization: Bearer {}",
    "authorization: Digest username={}, response={}",
    "Cookie: theme=dark; nightlatch={}",
    "set-cookie: nightlatch={}; HttpOnly",
    "Signature: nightlatch=:{}:",
    'Signature-Input: nightlatch=("@method");keyid={}',
    "passphrase: {}",
    "set-up code: {}",
)


@given(st.sampled_from(IN_ADDRESSES + NAMED), SECRET)
@example("rtsp://admin:{}@10.0.0.9/live", "Q7p@ss/wo#rd?Q7x")
@example("password={}", 'Q7"a"bQ7x')
@example("http://10.0.0.9/snap.cgi?user=admin&pwd={}", "Q7@Q7x")
def test_a_planted_secret_does_not_survive(place: str, secret: str) -> None:
    said = redact(place.format(secret, secret))
    assert secret not in said
    assert "Q7x" not in said
    assert HIDDEN in said


@given(st.sampled_from(WHOLE_LINES), PHRASE)
def test_headers_and_passphrases_are_hidden_to_the_end_of_the_line(place: str, secret: str) -> None:
    said = redact(f"before\n{place.format(secret, secret)}\nafter")
    assert "Q7" not in said
    assert said.startswith("before\n")
    assert said.endswith("\nafter")


@given(st.binary(min_size=32, max_size=32))
def test_no_form_of_the_owners_key_survives(root: bytes) -> None:
    keys = OwnerKeys(root)
    numbered = "\n".join(f"{n}. {word}" for n, word in enumerate(keys.words.split(), 1))
    for form in (keys.identity, keys.identity.lower(), keys.words, keys.words.replace(" ", ", "), numbered):
        said = redact(f"it was {form}!")
        assert form not in said
        assert keys.words.split()[11] + " " + keys.words.split()[12] not in said
    pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----"
    assert redact(f"a {pem} b") == f"a {HIDDEN} b"


@given(SECRET, st.sampled_from(["password", "token", "url", "Authorization", "cookie", "key", "words", "setup_code"]))
def test_a_telling_name_hides_its_value_however_deep(secret: str, name: str) -> None:
    event = {"event": "x", "told": {"list": [{name: secret}, (name, {name: [secret]})]}, name: secret}
    assert secret not in repr(redact_event(None, "", event))


@given(st.recursive(SECRET.map(lambda s: f"rtsp://a:{s}@x"), lambda inner: st.lists(inner) | st.tuples(inner)))
def test_nested_values_are_redacted(value: object) -> None:
    assert "Q7" not in repr(redact_event(None, "", {"event": "x", "told": value}))


class Hostile:
    def __repr__(self) -> str:
        return "<Camera rtsp://me:hunter2@x/>"


def test_objects_and_bytes_are_redacted() -> None:
    said = redact_event(None, "", {"event": "x", "camera": Hostile(), "body": b"hunter2", "n": 3, "none": None})
    assert "hunter2" not in repr(said)
    assert said["n"] == 3
    assert said["none"] is None


@pytest.mark.parametrize(
    "text",
    [
        "camera.lost: the camera at rtsp://10.0.0.9:554/live?channel=1 stopped sending at 12:30:05",
        "mailbox answered with status code: 404, exit code=1",
        "all tests pass, nothing to hide; the owner may sign in again and look at the clips of this day",
        "object.put household=ab12 bytes=4096",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_a_hostile_text_takes_no_time() -> None:
    began_s = time.monotonic()
    for text in (
        "a://" * 30_000,
        "a." * 60_000,
        "pass" * 30_000,
        "abc " * 30_000,
        "password=" * 12_000,
        '"\\' * 60_000,
    ):
        redact(text)
    assert time.monotonic() - began_s < 10


def ran(program: str, file: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program that logs through `configure`, into `file`."""
    given = f"Path({str(file)!r})" if file is not None else "None"
    return subprocess.run(
        [
            sys.executable,
            "-c",
            f"from pathlib import Path\nfrom nightlatch.diagnostics import configure\nconfigure({given})\n{program}",
        ],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def logged(program: str) -> str:
    """What a program writes to stderr when all of its log is wanted there, JSON lines and all."""
    done = ran(program, NIGHTLATCH_LOG="debug")
    assert done.stdout == ""
    return done.stderr


SAID = """
import logging, structlog, warnings
log = structlog.get_logger()
log.warning("camera.lost", url="rtsp://me:hunter2@x/", text="rtsp://me:hunter2@x/ refused", key="hunter2")
logging.getLogger("uvicorn.error").error("opened rtsp://me:hunter2@x/ with %s", "AGE-SECRET-KEY-1HUNTER2")
logging.getLogger("other").warning("extra", extra={"password": "hunter2"})
warnings.warn("rtsp://me:hunter2@x/")
try:
    raise ValueError("rtsp://me:hunter2@x/")
except ValueError:
    log.exception("broke")
    logging.getLogger("sqlalchemy").exception("broke too")
"""


def test_every_road_into_the_log_is_redacted() -> None:
    said = logged(SAID)
    assert "hunter2" not in said.lower()
    lines = [json.loads(line) for line in said.splitlines()]
    assert [line["event"] for line in lines if "broke" in line["event"]] == ["broke", "broke too"]
    assert sum("ValueError" in line.get("exception", "") for line in lines) == 2
    assert len(lines) == 6


@pytest.mark.parametrize(
    "program",
    [
        'raise OSError("rtsp://me:hunter2@x/")',
        'import threading\ndef run():\n    raise OSError("rtsp://me:hunter2@x/")\n'
        "t = threading.Thread(target=run)\nt.start()\nt.join()",
        'class A:\n    def __del__(self):\n        raise OSError("rtsp://me:hunter2@x/")\nA()',
    ],
    ids=["main", "thread", "finalizer"],
)
def test_an_error_that_nobody_caught_is_logged_without_its_secret(program: str) -> None:
    said = logged(program)
    assert "hunter2" not in said
    assert "OSError" in said
    assert json.loads(said.splitlines()[-1])["event"] == "uncaught"


def test_ffmpeg_writes_nothing_by_itself(tmp_path: Path) -> None:
    (tmp_path / "torn.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(500))
    program = f"""
import av
for address in ("rtsp://me:hunter2@127.0.0.1:9/x", {str(tmp_path / "torn.mp4")!r}):
    try:
        av.open(address)
    except (OSError, ValueError):
        pass
"""
    assert logged(program) == ""


def test_the_command_line_helps_and_fails_politely(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nightlatch", *words], capture_output=True, text=True, cwd=tmp_path
        )

    for words in (
        [],
        ["up"],
        ["hub"],
        ["cloud"],
        ["camera", "add"],
        ["clips"],
        ["open"],
        ["keys", "export"],
        ["doctor"],
    ):
        assert run(*words, "--help").returncode == 0, words
    wrong = run("camera", "test", "rtsp://me:hunter2@127.0.0.1:9/x")
    assert wrong.returncode == 1
    assert "Traceback" not in wrong.stderr
    assert "hunter2" not in wrong.stderr
    assert run("clips").returncode == 0
    assert run("open", "nothing", "--key", str(tmp_path)).returncode != 0


# ---- sentences to the terminal, everything to a file ---------------------------------------------------------------


def test_the_terminal_gets_sentences_and_the_file_everything(tmp_path: Path) -> None:
    program = """
import structlog
log = structlog.get_logger()
log.info("object.put", household="ab12", bytes=4096)
log.warning("camera.lost", camera="0123456789abcdef", reason="wrong_password", text="The camera refuses the password.")
"""
    file = tmp_path / "hub" / "logging" / "watch.log"
    done = ran(program, file)
    assert (done.returncode, done.stdout) == (0, "")
    wanted = "Camera 01234567 was lost: The camera refuses the password. Nightlatch keeps trying."
    assert re.fullmatch(r"\d\d:\d\d " + re.escape(wanted) + "\n", done.stderr)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["object.put", "camera.lost"]
    assert lines[0]["bytes"] == 4096
    assert file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


def test_no_secret_reaches_the_terminal_or_the_file(tmp_path: Path) -> None:
    file = tmp_path / "serve.log"
    done = ran(SAID, file)
    for said in (done.stderr, file.read_text()):
        assert "hunter2" not in said.lower()
    assert len(file.read_text().splitlines()) == 6
    assert "UserWarning" not in done.stderr
    assert "extra" not in done.stderr
    assert [line[6:18] for line in done.stderr.splitlines()] == [
        "Camera ? was",
        "opened rtsp:",
        "broke ValueE",
        "broke too Va",
    ]


def test_an_error_that_nobody_caught_is_a_sentence_and_its_traceback_is_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "serve.log"
    done = ran('raise OSError("rtsp://me:hunter2@x/")', file)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "OSError: rtsp://•••@x/" in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" in json.loads(file.read_text())["exception"]
    assert "Traceback" in ran("1 / 0").stderr  # nowhere else to read it


def test_a_camera_that_stays_away_says_so_once(tmp_path: Path) -> None:
    program = """
import structlog
for turn in range(50):
    text = "It is off." if turn % 2 else "It is off. Nightlatch keeps trying."
    structlog.get_logger().warning("camera.lost", camera=str(turn % 2), text=text, turn=turn)
"""
    done = ran(program, tmp_path / "watch.log")
    assert [line[6:] for line in done.stderr.splitlines()] == [
        f"Camera {n} was lost: It is off. Nightlatch keeps trying." for n in (0, 1)
    ]
    assert len((tmp_path / "watch.log").read_text().splitlines()) == 50


def test_what_a_camera_sends_cannot_steer_the_terminal() -> None:
    done = ran('import structlog\nstructlog.get_logger().warning("x", text="\\x1b[2J\\r\\nall is well" + "y" * 9000)')
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr
    assert len(done.stderr) < 700


@pytest.mark.parametrize("place", ["/dev/full", "/proc/nowhere/watch.log"])
def test_a_log_that_cannot_be_written_stops_nothing_and_is_said_once(place: str) -> None:
    program = """
import structlog
for turn in range(2000):
    structlog.get_logger().info("object.put", turn=turn)
print("still here")
"""
    done = ran(program, Path(place))
    assert (done.returncode, done.stdout) == (0, "still here\n")
    assert len(done.stderr.splitlines()) == 1
    assert f"The log {place} cannot be written" in done.stderr


def test_the_log_keeps_to_its_size(tmp_path: Path) -> None:
    program = """
import structlog
for turn in range(1500):
    structlog.get_logger().info("object.put", turn=turn, more="y" * 10_000)
"""
    ran(program, tmp_path / "cloud.log")
    files = sorted(tmp_path.iterdir())
    assert len(files) == FILES
    assert all(each.stat().st_size <= FILE_BYTES for each in files)
    assert json.loads((tmp_path / "cloud.log").read_text().splitlines()[-1])["turn"] == 1499


def test_a_wrong_wish_for_the_log_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nightlatch", "camera", "test", "rtsp://127.0.0.1:9/x"],
        env={**os.environ, "NIGHTLATCH_LOG": "loud"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 1
    assert "NIGHTLATCH_LOG is debug or info" in done.stderr


def test_every_warning_in_the_source_has_its_sentence() -> None:
    source = Path(nightlatch.__file__).parent
    names = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r"\blog\.(?:warning|error|exception|critical)\(\s*\"([^\"]+)\"", path.read_text())
    }
    assert len(names) > 15
    assert names - set(SENTENCES) == set()
    assert set(SENTENCES) - names == {"uncaught"}


def test_a_house_says_where_it_is_and_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    yard = film(scene("printed_code"), tmp_path / "yard.mp4", 60)
    with house(tmp_path / "house", demo=True) as home:
        until(lambda: "Ctrl-C" in home.log.read_text(), "the start-up text")
        started = home.log.read_text()
        assert [line.strip() for line in started.splitlines() if line.strip()] == [
            f"Nightlatch is running. Open {home.address}/",
            "No camera yet, so two rendered demo cameras are shown. Add a real one on the page, or:",
            "nightlatch camera add porch rtsp://user:password@192.168.1.20/stream",
            f"Ctrl-C stops it. What it does is written to {home.data / 'hub' / 'logging'}.",
        ]
        home.set_up()
        home.add_camera("yard", f"file:{yard}?loop=1")  # clips of demo cameras are not sent
        clip_log = home.data / "cloud" / "logging" / "cloud.log"
        until(lambda: clip_log.exists() and "object.put" in clip_log.read_text(), "a clip that is sent", 120)
        assert home.log.read_text() == started
        nobody = home.add_camera("porch", f"rtsp://me:hunter2@127.0.0.1:{free_port()}/x")
        until(lambda: "was lost" in home.log.read_text(), "the warning")
        os.kill(home.children("cloud")[0], signal.SIGKILL)
        until(lambda: "The program “cloud” ended" in home.log.read_text(), "the other warning")
        later = home.log.read_text().removeprefix(started)
    assert f"Camera {nobody['id'][:8]} was lost: Nothing listens at this address and port." in later
    assert all(re.match(r"\d\d:\d\d [A-Z]", line) for line in later.splitlines()), later
    everything = later + "".join(each.read_text() for each in home.data.rglob("logging/*"))
    assert "hunter2" not in everything
    assert "porch" not in everything


def test_verbose_shows_the_whole_log_of_every_program(tmp_path: Path) -> None:
    home = House(tmp_path / "house", words=("--verbose",))
    try:
        home.start()
        until(lambda: '"event": "vault.recovered"' in home.log.read_text(), "the log")
    finally:
        home.stop()
