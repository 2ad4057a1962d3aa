"""The command line: `nightlatch --help` is the manual.

The only file that knows more than one zone, each inside its own command, imported when it runs: `nightlatch cloud`
works where no media library is installed.
"""

from __future__ import annotations

import functools
import json
import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nightlatch import __version__, config
from nightlatch.commands import programme as programme_commands
from nightlatch.commands.models import app as models_app
from nightlatch.commands.replay import app as gate_app
from nightlatch.commands.replay import replay
from nightlatch.commands.trace import trace
from nightlatch.errors import NightlatchError, NotFound
from nightlatch.keeper.commands import app as keeper_app
from nightlatch.ledger.commands import app as log_app
from nightlatch.review.commands import app as review_app
from nightlatch.review.commands import programme as programme_app

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from nightlatch.cloud.settings import CloudSettings
    from nightlatch.domain.manifest import Manifest
    from nightlatch.hub.settings import HubSettings
    from nightlatch.owner.clips import Fetch
    from nightlatch.owner.keys import OwnerKeys

app = typer.Typer(
    help="The security camera that locks from the inside: the home sees, the cloud is blind.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
camera_app = typer.Typer(help="Add, test, list and remove cameras.", no_args_is_help=True)
keys_app = typer.Typer(help="Your key: export it, or check the recovery sheet.", no_args_is_help=True)
app.add_typer(camera_app, name="camera")
app.add_typer(gate_app, name="gate")
app.add_typer(log_app, name="log")
app.add_typer(keeper_app, name="keeper")
app.add_typer(review_app, name="review")
programme_app.command("up")(programme_commands.up)
app.add_typer(programme_app, name="programme")
app.add_typer(models_app, name="models")
app.command()(replay)
app.command()(trace)
app.add_typer(keys_app, name="keys")

out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="TOML file; default ./nightlatch.toml if there is one.")
]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Data folder; default \\[hub] data_dir, else ./data.", show_default=False)
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", help="Key file (from “nightlatch keys export”) or a file with the 24 words.", exists=True),
]


# ---- programs -------------------------------------------------------------------------------------------------


@app.command()
def up(
    config_file: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the page; default 8640.")] = None,
    cloud_port: Annotated[int | None, typer.Option(help="Port of the mailbox; default 8641.")] = None,
    demo: Annotated[bool | None, typer.Option(help="Rendered demo cameras while there is no real one.")] = None,
) -> None:
    """Run everything on this machine: the hub and its page, and a blind cloud mailbox beside it."""
    from nightlatch.supervise import Program, nightlatch

    settings = config.load(config_file)
    root = data or Path("data")
    hub_data = root / "hub" if data is not None or "data_dir" not in settings.sections.get("hub", {}) else None
    cloud = _cloud_settings(settings, root / "cloud", cloud_port)
    _check_port(cloud.host, cloud.port, "[cloud] port")
    shared = ["--config", str(settings.path)] if settings.path else []
    program = Program("cloud", nightlatch("cloud", *shared, "--data", str(cloud.data_dir), "--port", str(cloud.port)))
    hub_settings = _hub_settings(settings, hub_data, port, demo, cloud_url=f"http://127.0.0.1:{cloud.port}")
    _run_hub(hub_settings, shared, before=[program])


@app.command()
def hub(
    config_file: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the page; default 8640.")] = None,
    demo: Annotated[bool | None, typer.Option(help="Rendered demo cameras while there is no real one.")] = None,
    cloud_url: Annotated[str | None, typer.Option(help="Where the mailbox is; none = clips stay at home.")] = None,
    role: Annotated[str | None, typer.Option(hidden=True)] = None,
    shard: Annotated[str, typer.Option(hidden=True)] = "0/1",
) -> None:
    """Run the hub: record the cameras, seal everything, serve the owner's page."""
    settings = config.load(config_file)
    hub_settings = _hub_settings(settings, data, port, demo, cloud_url)
    if role == "serve":
        _serve(hub_settings)
    elif role == "watch":
        _watch(hub_settings, shard)
    elif role is None:
        _run_hub(hub_settings, ["--config", str(settings.path)] if settings.path else [], before=[])
    else:
        raise typer.BadParameter("role is serve or watch", param_hint="--role")


@app.command()
def cloud(
    config_file: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Port; default 8641.")] = None,
) -> None:
    """Run the blind mailbox: sealed bytes in, deleted after a day, nothing that could open them."""
    from nightlatch.cloud import blind

    blind.install()
    from nightlatch.clocks import system_clock
    from nightlatch.cloud.serve import run
    from nightlatch.diagnostics import configure
    from nightlatch.supervise import die_with_parent

    configure()
    die_with_parent()
    run(_cloud_settings(config.load(config_file), data, port), system_clock())


# ---- cameras --------------------------------------------------------------------------------------------------


@camera_app.command("add")
def camera_add(
    name: Annotated[str, typer.Argument(help="What you call it: porch, drive, nursery…")],
    address: Annotated[str, typer.Argument(help="rtsp://user:password@host/…, usb:/dev/video0 or file:/path.mp4")],
    sub: Annotated[str | None, typer.Option(help="Address of its smaller second stream: cheaper to watch.")] = None,
    transport: Annotated[str, typer.Option(help="tcp or udp (RTSP only).")] = "tcp",
    test: Annotated[bool, typer.Option(help="Look at the camera before adding it.")] = True,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Add a camera. It is tried first: wrong password, no route or no H.264 are said plainly."""
    from nightlatch.clocks import system_clock
    from nightlatch.hub.serve import catalogue
    from nightlatch.hub.wire.client import nudge

    if test:
        _show_probe(address, transport)
    settings = _hub_settings(config.load(config_file), _hub_data(data))
    engine = _hub_engine(settings)
    added = catalogue.add(engine, system_clock(), name=name, url=address, sub_url=sub, transport=transport)
    nudge(settings.data_dir / "watch.sock")
    out.print(f"[bold]{escape(added.name)}[/bold] is added. A running hub starts recording it within seconds.")


@camera_app.command("list")
def camera_list(config_file: ConfigOption = None, data: DataOption = None) -> None:
    """List the cameras."""
    from nightlatch.hub.serve import catalogue

    settings = _hub_settings(config.load(config_file), _hub_data(data))
    cameras = catalogue.cameras(_hub_engine(settings))
    if not cameras:
        out.print("No camera yet. Add one: nightlatch camera add porch rtsp://user:password@192.168.1.20/stream")
        return
    table = Table("name", "address", "sub-stream", "id")
    for camera in cameras:
        table.add_row(
            camera.name + ("" if camera.enabled else " (off)"),
            catalogue.public_address(camera.url),
            "yes" if camera.sub_url else "no",
            camera.id,
        )
    out.print(table)


@camera_app.command("test")
def camera_test(
    address: Annotated[str, typer.Argument(help="The address to try.")],
    transport: Annotated[str, typer.Option(help="tcp or udp (RTSP only).")] = "tcp",
) -> None:
    """Try an address without adding it."""
    _show_probe(address, transport)


@camera_app.command("remove")
def camera_remove(
    name: Annotated[str, typer.Argument(help="Its name or id.")],
    delete_footage: Annotated[bool, typer.Option(help="Delete what it recorded, too; else that ages out.")] = False,
    config_file: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Remove a camera."""
    from nightlatch.hub.serve import catalogue
    from nightlatch.hub.serve.books.books import Books
    from nightlatch.hub.wire.client import nudge

    settings = _hub_settings(config.load(config_file), _hub_data(data))
    catalogue.remove(Books(settings.data_dir, _hub_engine(settings)), name, footage=delete_footage)
    nudge(settings.data_dir / "watch.sock")
    out.print(f"{escape(name)} is removed.")


# ---- clips and keys ---------------------------------------------------------------------------------------------


@app.command()
def clips(
    key: KeyOption = None,
    from_cloud: Annotated[
        str | None, typer.Option("--cloud", help="Ask this mailbox instead of the hub's folder; needs the 24 words.")
    ] = None,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """List clips. Without a key only ids, times and sizes are known: camera names are sealed, too."""
    from nightlatch.owner import clips as owner
    from nightlatch.owner.unlock import keys_from_file, opener_from_file

    table = Table("clip", "when", "camera", "length", "sealed")
    opener = opener_from_file(key) if key else None
    if from_cloud:
        from nightlatch.web.mailbox import MailboxClient

        if key is None:
            raise NightlatchError("The mailbox answers to the owner only: give --key with the recovery words.")
        client = MailboxClient(from_cloud, keys_from_file(key).signing_key)
        for held in client.clips():
            what = owner.read_manifest(functools.partial(client.get, held.clip), opener) if opener else None
            table.add_row(held.clip, *_clip_facts(what, held.created_ms), f"{held.bytes / 1e6:.1f} MB")
    else:
        folders = owner.clip_folders(_hub_settings(config.load(config_file), _hub_data(data)).data_dir)
        for clip, folder in sorted(folders.items(), key=lambda item: -item[1].stat().st_mtime):
            what = owner.read_manifest(owner.folder_fetch(folder), opener) if opener else None
            size = sum(p.stat().st_size for p in folder.glob("*.age"))
            table.add_row(clip, *_clip_facts(what, int(folder.stat().st_mtime * 1000)), f"{size / 1e6:.1f} MB")
    if table.row_count:
        out.print(table)
    else:
        out.print("No clip yet.")


def _clip_facts(what: Manifest | None, about_ms: int) -> tuple[str, str, str]:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime((what.onset_ms if what else about_ms) / 1000))
    if what is None:
        return when, "(sealed)", "(sealed)"
    return when, what.camera_name, f"{(what.ended_ms - what.began_ms) / 1000:.0f} s" if what.ended_ms else "not closed"


@app.command("open")
def open_(
    what: Annotated[str, typer.Argument(help="A clip's id, or a path to any .age file.")],
    key: Annotated[Path, typer.Option("--key", help="Key file, or a file with the 24 words.", exists=True)],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to write; default CLIP.mp4.")] = None,
    partial: Annotated[bool, typer.Option(help="Leave out parts that are missing or damaged.")] = False,
    from_cloud: Annotated[str | None, typer.Option("--cloud", help="Fetch the clip from this mailbox.")] = None,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Open a clip with your key, checked against its sealed manifest."""
    from nightlatch.owner import clips as owner
    from nightlatch.owner.unlock import keys_from_file, opener_from_file

    opener = opener_from_file(key)
    if what.endswith(".age"):
        path = Path(what)
        if not path.is_file():
            raise NotFound(f"There is no file {path}.")
        _write(output or path.with_suffix(".opened"), [owner.open_file(path, opener)])
        return
    if from_cloud:
        from nightlatch.web.mailbox import MailboxClient

        client = MailboxClient(from_cloud, keys_from_file(key).signing_key)
        fetch: Fetch = functools.partial(client.get, what)
    else:
        folder = owner.clip_folders(_hub_settings(config.load(config_file), _hub_data(data)).data_dir).get(what)
        if folder is None:
            raise NotFound(f"There is no clip {what} here. See: nightlatch clips")
        fetch = owner.folder_fetch(folder)
    manifest = owner.read_manifest(fetch, opener)
    target = output or Path(f"{what}{manifest.suffix}")
    gaps: list[owner.Gap] = []
    _write(target, owner.open_clip(fetch, opener, manifest, partial=partial, on_gap=gaps.append))
    for gap in gaps:
        err.print(f"[yellow]![/yellow] {gap.why}", soft_wrap=True)


def _write(target: Path, pieces: Iterable[bytes]) -> None:
    if target.exists():
        raise NightlatchError(f"{target} exists already. Choose another name with -o.")
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)
    out.print(f"{target} is written.")


@keys_app.command("export")
def keys_export(
    output: Annotated[Path, typer.Argument(help="File to write; Debian's age reads it with -i.")] = Path("key.txt"),
    words: Annotated[bool, typer.Option(help="Type the 24 words instead of the passphrase.")] = False,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Write your key as an age identity, so that “age -d -i key.txt CLIP.age” opens anything by hand."""
    from nightlatch.owner.unlock import export_key

    export_key(_owner_keys(words, data, config_file), output)
    out.print(f"{output} is written. Whoever has it can open everything: keep it off this machine.")


@keys_app.command("check")
def keys_check(data: DataOption = None, config_file: ConfigOption = None) -> None:
    """Type the 24 words of a recovery sheet and learn whether they are this household's."""
    mine = _owner_keys(True, data, config_file)
    settings = _hub_settings(config.load(config_file), _hub_data(data))
    from nightlatch.clocks import system_clock
    from nightlatch.hub.serve.people.household import Household

    row = Household(settings.data_dir, _hub_engine(settings), system_clock()).row()
    if row is None or row.recipient != mine.recipient:
        raise NightlatchError("These words are a valid sheet, but not this household's.")
    out.print("This is the sheet of this household.")


def _owner_keys(words: bool, data: Path | None, config_file: Path | None) -> OwnerKeys:
    from nightlatch.owner.keys import OwnerKeys
    from nightlatch.owner.unlock import keys_from_passphrase

    if words:
        return OwnerKeys.from_words(typer.prompt("The 24 words", hide_input=not sys.stdin.isatty()))
    settings = _hub_settings(config.load(config_file), _hub_data(data))
    return keys_from_passphrase(settings.data_dir, typer.prompt("Passphrase", hide_input=True))


@app.command()
def doctor(
    report: Annotated[bool, typer.Option(help="Plain text for a bug report; holds no secret.")] = False,
    cameras: Annotated[bool, typer.Option("--cameras", help="Try each camera, too; up to half a minute each.")] = False,
    data: DataOption = None,
    config_file: ConfigOption = None,
) -> None:
    """Check this machine: ports, disk, clock, codecs. Says what to do."""
    from nightlatch import doctor as checks

    settings = config.load(config_file)
    hub_settings = _hub_settings(settings, _hub_data(data) or (data / "hub" if data else None))
    cloud = _cloud_settings(settings, None, None)
    url = hub_settings.cloud_url
    ports = {"page": hub_settings.port, "mailbox": cloud.port}
    findings = list(
        checks.examine(
            hub_settings.data_dir,
            ports,
            url,
            try_cameras=cameras,
            floor_bytes=hub_settings.disk_floor_bytes,
        )
    )
    if report:
        sys.stdout.write(checks.report(findings))
    else:
        mark = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "fail": "[red]✗[/red]"}
        for found in findings:
            said = f"{found.name}: {escape(found.text)} [dim]{escape(found.todo)}[/dim]"
            out.print(f"{mark[found.state]} {said}", soft_wrap=True)
    if any(found.state == "fail" for found in findings):
        raise typer.Exit(1)


def _hub_data(data: Path | None) -> Path | None:
    """`--data` names the folder that `up` was given; the hub's part is inside it."""
    if data is None:
        data = Path("data")
        if not (data / "hub").is_dir():
            return None
    return data / "hub" if (data / "hub").is_dir() else data


def _hub_settings(
    settings: config.Config,
    data: Path | None,
    port: int | None = None,
    demo: bool | None = None,
    cloud_url: str | None = None,
) -> HubSettings:
    from nightlatch.hub.settings import HubSettings

    if cloud_url is not None and "cloud_url" in settings.sections.get("hub", {}):
        cloud_url = None  # the file says where the mailbox is
    return settings.section("hub", HubSettings, data_dir=data, port=port, demo=demo, cloud_url=cloud_url)


def _cloud_settings(settings: config.Config, data: Path | None, port: int | None) -> CloudSettings:
    from nightlatch.cloud.settings import CloudSettings

    return settings.section("cloud", CloudSettings, data_dir=data, port=port)


def _hub_engine(settings: HubSettings) -> Engine:
    from nightlatch.hub.serve.books.index import open_index

    return open_index(settings.data_dir)


def _check_port(host: str, port: int, setting: str) -> None:
    """Say now, not in a child's log, that a port is taken."""
    if port == 0:
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NightlatchError(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                f"Is Nightlatch running already? Else choose another: {setting} in nightlatch.toml, or --port."
            ) from None


def _run_hub(settings: HubSettings, shared: list[str], before: list[object]) -> None:
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure
    from nightlatch.hub import folder
    from nightlatch.hub.serve import demo
    from nightlatch.supervise import Program, Supervisor, nightlatch, stop_on_signals

    configure()
    _check_port(settings.host, settings.port, "[hub] port")
    with folder.hold(settings.data_dir):
        engine = _hub_engine(settings)
        stage = demo.prepare(engine, system_clock(), settings.demo)
        engine.dispose()
        ready = settings.data_dir / "serve.json"
        ready.unlink(missing_ok=True)
        arguments = [*shared, "--data", str(settings.data_dir), "--port", str(settings.port)]
        if settings.cloud_url:
            arguments += ["--cloud-url", settings.cloud_url]
        programs: list[Program] = [p for p in before if isinstance(p, Program)]
        if stage is not None:
            programs.append(Program("demo cameras", stage.command, stage.environment))
        programs.append(Program("serve", nightlatch("hub", "--role", "serve", *arguments)))
        for shard in range(settings.shards):
            watch = nightlatch("hub", "--role", "watch", "--shard", f"{shard}/{settings.shards}", *arguments)
            programs.append(Program("watch" if settings.shards == 1 else f"watch {shard}", watch))
        supervisor = Supervisor(programs)
        stop_on_signals(supervisor)
        supervisor.start()
        threading.Thread(target=_announce, args=(settings, ready, stage is not None), daemon=True).start()
        raise typer.Exit(supervisor.run())


def _announce(settings: HubSettings, ready: Path, demo: bool) -> None:
    """Print the address once the page answers."""
    while not ready.exists():
        time.sleep(0.1)
    found = json.loads(ready.read_text())
    host = "127.0.0.1" if settings.host in ("127.0.0.1", "localhost", "::1") else socket.gethostname()
    address = f"{found['scheme']}://{host}:{found['port']}/"
    code = settings.data_dir / "setup.code"
    if settings.host not in ("127.0.0.1", "localhost", "::1") and code.exists():
        address += f"?setup={code.read_text().strip()}"
    out.print(f"\n  Nightlatch is running. Open [bold]{address}[/bold]\n", soft_wrap=True)
    if demo:
        out.print(
            "  No camera yet, so two rendered demo cameras are shown. Add a real one on the page, or:\n"
            "    nightlatch camera add porch rtsp://user:password@192.168.1.20/stream\n"
        )
    out.print("  Ctrl-C stops it.\n")


def _serve(settings: HubSettings) -> None:
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure
    from nightlatch.hub.serve.run import run
    from nightlatch.supervise import die_with_parent

    configure()
    die_with_parent()
    run(settings, system_clock())


def _watch(settings: HubSettings, shard: str) -> None:
    from nightlatch.diagnostics import configure
    from nightlatch.hub.watch.run import run
    from nightlatch.hub.watch.shards import read_shard
    from nightlatch.supervise import die_with_parent

    configure()
    die_with_parent()
    run(settings, read_shard(shard))


def _show_probe(address: str, transport: str) -> None:
    """Try a camera and print what was found. Raises `SourceError`."""
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure
    from nightlatch.pixels.sources.probe import probe

    configure()
    with err.status("Trying the camera…"):
        found = probe(address, transport, clock=system_clock())
    video, audio = found.streams.video, found.streams.audio
    out.print(
        f"It answers: {video.width}×{video.height} {video.codec}"
        + (f", {found.fps:.0f} pictures a second" if found.fps else "")
        + (f", sound {audio.codec}" if audio else ", no sound")
        + (f", a key frame every {found.gop_s:.1f} s" if found.gop_s else "")
    )
    for note in found.notes:
        out.print(f"  {escape(note)}")


def fail(error: NightlatchError) -> NoReturn:
    """Print what went wrong and what to do, and leave with status 1."""
    err.print(f"[bold red]✗[/bold red] {escape(str(error))}", soft_wrap=True, highlight=False)
    raise SystemExit(1)


def main() -> None:
    """Entry point of `nightlatch`."""
    try:
        app()
    except NightlatchError as error:
        fail(error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit
