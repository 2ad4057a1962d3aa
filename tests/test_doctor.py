"""The doctor finds what is wrong, says what to do, and its report can be posted anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Response
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from nightlatch.clocks import system_clock
from nightlatch.cloud.app import create_app
from nightlatch.cloud.serve import MIGRATIONS
from nightlatch.cloud.settings import CloudSettings
from nightlatch.diagnostics import log_file
from nightlatch.doctor import Finding, clock, examine, mailbox, report
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.books.records import CameraRow, HouseholdRow
from nightlatch.owner.keys import OwnerKeys
from tests.cameras import PASSWORD, our_rtsp
from tests.house import free_port
from tests.serving import served

KEYS = OwnerKeys(bytes(range(32)))
NOW_S = 1_790_000_000.0
CAMERA = "Nursery-of-Ada"


def find(findings: list[Finding], name: str) -> Finding:
    return next(f for f in findings if f.name == name)


def check(folder: Path, ports: dict[str, int] | None = None, url: str | None = None, **more: int) -> list[Finding]:
    return list(examine(folder, ports or {}, url, **more))


def lived_in(folder: Path, *cameras: str) -> Path:
    """A hub's folder with a household and cameras at these addresses."""
    engine = open_index(folder)
    with Session(engine) as session, session.begin():
        session.add(
            HouseholdRow(
                id="a" * 32,
                name="x",
                created_ms=0,
                recipient=KEYS.recipient,
                signing_key=KEYS.signing_public_b64,
                kdf="{}",
                login_sha256=bytes(32),
                wrapped_root="wrapped-hunter2",
            )
        )
        for number, url in enumerate(cameras):
            session.add(CameraRow(id=f"{number:012x}", name=f"{CAMERA}{number}", url=url, created_ms=0))
    engine.dispose()
    return folder


def test_a_good_folder_is_good_and_left_as_it_was(tmp_path: Path) -> None:
    data = lived_in(tmp_path / "hub", "rtsp://me:hunter2@127.0.0.1:9/x")
    before = sorted(data.iterdir())
    found = check(data)
    assert [f for f in found if f.state == "fail" and f.name not in ("page", "disk")] == []
    assert find(found, "cameras").text == "1"
    assert [p for p in sorted(data.iterdir()) if p.suffix not in (".db-shm", ".db-wal")] == before


def test_a_fresh_machine_has_nothing_wrong(tmp_path: Path) -> None:
    found = check(tmp_path / "not yet")
    assert find(found, "data folder").state == "ok"
    assert find(found, "cameras").text == "none yet"
    assert not (tmp_path / "not yet").exists()


def test_the_place_of_the_log_is_said(tmp_path: Path) -> None:
    assert find(check(tmp_path), "logging").text == f"none yet; it will be in {tmp_path / 'logging'}"
    file = log_file(tmp_path, "watch")
    file.parent.mkdir()
    file.write_bytes(bytes(1_500_000))
    assert find(check(tmp_path), "logging").text == f"1.5 MB in {tmp_path / 'logging'}"


@pytest.mark.parametrize(
    ("file", "content", "todo"),
    [
        ("stranger", "not ours", "right disk"),
        ("identity.json", "torn", "backup"),
        ("identity.json", "[]", "backup"),
        ("identity.json", '{"v": 1}', "backup"),
    ],
)
def test_a_folder_that_is_not_ours_is_found(tmp_path: Path, file: str, content: str, todo: str) -> None:
    (tmp_path / file).write_text(content)
    found = find(check(tmp_path), "data folder")
    assert found.state == "fail"
    assert todo in found.todo


def test_a_folder_that_is_open_to_others_is_warned_of(tmp_path: Path) -> None:
    data = lived_in(tmp_path / "hub")
    data.chmod(0o755)
    assert "chmod 700" in find(check(data), "data folder").todo


def test_a_file_in_place_of_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "hub").write_text("")
    assert find(check(tmp_path / "hub"), "data folder").state == "fail"


def test_an_index_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text('{"v": 1, "hub_id": "x"}')
    (tmp_path / "hub.db").write_bytes(b"torn" * 1000)
    assert find(check(tmp_path), "cameras").state == "fail"


def test_too_little_room_is_found(tmp_path: Path) -> None:
    assert find(check(tmp_path, floor_bytes=1), "disk").state in ("ok", "warn")
    full = find(check(tmp_path, floor_bytes=2**62), "disk")
    assert full.state == "fail"
    assert "Make room" in full.todo


@pytest.mark.parametrize(
    ("now_s", "stepped_s", "state"),
    [(NOW_S, 0.01, "ok"), (0.0, 0.0, "fail"), (NOW_S, 3.0, "warn"), (NOW_S, -3.0, "warn")],
)
def test_a_clock_that_is_off_or_jumps_is_found(now_s: float, stepped_s: float, state: str) -> None:
    assert clock(now_s, stepped_s).state == state


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = CloudSettings(data_dir=tmp_path_factory.mktemp("cloud"))
    with served(create_app(settings, system_clock(), MIGRATIONS)) as url:
        yield url


def test_our_own_programs_may_hold_their_ports(tmp_path: Path, cloud: str) -> None:
    port = int(cloud.rpartition(":")[2])
    assert "running" in find(check(tmp_path, {"mailbox": port}), f"port {port}").text
    assert find(check(tmp_path, {"page": port}), f"port {port}").state == "fail"


def test_a_taken_port_is_found_and_a_free_one_is_free(tmp_path: Path) -> None:
    port = free_port()
    assert find(check(tmp_path, {"page": port}), f"port {port}").state == "ok"
    stranger = FastAPI()
    with served(stranger) as url:
        port = int(url.rpartition(":")[2])
        taken = find(check(tmp_path, {"page": port}), f"port {port}")
    assert taken.state == "fail"
    assert "--port" in taken.todo


def test_the_mailbox_is_asked_and_its_clock_compared(cloud: str) -> None:
    now_s = system_clock().now_ms() / 1000
    assert mailbox(cloud, now_s).state == "ok"
    assert "clock differs" in mailbox(cloud, now_s + 600).text
    assert mailbox("http://me:hunter2@127.0.0.1:9", now_s).state == "warn"
    assert "https://host" in mailbox("mailbox:8641", now_s).todo
    assert "https://host" in mailbox("http://mailbox:x", now_s).todo
    stranger = FastAPI()

    @stranger.get("/healthz")
    def answer() -> Response:
        return Response("hello", media_type="text/plain")

    with served(stranger) as url:
        assert mailbox(url, now_s).text == "Something else answers there."


def test_cameras_are_tried_when_asked(tmp_path: Path) -> None:
    with our_rtsp(["flat"]) as urls:
        good = urls["flat"]
        data = lived_in(tmp_path / "hub", good, good.replace(PASSWORD, "wrong-hunter2"), "rtsp://127.0.0.1:9/x")
        found = check(data, try_cameras=True)
    assert find(found, "camera 1 of 3").state in ("ok", "warn")
    assert "wrong_password" in find(found, "camera 2 of 3").text
    assert find(found, "camera 3 of 3").state == "fail"
    said = report(found)
    for secret in (PASSWORD, "hunter2", CAMERA):
        assert secret not in said


def test_nothing_of_the_house_is_in_a_report(tmp_path: Path) -> None:
    data = lived_in(tmp_path / "hub", "rtsp://me:hunter2@127.0.0.1:9/x")
    (data / "setup.code").write_text("setup-hunter2")
    (data / "hub.key").write_text("key-hunter2")
    said = report(check(data, {"page": 0}, "http://me:hunter2@127.0.0.1:9"))
    assert "hunter2" not in said
    assert CAMERA not in said
    assert KEYS.recipient not in said
    assert "mailbox: It does not answer." in said


@given(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20))
def test_a_secret_in_a_finding_does_not_reach_the_report(secret: str) -> None:
    secret = f"Q7{secret}Q7x"
    said = report([Finding("camera 1", "fail", f"rtsp://me:{secret}@x/ refused\nfail  x: y", f"token={secret}")])
    assert "Q7x" not in said
    assert len(said.splitlines()) == 2


def test_it_runs_where_nothing_of_the_hub_is_installed(tmp_path: Path) -> None:
    """A cloud-only installation: none of the extra `hub` can be imported, nor found."""
    program = textwrap.dedent(
        """
        import sys
        from importlib.machinery import PathFinder
        GONE = {"av", "cv2", "numpy", "pyrage", "argon2", "mnemonic", "bech32"}
        class Missing(PathFinder):
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                return None if name.partition(".")[0] in GONE else PathFinder.find_spec(name, path, target)
        sys.meta_path = [f for f in sys.meta_path if f is not PathFinder] + [Missing]
        import json
        from pathlib import Path
        from nightlatch.doctor import examine
        print(json.dumps({f.name: [f.state, f.text] for f in examine(Path(sys.argv[1]), {"mailbox": 0}, None)}))
        """
    )
    data = lived_in(tmp_path / "hub", "rtsp://127.0.0.1:9/x")
    ran = subprocess.run([sys.executable, "-c", program, data], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert "cloud-only" in found["codecs"][1]
    assert found["data folder"][0] == "ok"


def test_a_camera_that_is_received_says_by_what_and_what_is_left_out(tmp_path: Path) -> None:
    data = lived_in(tmp_path / "hub", "rtsp://192.0.2.1/", "rtsp://192.0.2.2/")
    assert not any(each.name.startswith("camera ") for each in check(data))
    with Session(engine := open_index(data)) as session:
        ids = sorted(row.id for row in session.query(CameraRow))
    engine.dispose()
    said = {"receiver": "ffmpeg", "notes": ["Its sound (L16) is left out."]}
    (data / "receiving.json").write_text(json.dumps({ids[1]: said}))
    assert find(check(data), "camera 2 of 2").text == "Received by FFmpeg. Its sound (L16) is left out."
    (data / "receiving.json").write_text("[1]")
    assert not any(each.name.startswith("camera ") for each in check(data))
