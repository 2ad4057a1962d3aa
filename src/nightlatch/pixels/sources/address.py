"""Where a camera is: rtsp(s), a file or a V4L2 device; anything else is refused before it is opened."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs

from nightlatch.domain.address import read_rtsp
from nightlatch.errors import Reason, SourceError

_DEVICE = re.compile(r"/dev/video\d{1,3}")


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address. `opens` may hold a password; `shown` never does."""

    scheme: Literal["rtsp", "file", "usb"]
    opens: str = field(repr=False)
    shown: str
    host: str | None = None
    port: int = 554
    is_looped: bool = False


def parse_address(url: str) -> Address:
    """Parse `rtsp://…`, `rtsps://…`, `file:/path[?loop=1]`, a plain path, or `usb:/dev/videoN`.

    Raises:
        SourceError: BAD_ADDRESS, with what is allowed.
    """
    url = url.strip()
    if any(ord(c) < 32 or ord(c) == 127 for c in url) or not url:
        raise _bad("The address is empty or holds unprintable characters")
    scheme = url.split(":", 1)[0].lower() if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url) else "file"
    if scheme in ("rtsp", "rtsps"):
        return _parse_rtsp(url)
    if scheme == "usb":
        device = url[4:]
        if not _DEVICE.fullmatch(device):
            raise _bad("A USB camera is written usb:/dev/video0")
        return Address("usb", device, f"usb:{device}")
    if scheme == "file":
        return _parse_file(url)
    raise _bad("That kind of address is not supported")


def _bad(text: str) -> SourceError:
    return SourceError(Reason.BAD_ADDRESS, f"{text}. Use rtsp://…, rtsps://…, file:/path or usb:/dev/video0.")


def _parse_rtsp(url: str) -> Address:
    found = read_rtsp(url)
    return Address("rtsp", found.opens, found.shown, host=found.host, port=found.port)


def _parse_file(url: str) -> Address:
    is_looped = False
    path = url
    if url.lower().startswith("file:"):
        path, _, query = url[5:].partition("?")
        path = re.sub(r"^//(?=/)", "", path)
        is_looped = parse_qs(query).get("loop", ["0"])[0] not in ("0", "")
    if path.startswith("//") or not path:
        raise _bad("A file is written file:/path")
    return Address("file", str(Path(path).absolute()), f"file:{path}", is_looped=is_looped)
