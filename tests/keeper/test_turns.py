"""The keeper's lock, and places that anybody may take."""

from __future__ import annotations

import threading

import pytest

from nightlatch.keeper.places import Places
from nightlatch.keeper.turns import Turns
from tests.house import until


def test_who_takes_back_goes_before_all_who_wait() -> None:
    turns, order = Turns(), list[str]()

    def ordinary() -> None:
        with turns:
            order.append("ordinary")

    def first() -> None:
        with turns.first():
            order.append("first")

    with turns:
        threads = [threading.Thread(target=ordinary) for _ in range(3)]
        threads.append(threading.Thread(target=first))
        for thread in threads:
            thread.start()
        until(lambda: turns.waiting == 4, "all wait")
        assert order == []
    for thread in threads:
        thread.join(10)
    assert order == ["first", "ordinary", "ordinary", "ordinary"]


def test_its_holder_may_take_it_again() -> None:
    turns = Turns()
    with turns, turns.first(), turns:
        assert not turns.waiting
    with turns:
        pass


def test_who_must_not_wait_has_it_at_once_or_not_at_all() -> None:
    turns, got = Turns(), list[bool]()

    def asks() -> None:
        with turns.at_once() as is_mine:
            got.append(is_mine)

    for _ in range(2):  # it gives back what it had
        asks()
    with turns:
        thread = threading.Thread(target=asks)
        thread.start()
        thread.join(10)
    asks()
    assert got == [True, True, False, True]


def test_an_error_gives_it_back() -> None:
    turns = Turns()
    with pytest.raises(ValueError), turns.first():
        raise ValueError("odd")
    with turns:
        pass


def held(places: Places, *names: str) -> list[bool]:
    return [name in places for name in names]


def test_the_oldest_of_whoever_has_most_gives_way() -> None:
    places = Places()
    for name, who in (("a", "one"), ("b", "crowd"), ("c", "crowd"), ("d", "other")):
        places.take(name, who)
    assert places.in_the_way("new", most=5, of_one=3) is None
    assert places.in_the_way("new", most=4, of_one=3) == "b"
    assert places.in_the_way("new", most=4, of_one=3, stays=lambda name: name in "bc") == "a"
    assert places.in_the_way("crowd", most=100, of_one=2) == "b"
    places.leave("b")
    assert held(places, "a", "b", "c") == [True, False, True]
    assert places.in_the_way("new", most=3, of_one=3) == "a"


def test_where_all_that_is_here_stays_nobody_gives_way() -> None:
    places = Places()
    places.take("a", "one")
    with pytest.raises(LookupError):
        places.in_the_way("new", most=1, of_one=1, stays=lambda _: True)
    with pytest.raises(LookupError):
        Places().in_the_way("new", most=0, of_one=1)
