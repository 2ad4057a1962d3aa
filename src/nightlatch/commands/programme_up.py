"""`nightlatch programme up`: a whole programme on one machine: log, witness, keeper, review room.

The first start makes everything in one folder: keys, the log's policy, one configuration, the invitation that
households join with. Each part can be moved to a machine of its own later; the files stay as they are.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nightlatch.config import Config
from nightlatch.errors import ConfigError

if TYPE_CHECKING:
    from nightlatch.supervise import Program

PORTS = 5  # review room, keeper, log, witness, revocations, from the first one on
PORTS_BEFORE = 4  # of programmes that 0.3 began
NOTICE = """\
Two or three people of the programme look at this clip and say what is in it: a burglar, a visitor, a pet.

It is used to make labels, and to teach the eye with them; for nothing else.

It is kept for a year at most. You see every look here. You can take it back at any time, here, with two clicks:
within seconds nobody can see it any more, and within a minute its key is destroyed.
"""
WANTS_ADMINISTRATORS = (
    "Two administrators begin a programme, so that nobody can enrol a reviewer alone. Each makes a key of their own "
    "(nightlatch programme key NAME.key) and hands over what it prints: nightlatch programme up --admin anna=… "
    "--admin ben=…. To look around alone: nightlatch programme up --trial"
)

out = Console(highlight=False)


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What stays as it was decided then."""

    port: int
    is_trial: bool
    witnesses: tuple[str, ...]  # KEY=URL
    ports: int = PORTS_BEFORE


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a programme's files are, and its first port."""

    folder: Path
    port: int

    @property
    def config(self) -> Path:
        return self.folder / "nightlatch.toml"

    @property
    def review(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def keeper(self) -> str:
        return f"http://localhost:{self.port + 1}"

    @property
    def log(self) -> str:
        return f"http://localhost:{self.port + 2}"

    @property
    def witness(self) -> str:
        return f"http://localhost:{self.port + 3}"

    @property
    def revocations(self) -> str:
        return f"http://localhost:{self.port + 4}"

    def read(self) -> FirstStart:
        """What the first start wrote down.

        Raises:
            ConfigError: it is damaged.
        """
        try:
            note = json.loads((self.folder / "programme.json").read_text())
            ports = int(note.get("ports", PORTS_BEFORE))
            return FirstStart(int(note["port"]), bool(note["trial"]), tuple(map(str, note["witnesses"])), ports)
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigError(f"{self.folder / 'programme.json'} is damaged. Restore it from a backup.") from None


def up(
    data: Annotated[Path, typer.Option("--data", help="The programme's folder.")] = Path("programme"),
    admin: Annotated[
        list[str] | None, typer.Option("--admin", help="NAME=PUBLIC-KEY, twice or more; at the first start.")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="Make both administrators' keys here; the room is always open.")
    ] = False,
    name: Annotated[str, typer.Option(help="What households read; at the first start.")] = "Our programme",
    port: Annotated[
        int, typer.Option(help="First of five ports in a row; at the first start.", min=1024, max=65531)
    ] = 8642,
) -> None:
    """Run a whole programme on one machine. The first start makes its keys and its invitation."""
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.supervise import Supervisor, stop_on_signals
    from nightlatch.web.serving import listen

    folder = data.absolute()
    if not (folder / "nightlatch.toml").exists():
        _begin(Layout(folder, port), name, admin or [], trial)
    configure(log_file(folder, "up"))
    begun = Layout(folder, port).read()
    layout = Layout(folder, begun.port)
    for number in range(layout.port, layout.port + begun.ports):
        listen("127.0.0.1", number, "The programme", "programme").close()
    supervisor = Supervisor(_programs(layout))
    stop_on_signals(supervisor)
    supervisor.start()
    threading.Thread(target=_announce, args=(layout,), daemon=True).start()
    raise typer.Exit(supervisor.run())


def _begin(layout: Layout, name: str, admin: Sequence[str], trial: bool) -> None:
    """Make everything beside the folder and move it there in one step: a crash leaves no half-made programme."""
    if layout.folder.exists() and any(layout.folder.iterdir()):
        raise ConfigError(f"{layout.folder} is not empty and holds no programme. Name another folder with --data.")
    if len(admin) < 2 and not trial:
        raise ConfigError(WANTS_ADMINISTRATORS)
    layout.folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".programme-", dir=layout.folder.parent) as beside:
        made = Path(beside) / "made"
        made.mkdir(mode=0o700)
        _make(made, layout, name, admin, trial)
        if layout.folder.exists():
            layout.folder.rmdir()
        made.rename(layout.folder)


def _make(made: Path, layout: Layout, name: str, admin: Sequence[str], trial: bool) -> None:
    from nightlatch.review.signing import make_key
    from nightlatch.web.signature import public_b64

    if trial:
        admin = [f"{who}={public_b64(make_key(made / f'{who}.key'))}" for who in ("first", "second")]
    policy, witness = _log_keys(made)
    programme_key = public_b64(make_key(made / "programme.key"))
    _roster(made, programme_key, admin)
    (made / "keeper").mkdir(mode=0o700)
    for secret in ("writers.secret", "keeper/face.secret"):
        (made / secret).touch(mode=0o600)
        (made / secret).write_text(secrets.token_urlsafe(32) + "\n")
    (made / "policy").write_text(policy)
    witnesses = [f"{witness}={layout.witness}/add-checkpoint"]
    note = {"port": layout.port, "ports": PORTS, "trial": trial, "witnesses": witnesses}
    (made / "programme.json").write_text(json.dumps(note))
    (made / "invitation.json").write_text(_invitation(layout, name, programme_key, policy))
    (made / "nightlatch.toml").write_text(_config(layout, programme_key, admin, trial))


def _log_keys(made: Path) -> tuple[str, str]:
    """Make keys of the log and of its witness; the policy that names them, and the witness's public key."""
    from nightlatch.seal.note import COSIGNATURE, ED25519, make_signer

    public = {}
    for role, kind in (("log", ED25519), ("witness", COSIGNATURE)):
        signer = make_signer(f"programme-{secrets.token_hex(4)}/{role}", kind)
        (made / f"{role}.key").touch(mode=0o600)
        (made / f"{role}.key").write_text(signer.secret() + "\n")
        public[role] = str(signer.verifier)
    # nobody sees a clip before the hub of its own household has seen the look in the log
    numbers = "quorum 1\nmax-age-s 600\nhouseholds 1\n"
    return f"log {public['log']}\nwitness own {public['witness']}\n{numbers}", public["witness"]


def _roster(made: Path, programme_key: str, admin: Sequence[str]) -> None:
    from nightlatch.clocks import system_clock
    from nightlatch.review.records import open_records
    from nightlatch.review.roster import Administrator, Roster
    from nightlatch.review.settings import ReviewSettings

    named = tuple(Administrator(key, who) for who, _, key in (each.partition("=") for each in admin))
    given = {"programme_key": programme_key, "data_dir": made / "review"}
    engine = open_records(Config(None, {}).section("review", ReviewSettings, **given))
    Roster(engine, system_clock(), programme_key).begin(named)
    engine.dispose()


def _invitation(layout: Layout, name: str, programme_key: str, policy: str) -> str:
    invitation = {
        "name": name,
        "keeper_url": layout.keeper,
        "revocations_url": layout.revocations,
        "log_url": layout.log,
        "programme_key": programme_key,
        "policy": policy,
        "notice": NOTICE.strip(),
        "language": "en",
    }
    return json.dumps(invitation, indent=1, ensure_ascii=False) + "\n"


def _config(layout: Layout, programme_key: str, admin: Sequence[str], trial: bool) -> str:
    folder, keys = layout.folder, [each.partition("=")[2] for each in admin]
    log = {"log_url": layout.log, "log_secret": str(folder / "writers.secret"), "programme_key": programme_key}
    review = {
        **log,
        "port": layout.port,
        "data_dir": str(folder / "review"),
        "origin": layout.review,
        "keeper_url": layout.keeper,
        "keeper_page_url": layout.keeper.replace("http", "ws", 1),
        "keeper_secret": str(folder / "keeper" / "face.secret"),
        "administrators": keys,
        "log_policy": str(folder / "policy"),
    }
    keeper = {
        **log,
        "port": layout.port + 1,
        "revocations_port": layout.port + 4,
        "data_dir": str(folder / "keeper"),
        "administrators": keys,
        "review_origin": layout.review,
        "log_policy": str(folder / "policy"),
        "invitation": str(folder / "invitation.json"),
        **({"opens_minute": 0, "closes_minute": 1440} if trial else {}),
    }
    sections = (("review", review), ("keeper", keeper))
    return "\n".join(
        f"[{section}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for section, values in sections
    )


def _programs(layout: Layout) -> list[Program]:
    from nightlatch.ledger.policy import read_policy
    from nightlatch.supervise import Program, nightlatch

    folder = layout.folder
    log_key = read_policy((folder / "policy").read_text()).log
    asked = [word for each in layout.read().witnesses for word in ("--witness", each)]
    witness = ("--data", folder / "witness", "--key", folder / "witness.key", "--log", log_key)
    log_keys = ("--key", folder / "log.key", "--secret", folder / "writers.secret", "--policy", folder / "policy")
    log = ("--data", folder / "log", *log_keys)
    commands = {
        "witness": ("log", "witness", *witness, "--port", layout.port + 3),
        "log": ("log", "serve", *log, *asked, "--port", layout.port + 2),
        "keeper": ("keeper", "serve", "--config", layout.config),
        "review": ("review", "serve", "--config", layout.config),
    }
    return [Program(name, nightlatch(*map(str, command))) for name, command in commands.items()]


def _announce(layout: Layout) -> None:
    """Say what to do next, once all four answer."""
    asked = (f"{layout.log}/checkpoint", f"{layout.keeper}/healthz", f"{layout.review}/healthz")
    while not all(_answers(url) for url in asked):
        time.sleep(0.2)
    config = layout.config
    out.print(f"\n  The programme is running. Review room: [bold]{layout.review}[/bold]", soft_wrap=True)
    out.print(_invites(layout), markup=False, soft_wrap=True)
    out.print(f"  Invite a reviewer: nightlatch programme invite --config {config}", soft_wrap=True)
    if layout.read().is_trial:
        first = layout.folder / "first.key"
        out.print(
            f"  Then sign, as both administrators: nightlatch programme sign CHANGE --key {first} --config {config}\n\n"
            "  This is a trial: one machine holds both administrators' keys and the witness, so its log proves\n"
            "  nothing to a household that does not trust this machine.",
            soft_wrap=True,
        )
    out.print(f"  Ctrl-C stops it. What it does is written to {layout.folder / 'logging'}.\n", soft_wrap=True)


def _invites(layout: Layout) -> str:
    """How households come to it. A programme that 0.5 began does not name its invitation to the keeper yet."""
    from nightlatch.web.invitation import PAGE, read_invitation

    path = layout.folder / "invitation.json"
    if not _answers(f"{layout.keeper}{PAGE}"):
        return f'  Households cannot join by a link: see to {path}, and to invitation = "{path}" in [keeper].'
    link = read_invitation(path.read_text(encoding="utf-8")).link
    return (
        f"  Households join with this link, on their page, under Giving: {link}\n"
        f"  As a file and a code: nightlatch programme invitation --config {layout.config}"
    )


def _answers(url: str) -> bool:
    import httpx

    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False
