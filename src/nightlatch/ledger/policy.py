"""Whom one believes: the log's key, the witnesses' keys, how many of them, and how fresh. A text file, one line each.

log example.org/log+0123abcd+AbCd…
witness home home.example+89abcdef+BGhi…
quorum 1
max-age-s 600
households 1
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from nightlatch.domain.digits import read_count
from nightlatch.errors import ConfigError
from nightlatch.ledger.checkpoint import Checkpoint, cosigned_at_s, open_checkpoint
from nightlatch.ledger.errors import Unproven, Why
from nightlatch.ledger.merkle import is_included, leaf_hash
from nightlatch.ledger.proof import read_proof
from nightlatch.seal.note import COSIGNATURE, ED25519, NoteError, Verifier, read_verifier

MAX_AGE_S = 600
MOST_HOUSEHOLDS = 64  # hubs that a log knows without being told of them by its operator
CLOCK_SLACK_S = 120
MOST = 10**15 - 1  # of a number in a policy: a browser counts to 2^53


@dataclass(frozen=True, slots=True)
class Policy:
    """A parsed policy file."""

    log: Verifier
    witnesses: tuple[tuple[str, Verifier], ...]
    quorum: int
    max_age_s: int = MAX_AGE_S
    households: int = 0  # hubs of households that gave, among them that of the household whose clip is looked at

    def __str__(self) -> str:
        lines = [f"log {self.log}", *(f"witness {name} {key}" for name, key in self.witnesses)]
        numbers = [f"quorum {self.quorum}", f"max-age-s {self.max_age_s}"]
        return "\n".join([*lines, *numbers, *([f"households {self.households}"] if self.households else [])]) + "\n"


class Cosignature(NamedTuple):
    """A witness's name in the policy, and when it cosigned (Unix seconds)."""

    name: str
    at_s: int


class Witnessed(NamedTuple):
    """A checkpoint, and who cosigned it. `check_note` makes it of what the policy believes."""

    checkpoint: Checkpoint
    by: tuple[Cosignature, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a receipt proved."""

    index: int
    checkpoint: Checkpoint
    witnessed: tuple[Cosignature, ...]


def read_policy(text: str) -> Policy:
    """Raises `ConfigError` with the line that is wrong.

    web/shared/ledger.ts reads and refuses the same (tests/ledger/policies.json).
    """
    log: Verifier | None = None
    witnesses: list[tuple[str, Verifier]] = []
    numbers: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        try:
            match words:
                case []:
                    continue
                case ["log", key]:
                    log = _of_kind(read_verifier(key), ED25519)
                case ["witness", name, key]:
                    witnesses.append((name, _of_kind(read_verifier(key), COSIGNATURE)))
                case ["quorum" | "max-age-s" | "households" as what, value] if (
                    number_of := read_count(value, 10**15 - 1)
                ) is not None:
                    numbers[what] = number_of
                case _:
                    raise NoteError("it is no log, witness, quorum, max-age-s or households.")
        except NoteError as error:
            raise ConfigError(f"Line {number} of the log's policy cannot be used: {error}") from None
    quorum = numbers.get("quorum", len(witnesses))
    if log is None or quorum > len(witnesses):
        raise ConfigError("The log's policy names no log, or a quorum that its witnesses cannot reach.")
    if quorum == 0:
        raise ConfigError("The log's policy asks for no witness. Name one, and a quorum of at least 1.")
    if len({key.public for _, key in witnesses}) != len(witnesses):
        raise ConfigError("The log's policy names one witness twice.")
    age_s, households = numbers.get("max-age-s", MAX_AGE_S), numbers.get("households", 0)
    if households > MOST_HOUSEHOLDS:
        raise ConfigError(f"The log's policy asks for more households than a log knows: at most {MOST_HOUSEHOLDS}.")
    return Policy(log, tuple(witnesses), quorum, age_s, households)


def check_note(raw: bytes | str, policy: Policy, now_ms: int | None) -> Witnessed:
    """A checkpoint that the log signed and enough witnesses cosigned, lately (unless `now_ms` is None).

    Raises:
        Unproven: with the first thing that is wrong.
    """
    checkpoint, note = open_checkpoint(raw, policy.log)
    seen = [Cosignature(name, at) for name, key in policy.witnesses if (at := cosigned_at_s(note, key)) is not None]
    if len(seen) < policy.quorum:
        raise Unproven(Why.NO_QUORUM, f"Only {len(seen)} of {policy.quorum} witnesses cosigned this checkpoint.")
    if now_ms is not None:
        now_s = now_ms // 1000
        fresh = [at for _, at in seen if -CLOCK_SLACK_S <= now_s - at <= policy.max_age_s]
        if len(fresh) < policy.quorum:
            raise Unproven(Why.STALE, "This checkpoint is too old, or a clock is wrong. Ask the log again.")
    return Witnessed(checkpoint, tuple(seen))


def fresh_among(raw: bytes | str, keys: Iterable[Verifier], policy: Policy, now_ms: int) -> frozenset[Verifier]:
    """Which of these keys cosigned this note of the policy's log, lately. Raises `Unproven` for no note of it."""
    _, note = open_checkpoint(raw, policy.log)
    now_s = now_ms // 1000
    times = {key: cosigned_at_s(note, key) for key in keys}
    return frozenset(
        key for key, at in times.items() if at is not None and -CLOCK_SLACK_S <= now_s - at <= policy.max_age_s
    )


def verify_receipt(text: str, leaf: bytes, policy: Policy, now_ms: int | None) -> Verified:
    """This leaf is in the log, under a checkpoint that the policy believes. Raises `Unproven`."""
    proof = read_proof(text)
    checkpoint, witnessed = check_note(proof.note, policy, now_ms)
    if not is_included(leaf_hash(leaf), proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise Unproven(Why.NOT_INCLUDED, "The proof is for another entry: this one is not in the log.")
    return Verified(proof.index, checkpoint, witnessed)


def _of_kind(key: Verifier, kind: int) -> Verifier:
    if key.kind != kind:
        raise NoteError("this is a witness's key where the log's belongs, or the other way round.")
    return key
