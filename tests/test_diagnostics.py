"""No secret reaches a log line or a report."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from nightlatch import doctor
from nightlatch.diagnostics import configure, redact

WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=6, max_size=20)


@given(WORD, WORD)
def test_passwords_in_addresses_are_hidden(user: str, password: str) -> None:
    text = redact(f"could not open rtsp://{user}x:{password}Q7@10.0.0.9/live: refused")
    assert f"{password}Q7" not in text
    assert "10.0.0.9/live" in text


@given(st.sampled_from(["password", "passphrase", "token", "login_key", "Authorization", "Cookie", "Signature"]), WORD)
def test_values_of_telling_names_are_hidden(name: str, value: str) -> None:
    assert f"{value}Q7" not in redact(f'request {name}="{value}Q7" failed')
    assert f"{value}Q7" not in redact(f"{name}: {value}Q7")


def test_secrets_do_not_survive_logging(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    log = structlog.get_logger()
    log.warning(
        "camera.lost", url="rtsp://me:hunter2@x/", text="rtsp://me:hunter2@x/ refused", key="AGE-SECRET-KEY-1QQQ"
    )
    logging.getLogger("other").error("opened rtsp://me:hunter2@x/ with %s", "AGE-SECRET-KEY-1QQQ")
    try:
        raise ValueError("rtsp://me:hunter2@x/")
    except ValueError:
        log.exception("broke")
    said = capsys.readouterr().err
    assert "camera.lost" in said
    assert "broke" in said
    assert "hunter2" not in said
    assert "1QQQ" not in said


def test_a_report_holds_no_secret_and_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "stranger").write_text("not ours")
    findings = list(doctor.examine(tmp_path, {"page": 0}, "http://me:hunter2@127.0.0.1:9"))
    text = doctor.report([*findings, doctor.Finding("x", "fail", "rtsp://me:hunter2@x/", "Try.")])
    assert "hunter2" not in text
    assert any(f.name == "data folder" and f.state == "fail" and "right disk" in f.todo for f in findings)
    assert any(f.name == "codecs" and f.state == "ok" for f in findings)


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
