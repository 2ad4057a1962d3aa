"""Home and the timeline read no table from end to end, and long answers are packed for those who take them."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event, text

from nightlatch.domain.time import DAY_MS, Span
from nightlatch.hub.serve.books import reading
from nightlatch.hub.serve.books.gaps import GAP_MS
from nightlatch.web.packed import takes
from tests.hub.full_day import CAMERAS, SEGMENT_MS, Booked, camera_id, fill

GROWS = ("segments", "sheets", "clips", "clip_parts", "outages")  # with every hour that is kept


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Booked:
    made = Booked(tmp_path_factory.mktemp("faces") / "hub")
    fill(made.house.engine, made.clock.now_ms(), events=40, days=1)
    with made.house.engine.begin() as connection:
        connection.execute(text("ANALYZE"))  # a planner that knows how long the tables are
    return made


def day(hub: Booked) -> str:
    to_ms = hub.clock.now_ms()
    return f"/api/timeline?from_ms={to_ms - DAY_MS}&to_ms={to_ms}"


def scans(hub: Booked, ask: Callable[[], object]) -> list[str]:
    """What the planner says of each statement that this takes, where a growing table is read from end to end."""
    told: list[tuple[str, object]] = []

    def note(_: object, __: object, statement: str, parameters: object, *___: object) -> None:
        told.append((statement, parameters))

    engine = hub.house.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    found = []
    with engine.connect() as connection:
        for statement, parameters in told:
            if not statement.startswith("SELECT"):
                continue
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            lines = [str(line[-1]) for line in plan]
            found += [f"{line}: {statement}" for line in lines if re.match(rf"SCAN ({'|'.join(GROWS)})\b", line)]
    assert told
    return found


def test_home_reads_no_table_from_end_to_end_once_it_has_counted(hub: Booked) -> None:
    hub.ask("/api/home")  # what is kept is counted once a minute, and that reads an index of each table
    assert scans(hub, lambda: hub.ask("/api/home")) == []
    (waiting,) = scans(hub, lambda: reading.waiting_parts(hub.house.engine))  # where there is a mailbox
    assert waiting.startswith("SCAN clip_parts USING INDEX clip_parts_waiting")  # which holds what waits, nothing else


def test_the_timeline_and_a_list_of_clips_read_no_table_from_end_to_end(hub: Booked, record: list[str]) -> None:
    assert scans(hub, lambda: hub.ask(day(hub))) + record == []
    to_ms = hub.clock.now_ms()
    assert scans(hub, lambda: hub.ask(f"/api/clips?from_ms={to_ms - DAY_MS}&to_ms={to_ms}")) == []


@pytest.fixture
def record(hub: Booked) -> list[str]:
    """Scans of what the timeline asks the driver itself, which no listener of SQLAlchemy's hears."""
    asked: list[str] = []
    raw = hub.house.engine.raw_connection()
    driver = raw.driver_connection
    assert driver is not None
    driver.set_trace_callback(asked.append)
    try:
        window = Span(hub.clock.now_ms() - DAY_MS, hub.clock.now_ms())
        raw.close()  # back into the pool, for the next one who asks
        reading.recorded(hub.house.engine, camera_id(0), window, GAP_MS)
        reading.sheets(hub.house.engine, camera_id(0), window)
    finally:
        driver.set_trace_callback(None)
    raw = hub.house.engine.raw_connection()
    selects = [each for each in asked if each.startswith("SELECT")]
    assert len(selects) == 2
    plans = [raw.cursor().execute(f"EXPLAIN QUERY PLAN {each}").fetchall() for each in selects]
    raw.close()
    lines = [str(line[-1]) for plan in plans for line in plan]
    assert all("USING COVERING INDEX" in line for line in lines), lines
    return [line for line in lines if line.startswith("SCAN")]


def test_a_day_without_a_gap_is_one_stretch(hub: Booked) -> None:
    told = json.loads(hub.ask(day(hub)).body)
    assert len(told["cameras"]) == CAMERAS
    to_ms = hub.clock.now_ms()
    for each in told["cameras"]:
        assert each["spans"] == [[to_ms - DAY_MS, to_ms - 40]]
        assert len(each["sheets"]) == DAY_MS // 60_000
        assert len(each["clips"]) == 40
    assert DAY_MS % SEGMENT_MS == 0


def test_the_timeline_is_packed_for_those_who_take_it(hub: Booked) -> None:
    plain, packed = hub.ask(day(hub)), hub.ask(day(hub), **{"accept-encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.body) == plain.body
    assert int(packed.headers["content-length"]) == len(packed.body) < len(plain.body) / 5


def test_nothing_else_is_packed(hub: Booked) -> None:
    for path in ("/api/home", "/api/clips", "/api/giving", "/api/devices"):
        assert "content-encoding" not in hub.ask(path, **{"accept-encoding": "gzip"}).headers


def test_a_short_answer_is_not_packed(hub: Booked) -> None:
    assert "content-encoding" not in hub.ask("/api/timeline?from_ms=0&to_ms=1", **{"accept-encoding": "gzip"}).headers


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.0", "x-gzip", "*"])
def test_who_does_not_take_it_is_sent_it_plain(accepted: str) -> None:
    assert not takes(accepted)


@pytest.mark.parametrize("accepted", ["gzip", "GZIP", "br;q=1, gzip;q=0.5", "deflate , gzip"])
def test_who_takes_it_may_say_so_in_many_ways(accepted: str) -> None:
    assert takes(accepted)


def test_what_is_entered_later_is_on_the_timeline_at_once(tmp_path: Path) -> None:
    hub = Booked(tmp_path / "hub")
    fill(hub.house.engine, hub.clock.now_ms(), cameras=1, events=1, days=1)
    with hub.house.engine.begin() as connection:
        gone = hub.clock.now_ms() - DAY_MS // 2
        connection.execute(
            text("DELETE FROM segments WHERE began_ms BETWEEN :a AND :b"), {"a": gone, "b": gone + 9_000}
        )
    (camera,) = json.loads(hub.ask(day(hub)).body)["cameras"]
    assert len(camera["spans"]) == 2
