"""`nightlatch keeper serve` as a program, beside a real log."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.house import until
from tests.keeper.house import TEN, House
from tests.keeper.test_real_log import RealLog


@contextmanager
def keeper(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The program in `tmp_path`/keeper: its folder, and where it answers. Nothing secret was said when it ended."""
    log = RealLog(tmp_path, TestClock(fixed_ms=TEN))
    home = House(tmp_path / "other", log.clock, log)
    (tmp_path / "policy").write_text(str(log.policy))
    (tmp_path / "writers").write_text("writers")
    keys = ", ".join(f'"{public_b64(key)}"' for key in home.administrators)
    (tmp_path / "nightlatch.toml").write_text(
        f'[keeper]\nprogramme_key = "{home.policy.programme_key}"\nadministrators = [{keys}]\n'
        f'log_url = "{log.url}"\nlog_secret = "{tmp_path}/writers"\nlog_policy = "{tmp_path}/policy"\n'
    )
    data = tmp_path / "keeper"
    arguments = ["serve", "--config", f"{tmp_path}/nightlatch.toml", "--data", str(data), "--port", "0"]
    program = subprocess.Popen(
        [sys.executable, "-m", "nightlatch", "keeper", *arguments], stderr=subprocess.PIPE, text=True
    )
    secret = ""
    try:
        told = data / "serve.json"
        until(lambda: told.exists() or program.poll() is not None, "serve.json", 60)
        secret = (data / "face.secret").read_text().strip()
        yield data, f"http://127.0.0.1:{json.loads(told.read_text())['port']}"
    finally:
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)
        said += logged(data)
        log.close()
        home.engine.dispose()
    assert secret not in said
    assert "AGE-SECRET-KEY" not in said


def logged(data: Path) -> str:
    return "".join(each.read_text() for each in data.rglob("logging/*"))


def test_it_says_where_it_is_makes_keys_and_stops_when_asked(tmp_path: Path) -> None:
    with keeper(tmp_path) as (data, url):
        assert httpx.post(f"{url}/v1/donations").json()["recipient"].startswith("age1")
        assert httpx.post(f"{url}/v1/challenges").status_code == 403
        secret = (data / "face.secret").read_text().strip()
        assert httpx.post(f"{url}/v1/challenges", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
        open_to_others = [path.name for path in data.rglob("*") if path.stat().st_mode & 0o077]
        assert open_to_others == []


def test_a_row_that_somebody_else_wrote_is_noticed_while_it_runs_and_by_the_next_start(tmp_path: Path) -> None:
    with keeper(tmp_path) as (data, url):
        with closing(sqlite3.connect(data / "keeper.db")) as rows, rows:
            rows.execute("INSERT INTO passkeys VALUES ('mole', 'key', 'mole', 'desk-1', 0, 9, 0)")
        until(lambda: "rows.changed" in logged(data), "the round over all rows", 60)
        assert httpx.get(f"{url}/healthz").status_code == 200
    before = logged(tmp_path / "keeper").count("rows.changed")
    (tmp_path / "keeper" / "serve.json").unlink(missing_ok=True)
    program = ["keeper", "serve", "--config", f"{tmp_path}/nightlatch.toml", "--data", str(tmp_path / "keeper")]
    again = subprocess.Popen([sys.executable, "-m", "nightlatch", *program, "--port", "0"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: logged(tmp_path / "keeper").count("rows.changed") > before, "the start to say so", 60)
    finally:
        again.send_signal(signal.SIGTERM)
        again.wait(30)
