"""A camera and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nightlatch.domain.context import Site
from nightlatch.domain.geometry import Area


class CameraState(StrEnum):
    """What a camera is doing now."""

    STARTING = "starting"
    RECORDING = "recording"
    RETRYING = "retrying"  # lost; the reason is beside it and another try is coming
    OFF = "off"


class Transport(StrEnum):
    """How RTSP packets travel."""

    TCP = "tcp"
    UDP = "udp"


RECEIVED = {  # by the receiver: whose program takes a camera's stream
    "nightlatch": "Received by Nightlatch itself.",
    "ffmpeg": "Received by FFmpeg.",
}


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of the household. `url` and `sub_url` may hold a password: never log them whole."""

    id: str  # opaque, 12 lower-case hex digits; names a folder
    name: str
    url: str = field(repr=False)  # rtsp://, usb:/dev/video0, file:/path
    sub_url: str | None = field(default=None, repr=False)
    transport: str = "tcp"  # rtsp only: tcp or udp
    enabled: bool = True
    areas: tuple[Area, ...] = ()
    quota_bytes: int | None = None
    demo: bool = False
    site: Site | None = None  # None: the owner has not said
    private: bool = False  # bedroom, bathroom, children: none of its clips can be given
