"""Writes policies.json: policies, checkpoints and receipts that Python and the page must believe and refuse alike.

`python -m tests.ledger.policies` writes it. The keys are made of their names, so that it is the same file every time.
What must come out is written down here by hand, not taken from either language.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nightlatch.ledger.checkpoint import Checkpoint, cosign
from nightlatch.ledger.errors import Why
from nightlatch.ledger.merkle import Tree, leaf_hash
from nightlatch.ledger.proof import Proof
from nightlatch.seal.note import COSIGNATURE, ED25519, Note, Signature, Signer

FILE = Path(__file__).with_name("policies.json")
ABOUT = (
    "Policies, checkpoints and receipts of a log that nightlatch/ledger/policy.py and web/shared/ledger.ts must both "
    "read like this, and both refuse. Written by tests/ledger/policies.py. `now_ms` null: nobody asks how old it is."
)
NOW_S = 1_795_000_000
NO_LINE = "it is no log, witness, quorum, max-age-s or households."
NO_KEY = "This is not the key of a log or witness. It looks like name+0123abcd+base64."
WRONG_KIND = "this is a witness's key where the log's belongs, or the other way round."
NO_LOG = "The log's policy names no log, or a quorum that its witnesses cannot reach."


def signer(name: str, kind: int = ED25519) -> Signer:
    return Signer(name, kind, Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest()))


LOG, OTHER = signer("example.org/log"), signer("example.org/other")
HOME, FRIEND = signer("home.example", COSIGNATURE), signer("friend.example", COSIGNATURE)
STRANGER = signer("stranger.example", COSIGNATURE)
POLICY = (
    f"log {LOG.verifier}\nwitness home {HOME.verifier}\nwitness friend {FRIEND.verifier}\nquorum 2\nmax-age-s 300\n"
)
ONE_OF_TWO = POLICY.replace("quorum 2", "quorum 1")


def policies() -> list[dict[str, Any]]:
    log, home, friend = str(LOG.verifier), str(HOME.verifier), str(FRIEND.verifier)
    whole = {
        "log": log,
        "witnesses": [["home", home], ["friend", friend]],
        "quorum": 2,
        "max_age_s": 300,
        "households": 0,
    }
    least = {"log": log, "witnesses": [["home", home]], "quorum": 1, "max_age_s": 600, "households": 0}
    short = f"log {log}\nwitness home {home}\n"
    renamed = Signer("home.example/again", COSIGNATURE, HOME.key).verifier

    def wrong(line: int, why: str) -> dict[str, Any]:
        return {"refused": f"Line {line} of the log's policy cannot be used: {why}"}

    damaged = home.replace("home.example+", "away.example+")
    return [
        {"name": "all four kinds of lines", "text": POLICY, **whole},
        {"name": "in any order", "text": "".join(reversed(POLICY.splitlines(True))), **whole}
        | {"witnesses": [["friend", friend], ["home", home]]},
        {"name": "without a quorum all witnesses, without an age ten minutes", "text": short, **least},
        {"name": "remarks, empty lines, tabs", "text": f"# a\n\n  log\t{log} # b\nwitness home {home}#c\n", **least},
        {"name": "lines as Windows ends them", "text": POLICY.replace("\n", "\r\n"), **whole},
        {
            "name": "lines and spaces of Unicode",
            "text": f"log\u00a0{log}\u2028witness\u3000home\u2003{home}\x85",
            **least,
        },
        {"name": "no newline at the end", "text": short.rstrip(), **least},
        {"name": "the last of two numbers", "text": f"{short}quorum 7\nquorum 1\n", **least},
        {"name": "hubs of households as well", "text": f"{short}households 1\n", **least, "households": 1},
        {"name": "no hubs of households", "text": f"{short}households 0\n", **least},
        {
            "name": "more households than a log knows",
            "text": f"{short}households 65\n",
            "refused": "The log's policy asks for more households than a log knows: at most 64.",
        },
        {"name": "no number of households", "text": f"{short}households some\n", **wrong(3, NO_LINE)},
        {"name": "an age of nothing", "text": f"{short}max-age-s 0\n", **least, "max_age_s": 0},
        {
            "name": "an age of fifteen digits",
            "text": f"{short}max-age-s {'9' * 15}\n",
            **least,
            "max_age_s": 10**15 - 1,
        },
        {"name": "nothing at all", "text": "", "refused": NO_LOG},
        {"name": "no log", "text": f"witness home {home}\nquorum 1\n", "refused": NO_LOG},
        {"name": "a quorum out of reach", "text": f"{short}quorum 2\n", "refused": NO_LOG},
        *(
            {
                "name": name,
                "text": text,
                "refused": "The log's policy asks for no witness. Name one, and a quorum of at least 1.",
            }
            for name, text in (
                ("a quorum of none", f"{short}quorum 0\n"),
                ("a log alone", f"log {log}\n"),
            )
        ),
        {
            "name": "one witness twice",
            "text": f"{short}witness again {renamed}\n",
            "refused": "The log's policy names one witness twice.",
        },
        {"name": "an unknown word", "text": f"{short}max-age 5\n", **wrong(3, NO_LINE)},
        {"name": "a word in capitals", "text": f"{short}Quorum 1\n", **wrong(3, NO_LINE)},
        {"name": "a mark before the first word", "text": f"\ufeff{short}", **wrong(1, NO_LINE)},
        *(
            {"name": f"no number: {value!r}", "text": f"{short}max-age-s {value}\n", **wrong(3, NO_LINE)}
            for value in (
                "",
                "-1",
                "+1",
                "1.5",
                "1e3",
                "0x10",
                "ten",
                "²",
                "٣",
                "1_0",
                "0600",
                "000",
                "Infinity",
                "9" * 16,
                "1 2",
            )
        ),
        {"name": "no quorum's number", "text": f"{short}quorum ²\n", **wrong(3, NO_LINE)},
        {"name": "a log without its key", "text": "log\n", **wrong(1, NO_LINE)},
        {"name": "a log with a name, as a witness has", "text": f"log main {log}\n", **wrong(1, NO_LINE)},
        {"name": "a witness without a name", "text": f"log {log}\nwitness {home}\n", **wrong(2, NO_LINE)},
        {"name": "a witness with two names", "text": f"log {log}\nwitness my home {home}\n", **wrong(2, NO_LINE)},
        {"name": "a witness's key for a log", "text": f"log {home}\n", **wrong(1, WRONG_KIND)},
        {"name": "a log's key for a witness", "text": f"log {log}\nwitness home {log}\n", **wrong(2, WRONG_KIND)},
        {"name": "no key", "text": "log example.org/log\n", **wrong(1, NO_KEY)},
        {"name": "a key without a name", "text": f"log +{log.partition('+')[2]}\n", **wrong(1, NO_KEY)},
        {"name": "a key cut short", "text": f"log {log[:-4]}\n", **wrong(1, NO_KEY)},
        {"name": "a key without its padding", "text": f"witness home {home.rstrip('=')[:-1]}\n", **wrong(1, NO_KEY)},
        {"name": "a key of an unknown kind", "text": f"log {Signer('x', 9, LOG.key).verifier}\n", **wrong(1, NO_KEY)},
        {
            "name": "a key under another name",
            "text": f"log {log}\nwitness home {damaged}\n",
            **wrong(2, "The key of away.example is damaged: its hash does not match. Copy it again."),
        },
    ]


def tree(size: int) -> Tree:
    grown = Tree()
    for n in range(size):
        grown.append(leaf_hash(b"entry %d" % n))
    return grown


def note(*by: tuple[Signer, int], text: str | None = None, log: Signer = LOG, size: int = 5) -> Note:
    """A checkpoint that `log` signed and witnesses cosigned, each so many seconds before now."""
    text = text if text is not None else str(Checkpoint(LOG.name, size, tree(size).root()))
    plain = Note(text, (log.sign(text),))
    return Note(text, (*plain.signatures, *(cosign(plain, witness, NOW_S - age_s) for witness, age_s in by)))


def checkpoints() -> list[dict[str, Any]]:
    both = note((HOME, 10), (FRIEND, 20))
    seen = [["home", NOW_S - 10], ["friend", NOW_S - 20]]
    root = b64encode(tree(5).root()).decode()
    head = f"example.org/log\n5\n{root}\n"
    unnamed = Signature(HOME.name, FRIEND.verifier.id, both.signatures[1].raw)
    moved = Signature(HOME.name, HOME.verifier.id, (NOW_S).to_bytes(8) + both.signatures[1].raw[8:])
    cases: list[dict[str, Any]] = []

    def good(name: str, made: Note | str, witnessed: list[list[Any]] = seen, **more: Any) -> None:
        case = {"name": name, "policy": POLICY, "note": str(made), "now_ms": NOW_S * 1000, "size": 5, "root": root}
        cases.append({**case, "witnessed": witnessed, **more})

    def bad(name: str, why: Why, made: Note | str | bytes, **more: Any) -> None:
        said = {"note_base64": b64encode(made).decode()} if isinstance(made, bytes) else {"note": str(made)}
        cases.append({"name": name, "policy": POLICY, **said, "now_ms": NOW_S * 1000, "why": why.value, **more})

    def ages(home: int, friend: int) -> tuple[Note, list[list[Any]]]:
        return note((HOME, home), (FRIEND, friend)), [["home", NOW_S - home], ["friend", NOW_S - friend]]

    good("cosigned by all, lately", both)
    good("just fresh enough", *ages(300, 300))
    good("a part of a second is not counted", *ages(300, 300), now_ms=NOW_S * 1000 + 999)
    good("by clocks that are two minutes ahead", *ages(-120, -120))
    good("in 2020, when nobody asks how old it is", *ages(NOW_S - 1_577_836_800, 10), now_ms=None)
    good("one old cosignature where one fresh one is enough", *ages(10**6, 10), policy=ONE_OF_TWO)
    good("one of the future where one fresh one is enough", *ages(-(10**6), 10), policy=ONE_OF_TWO)
    good("with lines that nobody knows", note((HOME, 10), (FRIEND, 20), text=f"{head}more of it\n"))
    good("signed by strangers as well", note((HOME, 10), (STRANGER, 0), (FRIEND, 20)))
    good("an entry less is another root", note((HOME, 10), (FRIEND, 20), size=4), size=4)
    cases[-1]["root"] = b64encode(tree(4).root()).decode()

    bad("cosigned in 2020", Why.STALE, note((HOME, NOW_S - 1_577_836_800), (FRIEND, NOW_S - 1_577_836_800)))
    bad("a second too old", Why.STALE, ages(301, 301)[0])
    bad("one of two too old", Why.STALE, ages(10, 301)[0])
    bad("a second too far ahead", Why.STALE, ages(-121, -121)[0])
    bad("one of two too far ahead", Why.STALE, ages(10, -(10**6))[0])
    bad("at the end of time", Why.STALE, ages(10, NOW_S - (2**64 - 1))[0])
    bad("at a time that no browser counts to", Why.STALE, ages(10, NOW_S - (2**53 + 1))[0])
    bad("one old and one of the future", Why.STALE, ages(301, -121)[0], policy=ONE_OF_TWO)
    bad("fresh, when the clock here is an hour behind", Why.STALE, both, now_ms=(NOW_S - 3600) * 1000)
    bad("fresh, when the clock here is an hour ahead", Why.STALE, both, now_ms=(NOW_S + 3600) * 1000)
    bad("one of two witnesses", Why.NO_QUORUM, note((HOME, 10)))
    bad("one witness twice", Why.NO_QUORUM, note((HOME, 10), (HOME, 20)))
    bad("a stranger for the second", Why.NO_QUORUM, note((HOME, 10), (STRANGER, 10)))
    bad("nobody", Why.NO_QUORUM, note())
    bad("nobody, when nobody asks how old it is", Why.NO_QUORUM, note(), now_ms=None)
    bad("a cosignature under another key's hash", Why.NO_QUORUM, Note(both.text, (*both.signatures[::2], unnamed)))
    bad("a cosignature with another time", Why.NO_QUORUM, Note(both.text, (*both.signatures[::2], moved)))
    bad("cosignatures without the log's", Why.NOT_SIGNED, Note(both.text, both.signatures[1:]))
    bad("signed by another key of that name", Why.NOT_SIGNED, note(log=Signer(LOG.name, ED25519, OTHER.key)))
    bad("changed after it was signed", Why.NOT_SIGNED, str(both).replace("\n5\n", "\n6\n"))
    bad("of another log", Why.WRONG_ORIGIN, note(log=OTHER, text=head.replace("example.org/log", "example.org/other")))
    bad("with a mark before its first word", Why.WRONG_ORIGIN, f"\ufeff{both}".encode())

    bad("nothing", Why.MALFORMED, "")
    bad("no signatures", Why.MALFORMED, head)
    bad("an empty line and no signatures", Why.MALFORMED, f"{head}\n")
    bad("cut short", Why.MALFORMED, str(both)[:-1])
    bad("no UTF-8", Why.MALFORMED, str(both).encode() + b"\xff\n")
    bad("a hyphen for a dash", Why.MALFORMED, str(both).replace("—", "-"))
    bad("ended as Windows does", Why.MALFORMED, str(both).replace("\n", "\r\n"))
    bad("a control character", Why.MALFORMED, note(text=f"{head}a\x00b\n"))
    bad("a signature without padding", Why.MALFORMED, f"{both}— x AAAAAAA\n")
    bad("a signature of four bytes", Why.MALFORMED, f"{both}— x AAAAAA==\n")
    bad("too many signatures", Why.MALFORMED, str(both) + "— x AAAAAAAA\n" * 98)
    for name, text in (
        ("an empty line within", f"{head}\nmore\n"),
        ("no root", "example.org/log\n5\n"),
        ("a root of 31 bytes", f"example.org/log\n5\n{b64encode(bytes(31)).decode()}\n"),
        ("a root without its padding", head.replace("=\n", "\n")),
        ("a size with a zero before it", head.replace("5", "05", 1)),
        ("a size that is no number", head.replace("\n5\n", "\n²\n")),
        ("a size in other digits", head.replace("\n5\n", "\n1٣\n")),
        ("a size that no browser counts to", head.replace("\n5\n", f"\n{'9' * 16}\n")),
        ("no name", head.replace("example.org/log", "")),
    ):
        bad(name, Why.MALFORMED, note(text=text))
    return cases


def receipts() -> list[dict[str, Any]]:
    grown, newest = tree(5), str(note((HOME, 10), (FRIEND, 20)))
    true = str(Proof(2, tuple(grown.inclusion(2, 5)), newest))
    other, late = b64encode(b"entry 3").decode(), (NOW_S + 3600) * 1000
    case = {"policy": POLICY, "receipt": true, "leaf": b64encode(b"entry 2").decode(), "now_ms": NOW_S * 1000}
    with_entry = str(Proof(2, tuple(grown.inclusion(2, 5)), newest, b"entry 2"))
    return [
        {"name": "of an entry", **case, "index": 2},
        {"name": "with the entry in it", **case, "receipt": with_entry, "index": 2},
        {"name": "an hour later, when nobody asks how old it is", **case, "now_ms": None, "index": 2},
        {"name": "an hour later", **case, "now_ms": late, "why": Why.STALE.value},
        {"name": "of another entry", **case, "leaf": other, "why": Why.NOT_INCLUDED.value},
        {
            "name": "at another index",
            **case,
            "receipt": true.replace("index 2", "index 3"),
            "why": Why.NOT_INCLUDED.value,
        },
        {
            "name": "beyond the end",
            **case,
            "receipt": true.replace("index 2", "index 5"),
            "why": Why.NOT_INCLUDED.value,
        },
        *(
            {"name": name, **case, "receipt": text, "why": Why.MALFORMED.value}
            for name, text in (
                ("no receipt", ""),
                ("of another version", true.replace("@v1", "@v2")),
                ("without an index", true.replace("index 2\n", "")),
                ("with a step cut short", true.replace("=\n", "\n", 1)),
                ("with an entry that is no base64", with_entry.replace("extra ", "extra !")),
            )
        ),
    ]


def written() -> str:
    whole = {"about": ABOUT, "policies": policies(), "checkpoints": checkpoints(), "receipts": receipts()}
    return json.dumps(whole, indent=1, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(written())
