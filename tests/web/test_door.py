"""The door of a program: who is let in, and who makes room."""

from __future__ import annotations

import asyncio

from nightlatch.web.addresses import is_this_machine, sender
from nightlatch.web.face import Limits
from nightlatch.web.face.door import LONG_S, Entrance


class Watch:
    """A clock that a test winds."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Line(asyncio.Transport):
    """A connection that only knows whether it was dropped."""

    is_dropped = False

    def abort(self) -> None:
        self.is_dropped = True


def come(door: Entrance, address: str, *, speaks: bool = False) -> Line | None:
    line = Line()
    if not door.admit(line, address):
        return None
    if speaks:
        door.speaks(line)
    return line


def test_the_one_that_was_silent_longest_makes_room_for_a_newcomer_of_its_address() -> None:
    door = Entrance(Limits(per_address=2))
    first, second, other = come(door, "192.0.2.1"), come(door, "192.0.2.1"), come(door, "192.0.2.2")
    assert first is not None
    assert second is not None
    assert other is not None
    assert come(door, "192.0.2.1") is not None
    assert (first.is_dropped, second.is_dropped, other.is_dropped) == (True, False, False)


def test_nobody_who_is_being_answered_makes_room() -> None:
    door = Entrance(Limits(per_address=2))
    speaking = [come(door, "192.0.2.1", speaks=True) for _ in range(2)]
    assert come(door, "192.0.2.1") is None
    assert speaking[0] is not None
    door.falls_silent(speaking[0])
    assert come(door, "192.0.2.1") is not None
    assert speaking[0].is_dropped


def test_when_all_places_are_taken_a_silent_one_of_anybody_goes() -> None:
    door = Entrance(Limits(at_once=3))
    silent = come(door, "192.0.2.1")
    for n in (2, 3):
        come(door, f"192.0.2.{n}", speaks=True)
    assert come(door, "192.0.2.4", speaks=True) is not None
    assert silent is not None
    assert silent.is_dropped
    assert come(door, "192.0.2.5") is None


def test_where_nobody_is_silent_the_slowest_body_makes_room() -> None:
    watch = Watch()
    door = Entrance(Limits(at_once=3), watch)
    dripping, uploading, asked = come(door, "192.0.2.1"), come(door, "192.0.2.2"), come(door, "192.0.2.3", speaks=True)
    assert dripping is not None
    assert uploading is not None
    assert asked is not None
    door.owes(uploading)
    watch.now_s = 5.0
    door.owes(dripping)
    watch.now_s = 30.0
    door.moves(uploading, 4_000_000)
    door.moves(dripping, 25)
    assert come(door, "192.0.2.4", speaks=True) is not None
    assert (dripping.is_dropped, uploading.is_dropped, asked.is_dropped) == (True, False, False)


def test_who_came_a_moment_ago_is_not_dropped_for_a_body_that_drips() -> None:
    watch = Watch()
    door = Entrance(Limits(at_once=2), watch)
    dripping = come(door, "192.0.2.1")
    assert dripping is not None
    door.owes(dripping)
    watch.now_s = 5.0
    newcomer = come(door, "192.0.2.2")
    assert newcomer is not None
    assert come(door, "192.0.2.3", speaks=True) is not None
    assert (dripping.is_dropped, newcomer.is_dropped) == (True, False)


def test_what_is_answered_for_long_makes_room_at_last_but_for_what_talks_both_ways() -> None:
    watch = Watch()
    door = Entrance(Limits(at_once=2), watch)
    view, poll = come(door, "192.0.2.1", speaks=True), come(door, "192.0.2.2", speaks=True)
    assert view is not None
    assert poll is not None
    door.stays(view)
    watch.now_s = LONG_S - 1
    assert come(door, "192.0.2.3") is None
    watch.now_s = LONG_S + 1
    assert come(door, "192.0.2.3", speaks=True) is not None
    assert (view.is_dropped, poll.is_dropped) == (False, True)


def test_a_connection_keeps_its_place_while_tls_is_agreed() -> None:
    door = Entrance(Limits(at_once=1))
    before, after = come(door, "192.0.2.1"), Line()
    assert before is not None
    door.becomes(before, after)
    assert door.admit(after, "192.0.2.1")
    assert not after.is_dropped
    door.leave(after)
    assert come(door, "192.0.2.2") is not None


def test_who_has_left_is_not_counted_and_may_leave_twice() -> None:
    door = Entrance(Limits(per_address=1))
    for _ in range(3):
        line = come(door, "192.0.2.1", speaks=True)
        assert line is not None
        door.leave(line)
        door.leave(line)
        door.falls_silent(line)
    assert come(door, "192.0.2.1") is not None


def test_this_machine_has_a_bound_of_its_own() -> None:
    door = Entrance(Limits(per_address=1, on_loopback=3))
    assert [come(door, "127.0.0.1", speaks=True) is not None for _ in range(4)] == [True, True, True, False]


def test_a_sender_is_an_address_or_a_network_of_ipv6() -> None:
    assert sender("192.0.2.7") == sender("::ffff:192.0.2.7") == "192.0.2.7"
    assert sender("2001:db8::1") == sender("2001:db8::ffff%eth0") == "2001:db8::/64"
    assert sender("2001:db8:0:1::1") != sender("2001:db8::1")
    assert sender("") == ""
    assert [is_this_machine(each) for each in ("127.0.0.2", "::1", "::ffff:127.0.0.1", "192.0.2.7", "")] == [
        True,
        True,
        True,
        False,
        False,
    ]
