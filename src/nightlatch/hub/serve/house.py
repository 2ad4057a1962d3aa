"""What the routes of one hub share: the index, the household, and what watch has told lately."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import Request
from sqlalchemy import Engine

from nightlatch.domain.time import Clock
from nightlatch.errors import NightlatchError
from nightlatch.hub.serve.alerts import Alerts, alert_of
from nightlatch.hub.serve.alerts.mqtt import Mqtt
from nightlatch.hub.serve.alerts.pictures import PictureSwitch
from nightlatch.hub.serve.alerts.push import Push
from nightlatch.hub.serve.books.records import SessionRow
from nightlatch.hub.serve.books.retention import Swept
from nightlatch.hub.serve.giving import Donations
from nightlatch.hub.serve.hints import Hint
from nightlatch.hub.serve.logwatch import LogWatch
from nightlatch.hub.serve.people.household import Household
from nightlatch.hub.serve.people.tries import Tries
from nightlatch.hub.serve.uplink import Uplink
from nightlatch.hub.settings import HubSettings
from nightlatch.hub.wire.notices import (
    Advice,
    CamerasChanged,
    CameraStatus,
    ClipChanged,
    EventTold,
    EyeNow,
    NewStill,
    Notice,
    NoticeServer,
)

COOKIE = "nightlatch"
WAITING_HINTS = 64


class SignedOut(NightlatchError):
    """Nobody is signed in."""


@dataclass(slots=True)
class House:
    """State of a running serve process."""

    settings: HubSettings
    engine: Engine
    clock: Clock
    key: Ed25519PrivateKey
    household: Household
    tries: Tries
    uplink: Uplink | None
    push: Push
    mqtt: Mqtt | None
    alerts: Alerts
    donations: Donations
    logwatch: LogWatch
    started_ms: int
    secure: bool = False
    notices: NoticeServer | None = None
    watch_is_up: bool = False
    statuses: dict[str, CameraStatus] = field(default_factory=dict)
    advice: dict[str, str | None] = field(default_factory=dict)
    stills: dict[str, NewStill] = field(default_factory=dict)
    eye: EyeNow | None = None
    swept: Swept = field(default_factory=Swept)
    _feeds: set[asyncio.Queue[str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.mqtt is not None:
            self.mqtt.pictures = PictureSwitch(self.mqtt.name, self.settings.data_dir)

    def heard(self, notice: Notice) -> None:
        """Take in what watch says."""
        if isinstance(notice, CameraStatus):
            self.statuses[notice.camera_id] = notice
            self.hint({"type": "camera", "camera_id": notice.camera_id})
        elif isinstance(notice, NewStill):
            self.stills[notice.camera_id] = notice
            self.hint({"type": "still", "camera_id": notice.camera_id, "at_ms": notice.at_ms})
        elif isinstance(notice, ClipChanged):
            self.hint({"type": "clip", "clip_id": notice.clip_id, "camera_id": notice.camera_id})
            if self.uplink is not None:
                self.uplink.wake()

        elif isinstance(notice, Advice):
            self.advice[notice.camera_id] = notice.text
        elif isinstance(notice, EyeNow):
            before, self.eye = self.eye, notice
            if before is None or _fares(before) != _fares(notice):
                self.hint({"type": "home"})
        elif isinstance(notice, EventTold):
            self.alerts.tell(alert_of(notice))

    def joined(self, is_up: bool) -> None:
        """Watch came or went."""
        self.watch_is_up = is_up
        if not is_up:
            self.eye = None  # nothing looks
        self.hint({"type": "home"})

    def cameras_changed(self) -> None:
        """Tell watch and the pages."""
        if self.notices is not None:
            self.notices.tell(CamerasChanged())
        self.hint({"type": "home"})

    def hint(self, what: Hint) -> None:
        """Tell every open page to look again; a page that is slow misses hints, not data."""
        text = json.dumps(what)
        for feed in list(self._feeds):
            with contextlib.suppress(asyncio.QueueFull):
                feed.put_nowait(text)

    @contextlib.contextmanager
    def feed(self) -> Iterator[asyncio.Queue[str]]:
        """A queue of hints for one open page."""
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING_HINTS)
        self._feeds.add(queue)
        try:
            yield queue
        finally:
            self._feeds.discard(queue)


def _fares(eye: EyeNow) -> tuple[object, ...]:
    """What makes pages look again; counts do not."""
    return eye.name, eye.blind_since_ms, eye.blind_text, eye.coming_percent, eye.coming_text


def house(request: Request) -> House:
    """The hub's state, for routes."""
    found: House = request.app.state.house
    return found


def owner(request: Request) -> SessionRow:
    """The signed-in device, for routes that need one. Raises `SignedOut`."""
    device = house(request).household.device(request.cookies.get(COOKIE))
    if device is None:
        raise SignedOut("You are signed out. Sign in again.")
    return device
