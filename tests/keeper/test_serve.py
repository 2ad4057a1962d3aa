"""`nightlatch keeper serve` as a program, beside a real log."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx

from nightlatch.web.signature import public_b64
from tests.clocks import TestClock
from tests.house import until
from tests.keeper.house import TEN, House
from tests.keeper.test_real_log import RealLog


def test_it_says_where_it_is_makes_keys_and_stops_when_asked(tmp_path: Path) -> None:
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
    try:
        told = data / "serve.json"
        until(lambda: told.exists() or program.poll() is not None, "serve.json", 60)
        url = f"http://127.0.0.1:{json.loads(told.read_text())['port']}"
        assert httpx.post(f"{url}/v1/donations").json()["recipient"].startswith("age1")
        assert httpx.post(f"{url}/v1/challenges").status_code == 403
        secret = (data / "face.secret").read_text().strip()
        assert httpx.post(f"{url}/v1/challenges", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
        open_to_others = [path.name for path in data.rglob("*") if path.stat().st_mode & 0o077]
        assert open_to_others == []
    finally:
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=30)
        said += "".join(each.read_text() for each in data.rglob("logging/*"))
        log.close()
        home.engine.dispose()
    assert secret not in said
    assert "AGE-SECRET-KEY" not in said
