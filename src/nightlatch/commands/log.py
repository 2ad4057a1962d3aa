"""`nightlatch log`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from nightlatch.ledger.cosigners import Cosigner
    from nightlatch.seal.note import Verifier

SHORTEST_SECRET = 16
PROGRESS_EVERY_S = 5.0

app = typer.Typer(help="The log: run it, check a receipt, audit all of it.", no_args_is_help=True)


@app.command()
def keys(
    name: Annotated[str, typer.Argument(help="Its name, like example.org/log; no spaces, no plus signs.")],
    output: Annotated[Path, typer.Argument(help="File for the secret key.")],
    witness: Annotated[bool, typer.Option("--witness", help="A witness's key, not a log's.")] = False,
) -> None:
    """Make a key, and print its public half."""
    from nightlatch.ledger.errors import LedgerError
    from nightlatch.seal.note import COSIGNATURE, ED25519, make_signer

    made = make_signer(name, COSIGNATURE if witness else ED25519)
    try:
        output.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise LedgerError(f"{output} already exists. Choose another name.") from None
    output.write_text(made.secret() + "\n")
    typer.echo(str(made.verifier))


@app.command()
def serve(
    data: Annotated[Path, typer.Option("--data", help="Folder of the log; any web server can serve it, too.")],
    key: Annotated[Path, typer.Option("--key", help="The log's secret key.", exists=True)],
    secret: Annotated[
        Path, typer.Option("--secret", help="File with the secret that writers must present.", exists=True)
    ],
    port: Annotated[int, typer.Option(help="Port.")] = 8644,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    witness: Annotated[
        list[str] | None, typer.Option(help="KEY=URL of a witness; KEY alone for a hub that brings its cosignature.")
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(help="The policy with which households joined; with it, each month is a part.", exists=True),
    ] = None,
    households: Annotated[
        int, typer.Option(help="Wait a moment for hubs of so many households; default: as the policy says.", min=0)
    ] = 0,
) -> None:
    """Run a log."""
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.errors import ConfigError
    from nightlatch.ledger.chronicle import open_chronicle
    from nightlatch.ledger.face import create_log_app
    from nightlatch.ledger.policy import read_policy
    from nightlatch.seal.note import read_signer
    from nightlatch.supervise import die_with_parent
    from nightlatch.web import serving

    configure(log_file(data.absolute().parent, "log"))  # beside it: the folder itself is for everybody to read
    die_with_parent()
    if len(shown := secret.read_text().strip()) < SHORTEST_SECRET:
        raise ConfigError(f"The writers' secret in {secret} is too short. Put 32 random characters there.")
    witnesses, named = _witnesses(witness or [])
    believed = read_policy(policy.read_text()) if policy is not None else None
    with open_chronicle(data, read_signer(key.read_text()), policy=believed) as ledger:
        app_ = create_log_app(ledger, witnesses, shown, named, households)
        serving.serve(app_, serving.listen(host, port, "The log", None), None)


@app.command()
def rotate(
    data: Annotated[Path, typer.Option("--data", help="Folder of the log; the log must not run.", exists=True)],
    key: Annotated[Path, typer.Option("--key", help="The secret key that the log has now.", exists=True)],
    policy: Annotated[Path, typer.Option(help="The policy with which households joined.", exists=True)],
    then: Annotated[
        Path | None, typer.Option(help="The policy from now on, with other keys; default: the same again.", exists=True)
    ] = None,
    witness: Annotated[list[str] | None, typer.Option(help="KEY=URL of a witness that the log has now.")] = None,
) -> None:
    """End the newest part of a log: the next one may have another key, other witnesses, another quorum."""
    import asyncio

    from nightlatch.ledger.brought import Couriers
    from nightlatch.ledger.chronicle import open_chronicle
    from nightlatch.ledger.cosigners import Cosigners
    from nightlatch.ledger.policy import read_policy
    from nightlatch.seal.note import read_signer

    with open_chronicle(data, read_signer(key.read_text()), policy=read_policy(policy.read_text())) as ledger:
        ended = ledger.part.policy.log.name
        ledger.end_part(read_policy(then.read_text()) if then is not None else None)
        follows = ledger.following.policy.log
        cosigners = Cosigners(ledger, _witnesses(witness or [])[0], Couriers(ledger, []))
        asyncio.run(cosigners.refresh())
        is_quorate = cosigners.is_quorate
    typer.echo(f"{ended} has ended. Start the log again, with the key of the next part.")
    typer.echo(f"If that is a new one, witnesses must be told of it: --log {follows}")
    if not is_quorate:
        typer.echo("Its end still lacks its quorum: start the log with the witnesses that it had until that is there.")


@app.command()
def witness(
    data: Annotated[Path, typer.Option("--data", help="Folder for what it knows.")],
    key: Annotated[Path, typer.Option("--key", help="The witness's secret key.", exists=True)],
    log: Annotated[
        list[str], typer.Option(help="Public key of a log to watch, or of a part NAME/N of it with a key of its own.")
    ],
    port: Annotated[int, typer.Option(help="Port.")] = 8645,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Run a witness: it cosigns what continues, and keeps what proves a fork."""
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.ledger.face import create_witness_app
    from nightlatch.ledger.witness import Witness
    from nightlatch.seal.note import read_signer, read_verifier
    from nightlatch.supervise import die_with_parent
    from nightlatch.web import serving

    configure(log_file(data, "witness"))
    die_with_parent()
    made = Witness(data, read_signer(key.read_text()), [read_verifier(each) for each in log], system_clock())
    serving.serve(create_witness_app(made), serving.listen(host, port, "The witness", None), None)


@app.command()
def verify(
    receipt: Annotated[Path, typer.Argument(help="A receipt file (tlog-proof).", exists=True)],
    policy: Annotated[Path, typer.Option(help="The policy: keys and quorum.", exists=True)],
    leaf: Annotated[
        Path | None, typer.Option(help="The entry; by default the one in the receipt.", exists=True)
    ] = None,
) -> None:
    """Check that a receipt proves an entry, without asking anyone."""
    from nightlatch.ledger.errors import Unproven, Why
    from nightlatch.ledger.policy import read_policy, verify_receipt
    from nightlatch.ledger.proof import read_proof

    text = receipt.read_text(encoding="utf-8", errors="replace")
    entry = leaf.read_bytes() if leaf is not None else read_proof(text).extra
    if entry is None:
        raise Unproven(Why.MALFORMED, "This receipt does not contain its entry. Give the entry with --leaf.")
    found = verify_receipt(text, entry, read_policy(policy.read_text()), None)
    names = ", ".join(name for name, _ in found.witnessed) or "nobody"
    typer.echo(f"Proven: entry {found.index} of {found.checkpoint.size}, cosigned by {names}.")
    typer.echo(entry.decode("utf-8", "replace"))


@app.command()
def audit(
    where: Annotated[str, typer.Argument(help="Folder or http address of a log.")],
    policy: Annotated[Path, typer.Option(help="The policy: keys and quorum.", exists=True)],
    state: Annotated[
        Path | None, typer.Option(help="What it remembers until the next audit; default the policy's name with .seen")
    ] = None,
) -> None:
    """Read all of a log, check every hash and signature, and that it continues what the last audit saw."""
    from nightlatch.ledger.monitor import files_of, remembering_audit
    from nightlatch.ledger.policy import read_policy

    seen = state or policy.with_name(f"{policy.name}.seen")
    found = remembering_audit(files_of(where), read_policy(policy.read_text()), seen, _say_progress())
    parts = f" in {len(found.parts)} parts" if len(found.parts) > 1 else ""
    witnesses = len(found.parts[-1].witnessed)
    typer.echo(f"The log holds together: {found.size} entries{parts}, {witnesses} witnesses.")
    before = found.before
    told = "the first that this audit saw" if before is None else f"continues the {before} of the last audit"
    typer.echo(f"It is {told}." if before is None else f"It {told}.")


def _say_progress() -> Callable[[int, int, int], None]:
    """Says every few seconds how far the audit of a long log is; nothing of a short one."""
    said_s = time.monotonic()

    def say(part: int, read: int, size: int) -> None:
        nonlocal said_s
        if time.monotonic() - said_s >= PROGRESS_EVERY_S:
            said_s = time.monotonic()
            typer.echo(f"Part {part}: {read} of {size} entries.", err=True)

    return say


@app.command()
def evidence(
    file: Annotated[Path, typer.Argument(help="What a witness, a hub or an audit kept.", exists=True)],
    policy: Annotated[
        list[Path],
        typer.Option(help="The policy: keys and quorum. Name it again for a part that has another key.", exists=True),
    ],
) -> None:
    """Say whether something that was kept proves, without anything else, that the log contradicted itself."""
    from nightlatch.ledger.contradictions import is_contradiction, open_evidence, read_contradiction
    from nightlatch.ledger.policy import read_policy

    logs, text = [read_policy(each.read_text()).log for each in policy], file.read_text(encoding="utf-8")
    if is_contradiction(text):
        typer.echo(read_contradiction(text, logs))
        typer.echo("The log contradicts itself: the holder of its key signed what is not true.")
        return
    before, now, is_proof = open_evidence(text, logs)
    typer.echo(f"{before.origin} signed a tree of {before.size} entries, and one of {now.size}.")
    proof = "They contradict each other: the holder of the log's key showed two histories."
    typer.echo(
        proof if is_proof else "That proves nothing by itself: the second may have come late. Audit the log again."
    )


def _witnesses(told: list[str]) -> tuple[dict[Verifier, Cosigner], list[Verifier]]:
    """Those that are asked, and those that bring their cosignatures."""
    from nightlatch.ledger.cosigners import http_cosigner
    from nightlatch.seal.note import read_verifier

    asked: dict[Verifier, Cosigner] = {}
    bring: list[Verifier] = []
    for each in told:
        verifier, has_url, url = each.rpartition("=http")
        if has_url:
            asked[read_verifier(verifier)] = http_cosigner(f"http{url}")
        else:
            bring.append(read_verifier(each))
    return asked, bring
