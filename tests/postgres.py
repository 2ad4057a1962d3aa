"""A PostgreSQL server of our own, for as long as some tests need it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house import free_port

POSTGRES = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def server() -> Iterator[str]:
    """Its SQLAlchemy URL; skips the tests where PostgreSQL is not installed."""
    if not (POSTGRES / "initdb").exists():
        pytest.skip("PostgreSQL 15 is not installed (see scripts/packages.txt)")
    port = free_port()
    folder = Path("/tmp") / f"nightlatch-postgres-{os.getpid()}-{port}"  # its account must reach it
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []

    def run(*command: str | Path, check: bool = True) -> None:
        subprocess.run([*as_user, *command], check=check, capture_output=True, cwd="/tmp")

    run(POSTGRES / "initdb", "-D", folder, "-A", "trust", "-U", "postgres")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run(POSTGRES / "pg_ctl", "-D", folder, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run(POSTGRES / "pg_ctl", "-D", folder, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)
