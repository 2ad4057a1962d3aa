"""A log in parts as readers meet it: each part is a whole log, and the chain and the indexes fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from nightlatch.ledger import parts
from nightlatch.ledger.monitor import audit
from nightlatch.ledger.parts import position
from nightlatch.ledger.tags import SPANS, bucket_path, head_path, read_bucket, read_head
from nightlatch.ledger.tiles import PUBLIC, longest
from nightlatch.seal.note import COSIGNATURE, make_signer
from tests.ledger.long_log import long_log, some_leaf

SIGNER, HOME = make_signer("example.org/log"), make_signer("home.example", COSIGNATURE)


def test_the_parts_of_a_written_log_hold_together_and_name_each_other(tmp_path: Path) -> None:
    next_key = make_signer("example.org/log/2")
    policy = replace(long_log(tmp_path / "any", SIGNER, [], witnesses=[HOME])[0].part.policy, log=next_key.verifier)
    written = long_log(
        tmp_path / "log",
        SIGNER,
        (some_leaf(n) for n in range(5_000)),
        witnesses=[HOME],
        cuts=[4_500, 100],
        rotates={2: (next_key, policy)},
    )
    assert [each.part.policy.log.name for each in written] == [f"example.org/log{n}" for n in ("", "/1", "/2")]
    before, last = None, b""
    for each in written:
        folder = tmp_path / "log" / each.part.prefix
        found = audit(lambda path, folder=folder: (folder / path).read_bytes(), each.part.policy)  # type: ignore[misc]
        for number in each.positions:
            assert position(number).part == each.part.number
        if before is not None:
            parts.read_begin((folder / "begin").read_bytes(), found.leaves[0], before.checkpoint)
            old = tmp_path / "log" / before.part.prefix
            assert parts.read_next((old / "next").read_bytes(), last, before.part) == each.part
        before, last = each, found.leaves[-1]
    assert not parts.is_last(last)
    first = tmp_path / "log"
    head = read_head(0, 0, (first / head_path(0, 0)).read_bytes())
    assert len(read_bucket(0, 0, (first / bucket_path(0, 0, 0)).read_bytes())) == SPANS[0]
    assert head.leaf == audit(lambda path: (first / path).read_bytes(), written[0].part.policy).leaves[SPANS[0]]


def test_every_file_of_a_log_has_a_name_that_is_served_and_a_length(tmp_path: Path) -> None:
    long_log(tmp_path, SIGNER, (some_leaf(n) for n in range(4_200)), witnesses=[HOME], cuts=[4_150])
    for path in tmp_path.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(tmp_path))
            assert PUBLIC.match(name), name
            assert path.stat().st_size <= longest(name), name
