"""The formats of a long log: parts that follow each other, and indexes by tag. Writing and reading are inverses."""

from __future__ import annotations

import pytest

from nightlatch.domain.view import Leaf
from nightlatch.ledger import parts, tags
from nightlatch.ledger.checkpoint import Checkpoint
from nightlatch.ledger.errors import LedgerError, Unproven
from nightlatch.ledger.parts import INDEX_BITS, Part, Position, first_part, following, part_of, position
from nightlatch.ledger.policy import Policy
from nightlatch.ledger.tags import SPANS, Tagged, index_of, read_bucket, read_head
from nightlatch.seal.note import COSIGNATURE, make_signer

POLICY = Policy(make_signer("example.org/log").verifier, (("home", make_signer("h.test", COSIGNATURE).verifier),), 1)


def leaf(n: int) -> bytes:
    return Leaf(1_000 + n, "view.open", bytes([n % 256]) * 16, bytes([n // 256 % 256]) * 32).canonical()


def test_a_part_names_the_one_that_follows_and_its_policy() -> None:
    first = first_part(POLICY)
    second = following(first)
    event = parts.next_event(second)
    last = parts.public_leaf(parts.NEXT, event, 5).canonical()
    assert parts.is_last(last)
    assert not parts.is_last(leaf(1))
    assert parts.read_next(event, last, first) == second
    assert (second.policy.log.name, second.prefix, second.policy.log.public) == (
        "example.org/log/1",
        "1/",
        POLICY.log.public,
    )
    with pytest.raises(Unproven):
        parts.read_next(event.replace(b"quorum 1", b"quorum 2"), last, first)
    with pytest.raises(Unproven):
        parts.read_next(event, leaf(1), first)


@pytest.mark.parametrize("number", [0, 2])
def test_a_part_that_does_not_follow_is_refused(number: int) -> None:
    second = following(first_part(POLICY))
    wrong = Part(second.base, number, second.policy)
    event = parts.next_event(wrong)
    with pytest.raises(Unproven):
        parts.read_next(event, parts.public_leaf(parts.NEXT, event, 5).canonical(), first_part(POLICY))


def test_another_log_cannot_follow() -> None:
    other = Part("example.org/log", 1, Policy(make_signer("example.org/other/1").verifier, POLICY.witnesses, 1))
    event = parts.next_event(other)
    with pytest.raises(Unproven):
        parts.read_next(event, parts.public_leaf(parts.NEXT, event, 5).canonical(), first_part(POLICY))


def test_a_part_begins_where_the_one_before_it_ended() -> None:
    finished = Checkpoint("example.org/log", 7, b"r" * 32)
    event = parts.begin_event(finished)
    first = parts.public_leaf(parts.BEGIN, event, 5).canonical()
    parts.read_begin(event, first, finished)
    assert parts.read_finished(event) == finished
    with pytest.raises(Unproven):
        parts.read_begin(event, first, Checkpoint("example.org/log", 8, b"r" * 32))


def test_a_position_is_one_number_and_that_of_part_0_is_its_index() -> None:
    assert int(Position(0, 17)) == 17
    far = Position(parts.MOST_PARTS, (1 << INDEX_BITS) - 1)
    assert position(int(far)) == far
    assert int(far) <= 2**53 - 1


@pytest.mark.parametrize("origin", ["example.org/log/0", "example.org/log/01", "example.org/log/²", "example.org/lo/1"])
def test_what_is_no_part_of_a_log_is_another_log(origin: str) -> None:
    with pytest.raises(Unproven):
        part_of(origin, "example.org/log")


def test_an_index_names_every_entry_by_its_tag() -> None:
    leaves = [leaf(n) for n in range(SPANS[0])]
    made = index_of(0, 3, leaves)
    [bucket] = made.buckets
    found = read_bucket(0, 3, bucket)
    assert len(found) == SPANS[0]
    assert found[5] == Tagged(3 * SPANS[0] + 5, bytes([5]) * 8)
    head = read_head(0, 3, made.head(made.leaf(9).canonical()))
    assert head.hashes == made.hashes
    with pytest.raises(Unproven):
        read_head(0, 2, made.head(made.leaf(9).canonical()))
    with pytest.raises(LedgerError):
        read_bucket(0, 3, bucket[:-1])


def test_a_large_index_sorts_its_entries_into_256_buckets_and_leaves_out_what_is_not_ours() -> None:
    made = index_of(1, 0, [leaf(7), b"not ours", leaf(8), leaf(7 + 256)])
    assert len(made.buckets) == 256
    assert [each.index for each in read_bucket(1, 0, made.buckets[7])] == [0, 3]
    assert sum(len(bucket) for bucket in made.buckets) == 3 * 12


def test_each_full_span_is_spoken_of_in_the_entry_behind_it() -> None:
    assert [tags.due(n) for n in (0, 4_095, 4_096, 4_097, 8_192, 65_536, 65_537, 131_073)] == [
        None, None, (0, 0), None, (0, 1), (0, 15), (1, 0), (1, 1)
    ]  # fmt: skip
    assert (tags.entry_of(0, 15), tags.entry_of(1, 0)) == (65_536, 65_537)
