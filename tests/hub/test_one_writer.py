"""The index has one writer at a time, and readers wait for nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from contextlib import contextmanager
from pathlib import Path

import pytest

import nightlatch.hub
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.index import open_index
from nightlatch.hub.serve.people.household import SEEN_EVERY_MS, Household
from tests.clocks import TestClock

HUB = Path(nightlatch.hub.__file__).parent
NOW = 1_790_000_000_000


def begins_a_change(path: Path) -> bool:
    calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in ("begin", "commit") for call in calls)


def test_only_the_books_begin_a_change() -> None:
    assert [str(path.relative_to(HUB)) for path in HUB.rglob("*.py") if begins_a_change(path)] == [
        "serve/books/books.py"
    ]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    made = Books(tmp_path, open_index(tmp_path))
    yield made
    made.engine.dispose()


@contextmanager
def elsewhere(books: Books) -> Iterator[ThreadPoolExecutor]:
    """Another thread, while this one has its turn at the books."""
    with ThreadPoolExecutor(1) as other, books.turn:
        yield other


def test_a_request_reads_its_device_while_somebody_writes(tmp_path: Path, books: Books) -> None:
    household = Household(tmp_path, books, TestClock(fixed_ms=NOW))
    token = household.admit("A phone")
    with elsewhere(books) as other:
        found = other.submit(household.device, token).result(timeout=10)
    assert found is not None
    assert (found.name, found.last_seen_ms) == ("A phone", NOW)


def test_that_a_device_was_seen_is_written_in_turn_once_a_minute(tmp_path: Path, books: Books) -> None:
    token = Household(tmp_path, books, TestClock(fixed_ms=NOW)).admit("A phone")
    household = Household(tmp_path, books, TestClock(fixed_ms=NOW + SEEN_EVERY_MS + 1))
    with ThreadPoolExecutor(1) as other:
        with books.turn:
            seen = other.submit(household.device, token)
            with pytest.raises(TimeoutError):
                seen.result(timeout=0.2)
        assert seen.result(timeout=10) is not None
    assert [each.last_seen_ms for each in household.devices()] == [NOW + SEEN_EVERY_MS + 1]
