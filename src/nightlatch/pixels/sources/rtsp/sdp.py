"""Reads a session description (SDP, RFC 4566 and 8866) as far as receiving needs it. Everything in it is bounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

LARGEST = 1024 * 1024  # bytes
_MOST_LINES = 4096
_MOST_MEDIA = 32
_LONGEST_URL = 2048
_ENCODING = re.compile(r"([A-Za-z0-9._-]{1,32})/([0-9]{1,9})(?:/([0-9]{1,3}))?")
_MEDIA = re.compile(r"(audio|video|application|text|message)\s+[0-9/]+\s+(\S+)((?:\s+[0-9]{1,3})*)\s*")
# RFC 3551, tables 4 and 5: what needs no `rtpmap`.
_STATIC = {
    0: ("PCMU", 8_000, 1),
    3: ("GSM", 8_000, 1),
    4: ("G723", 8_000, 1),
    8: ("PCMA", 8_000, 1),
    9: ("G722", 8_000, 1),
    10: ("L16", 44_100, 2),
    11: ("L16", 44_100, 1),
    14: ("MPA", 90_000, 1),
    18: ("G729", 8_000, 1),
    26: ("JPEG", 90_000, 1),
    32: ("MPV", 90_000, 1),
    33: ("MP2T", 90_000, 1),
}


@dataclass(frozen=True, slots=True)
class TrackOffer:
    """One track that the camera offers."""

    media: str  # video, audio, application …
    payload_type: int
    encoding: str  # in capitals
    rate: int  # ticks of its clock a second
    channels: int
    parameters: Mapping[str, str] = field(repr=False)  # of `fmtp`, names in small letters
    url: str = field(repr=False)  # what SETUP names
    fps: float | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a session offers, and the URL that stands for all of it."""

    offers: tuple[TrackOffer, ...]
    url: str = field(repr=False)


def parse_sdp(text: str, base: str) -> Description:
    """The tracks in order; those of a kind that cannot be read are left out. `base` is what `control` relates to."""
    session: dict[str, str] = {}
    media: list[tuple[re.Match[str], dict[str, str]]] = []
    told: dict[str, str] | None = session
    for line in re.split(r"\r\n|\r|\n", text[:LARGEST])[:_MOST_LINES]:
        line = line.strip()
        if line.startswith("m="):
            found = _MEDIA.fullmatch(line[2:])
            told = {} if found is not None and len(media) < _MOST_MEDIA else None
            if found is not None and told is not None:
                media.append((found, told))
        elif line.startswith("a=") and told is not None:
            name, _, value = line[2:].partition(":")
            name, value = name.strip().lower(), value.strip()
            if name in ("rtpmap", "fmtp"):
                kind, _, value = value.partition(" ")
                name = f"{name}:{kind}"
            told.setdefault(name, value)
    url = resolve(base, session.get("control", "*"))
    offers = [offer for head, own in media if (offer := _offer(head, own, url)) is not None]
    return Description(tuple(offers), url)


def _offer(head: re.Match[str], told: dict[str, str], base: str) -> TrackOffer | None:
    kinds = [int(each) for each in head[3].split()[:64] if int(each) < 128]
    if "sendonly" in told or not head[2].upper().startswith("RTP/AVP"):  # its loudspeaker; or encrypted
        return None
    for kind in kinds:
        encoding = _encoding(told.get(f"rtpmap:{kind}", "")) or _STATIC.get(kind)
        if encoding is None:
            continue
        parameters = _parameters(told.get(f"fmtp:{kind}", ""))
        url = resolve(base, told.get("control", "*"))
        return TrackOffer(head[1], kind, *encoding, parameters, url, _fps(told.get("framerate", "")))
    return None


def _encoding(text: str) -> tuple[str, int, int] | None:
    found = _ENCODING.match(text.strip())
    if found is None or not 1_000 <= int(found[2]) <= 10_000_000:
        return None
    return found[1].upper(), int(found[2]), max(1, int(found[3] or 1))


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in text.split(";")[:64]:
        name, _, value = each.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip())
    return found


def _fps(text: str) -> float | None:
    found = re.match(r"[0-9]{1,3}(?:\.[0-9]{1,6})?", text)
    value = float(found[0]) if found is not None else 0.0
    return round(value, 3) if 0.1 <= value <= 240 else None


def resolve(base: str, control: str) -> str:
    """The URL that `control` means (RFC 2326, C.1.1).

    A relative one goes behind the whole base, query and all: that is what cameras expect, RFC 3986 or not.
    """
    control = control[:_LONGEST_URL]
    if not control or control == "*" or any(not 32 < ord(each) < 127 for each in control):
        return base
    try:
        if re.match(r"(?i)rtsps?://", control):
            return without_login(control)
        if control.startswith("/"):
            parts = urlsplit(base)
            return f"{parts.scheme}://{parts.netloc}{control}"
    except ValueError:  # no URL after all
        return base
    return base + ("" if base.endswith("/") else "/") + control


def without_login(url: str) -> str:
    """The URL without name and password.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
