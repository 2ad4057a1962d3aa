"""The cameras of the household, as the page and the command line add, change and remove them."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import Engine, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from nightlatch.domain.address import read_rtsp
from nightlatch.domain.camera import Camera
from nightlatch.domain.context import Landmark, Site
from nightlatch.domain.geometry import Area
from nightlatch.domain.time import Clock
from nightlatch.errors import ConfigError, NotFound, SourceError
from nightlatch.hub.serve import demo
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import CameraRow
from nightlatch.hub.serve.books.retention import delete_footage

SCHEMES = ("rtsp", "rtsps", "usb", "file")
LONGEST_NAME = 60
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_name(name: str) -> str:
    """`name` as it will be kept. Raises `ConfigError` when empty, too long or with control characters."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or _CONTROL.search(name):
        raise ConfigError(f"A camera's name has 1 to {LONGEST_NAME} characters, all of them printable.")
    return name


def checked_url(url: str) -> str:
    """`url` as it will be kept. Raises `ConfigError` for what is no camera's address, with what to write instead."""
    url = url.strip()
    scheme = url.partition(":")[0].lower()
    if scheme not in SCHEMES or len(url) > 2000 or _CONTROL.search(url):
        raise ConfigError("A camera's address begins with rtsp://, rtsps://, usb:/dev/video… or file:/…")
    if scheme.startswith("rtsp"):
        try:
            read_rtsp(url)
        except SourceError as error:
            raise ConfigError(str(error)) from None
    return url


def checked_transport(transport: str) -> str:
    """`transport` when it is tcp or udp. Raises `ConfigError` otherwise."""
    if transport not in ("tcp", "udp"):
        raise ConfigError("The transport is tcp or udp.")
    return transport


def read_areas(text: str) -> tuple[Area, ...]:
    """The areas of a camera's row."""
    return tuple(
        Area(
            name=a["name"],
            use=a["use"],
            points=tuple((float(x), float(y)) for x, y in a["points"]),
            dwell_s=float(a.get("dwell_s", 0)),
            shows=Landmark(a["shows"]) if a.get("shows") else None,
        )
        for a in json.loads(text)
    )


def as_camera(row: CameraRow) -> Camera:
    """The camera of a row."""
    return Camera(
        id=row.id,
        name=row.name,
        url=row.url,
        sub_url=row.sub_url,
        transport=row.transport,
        enabled=row.enabled,
        areas=read_areas(row.areas),
        quota_bytes=row.quota_bytes,
        demo=row.demo,
        private=row.private,
        site=row.site,
    )


def cameras(engine: Engine) -> list[Camera]:
    """All cameras that are not removed, the oldest first."""
    with Session(engine) as session:
        rows = session.scalars(select(CameraRow).where(~CameraRow.removed).order_by(CameraRow.created_ms, CameraRow.id))
        return [as_camera(row) for row in rows]


def add(
    books: Books,
    clock: Clock,
    *,
    name: str,
    url: str,
    sub_url: str | None = None,
    transport: str = "tcp",
    site: Site | None = None,
) -> Camera:
    """Add a camera; the demo cameras leave, and a running hub deletes what they recorded (`demo.clear`).

    Raises:
        ConfigError: a name that is taken or unusable, an address of another kind.
    """
    row = CameraRow(
        id=secrets.token_hex(6),
        name=checked_name(name),
        url=checked_url(url),
        sub_url=checked_url(sub_url) if sub_url else None,
        transport=checked_transport(transport),
        enabled=True,
        demo=False,
        areas="[]",
        created_ms=clock.now_ms(),
        removed=False,
        site=site,
    )
    try:
        with books.change() as session:
            demo.retire(session)
            demo.free_name(session, row.name)
            session.add(row)
            session.flush()
            return as_camera(row)
    except IntegrityError:
        raise ConfigError(f"There is already a camera called {name.strip()}. Choose another name.") from None


def find(session: Session, name_or_id: str) -> CameraRow:
    """The row of a camera. Raises `NotFound`."""
    query = select(CameraRow).where(~CameraRow.removed, or_(CameraRow.name == name_or_id, CameraRow.id == name_or_id))
    row = session.scalar(query)
    if row is None:
        raise NotFound(f"There is no camera called {name_or_id}. See: nightlatch camera list")
    return row


def change(books: Books, name_or_id: str, apply: Callable[[Camera], Camera]) -> Camera:
    """The camera as `apply` makes it, kept, what changed checked; its id, and whether it is a demo, stay.

    Raises:
        NotFound: no such camera.
        ConfigError: a name that is taken or unusable, an address of another kind.
    """
    try:
        with books.change() as session:
            row = find(session, name_or_id)
            before = as_camera(row)
            _keep(row, before, apply(before))
            name = row.name
            session.flush()
            return as_camera(row)
    except IntegrityError:
        raise ConfigError(f"There is already a camera called {name}. Choose another name.") from None


def _keep(row: CameraRow, before: Camera, after: Camera) -> None:
    """What did not change is not checked again: rules may have become stricter since. Raises `ConfigError`."""
    if after.name != before.name:
        row.name = checked_name(after.name)
    if after.url != before.url:
        row.url = checked_url(after.url)
    if after.sub_url != before.sub_url:
        row.sub_url = checked_url(after.sub_url) if after.sub_url else None
    if after.transport != before.transport:
        row.transport = checked_transport(after.transport)
    if after.areas != before.areas:
        row.areas = json.dumps([asdict(area) for area in after.areas])
    row.enabled, row.private, row.quota_bytes = after.enabled, after.private, after.quota_bytes
    row.site = after.site


def remove(books: Books, name_or_id: str, *, footage: bool) -> None:
    """Remove a camera; with `footage` what it recorded goes too, otherwise that ages out. Raises `NotFound`."""
    with books.change() as session:
        row = find(session, name_or_id)
        row.removed = True
        camera_id = row.id
    if footage:
        delete_footage(books, camera_id)
