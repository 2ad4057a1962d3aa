"""No secret reaches a log line."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nightlatch.diagnostics import HIDDEN, redact, redact_event
from nightlatch.owner.keys import OwnerKeys

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


def logged(program: str) -> str:
    """What a program that logs through `configure` writes to stderr, JSON lines and all."""
    ran = subprocess.run(
        [sys.executable, "-c", f"from nightlatch.diagnostics import configure\nconfigure()\n{program}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.stdout == ""
    return ran.stderr


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
