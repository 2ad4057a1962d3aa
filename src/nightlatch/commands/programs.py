"""`nightlatch up`, `hub` and `cloud`: the programs of a house."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nightlatch import config
from nightlatch.commands.options import ConfigOption, DataOption, cloud_settings, hub_books, hub_settings, out
from nightlatch.errors import NightlatchError

if TYPE_CHECKING:
    from nightlatch.hub.settings import HubSettings
    from nightlatch.supervise import Program


def up(
    config_file: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the page; default 8640.")] = None,
    cloud_port: Annotated[int | None, typer.Option(help="Port of the mailbox; default 8641.")] = None,
    demo: Annotated[bool | None, typer.Option(help="Rendered demo cameras while there is no real one.")] = None,
) -> None:
    """Run everything on this machine: the hub and its page, and a blind cloud mailbox beside it."""
    from nightlatch.supervise import Program, nightlatch

    file = config.load(config_file)
    root = data or Path("data")
    hub_folder = root / "hub" if data is not None or "data_dir" not in file.sections.get("hub", {}) else None
    mailbox = cloud_settings(file, root / "cloud", cloud_port)
    _check_port(mailbox.host, mailbox.port, "[cloud] port")
    shared = ["--config", str(file.path)] if file.path else []
    where = ("--data", str(mailbox.data_dir), "--port", str(mailbox.port))
    settings = hub_settings(file, hub_folder, port, demo, cloud_url=f"http://127.0.0.1:{mailbox.port}")
    _run_hub(settings, shared, before=[Program("cloud", nightlatch("cloud", *shared, *where))])


def hub(
    config_file: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the page; default 8640.")] = None,
    demo: Annotated[bool | None, typer.Option(help="Rendered demo cameras while there is no real one.")] = None,
    cloud_url: Annotated[
        str | None, typer.Option(help="Where the mailbox is; without one, clips stay at home.")
    ] = None,
    role: Annotated[str | None, typer.Option(hidden=True)] = None,
    shard: Annotated[str, typer.Option(hidden=True)] = "0/1",
) -> None:
    """Run the hub: record the cameras, seal everything, serve the owner's page."""
    from nightlatch.hub.watch.shards import read_shard

    file = config.load(config_file)
    settings = hub_settings(file, data, port, demo, cloud_url)
    if role == "serve":
        _serve(settings.model_copy(update={"shards": read_shard(shard).count}))
    elif role == "watch":
        _watch(settings, shard)
    elif role is None:
        _run_hub(settings, ["--config", str(file.path)] if file.path else [], before=[])
    else:
        raise typer.BadParameter("role is serve or watch", param_hint="--role")


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
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.supervise import die_with_parent

    settings = cloud_settings(config.load(config_file), data, port)
    configure(log_file(settings.data_dir, "cloud"))
    die_with_parent()
    run(settings, system_clock())


def _check_port(host: str, port: int, setting: str) -> None:
    """Say here, not in a child's log, that a port is taken."""
    if port == 0:
        return
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise NightlatchError(
                f"Port {port} on {host} cannot be used ({error.strerror}). "
                f"Is Nightlatch already running? If not, choose another port: {setting} in nightlatch.toml, or --port."
            ) from None


def _run_hub(settings: HubSettings, shared: list[str], before: list[Program]) -> None:
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.hub import folder
    from nightlatch.hub.serve import demo
    from nightlatch.hub.serve.catalogue import cameras
    from nightlatch.hub.watch.shards import shards_for
    from nightlatch.supervise import Program, Supervisor, nightlatch, stop_on_signals

    _check_port(settings.host, settings.port, "[hub] port")
    with folder.hold(settings.data_dir):
        configure(log_file(settings.data_dir, "hub"))
        books = hub_books(settings)
        stage = demo.prepare(books, system_clock(), settings.demo)
        count = settings.shards or shards_for(sum(each.enabled for each in cameras(books.engine)), os.cpu_count() or 1)
        books.engine.dispose()
        ready = settings.data_dir / "serve.json"
        ready.unlink(missing_ok=True)
        arguments = [*shared, "--data", str(settings.data_dir), "--port", str(settings.port)]
        if settings.cloud_url:
            arguments += ["--cloud-url", settings.cloud_url]
        programs = list(before)
        if stage is not None:
            programs.append(Program("demo cameras", stage.command, stage.environment, is_mute=True))
        programs.append(Program("serve", nightlatch("hub", "--role", "serve", "--shard", f"0/{count}", *arguments)))
        for shard in range(count):
            watch = nightlatch("hub", "--role", "watch", "--shard", f"{shard}/{count}", *arguments)
            programs.append(Program("watch" if count == 1 else f"watch {shard}", watch, beats=True))
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
            "    nightlatch camera add porch rtsp://user:password@192.168.1.20/stream\n",
            soft_wrap=True,
        )
    out.print(f"  Ctrl-C stops it. What it does is written to {settings.data_dir / 'logging'}.\n", soft_wrap=True)


def _serve(settings: HubSettings) -> None:
    from nightlatch.clocks import system_clock
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.hub.serve.run import run
    from nightlatch.supervise import die_with_parent

    configure(log_file(settings.data_dir, "serve"))
    die_with_parent()
    run(settings, system_clock())


def _watch(settings: HubSettings, shard: str) -> None:
    from nightlatch.diagnostics import configure, log_file
    from nightlatch.hub.watch.run import run
    from nightlatch.hub.watch.shards import read_shard
    from nightlatch.supervise import die_with_parent

    own = read_shard(shard)
    configure(log_file(settings.data_dir, "watch" if own.count == 1 else f"watch-{own.number}"))
    die_with_parent()
    run(settings, own)
