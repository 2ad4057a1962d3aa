"""Where an RTSP camera is, as an owner writes it down: who signs in, at which host, and what is asked for there.

Owners paste passwords as they are, with `/`, `#`, `?` and `@` in them. Where only one reading of such an address makes
sense it is understood; where two do it is refused with what to write, so that no half of a password is ever taken for
a host, shown, or sent to one. What is shown of an address holds no login, and nothing that may be part of one.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from nightlatch.errors import Reason, SourceError

HIDDEN = "…"
PORTS = {"rtsp": 554, "rtsps": 322}
HOW_TO_ESCAPE = "In a user's name or password, write [ ] / ? # @ % as %5B %5D %2F %3F %23 %40 %25."
_UNCLEAR = f"This address can be read in two ways. {HOW_TO_ESCAPE} In a path, write @ as %40."
_UNREADABLE = f"This address cannot be read. {HOW_TO_ESCAPE}"
_NO_HOST = "This address has no host. It should look like rtsp://user:password@192.168.1.20/stream"
_UNESCAPED = re.compile(r"[/?#@\[\]]")
_ENDS = re.compile(r"[/?#]")
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\]|[A-Za-z0-9._-]+)(?::(\d{0,5}))?", re.ASCII)
_SECRET = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|psw|loginpas|token|auth|key|secret|credentials?|"
    r"user(?:name|id)?|usr|login(?:use)?|account)="
)
_HARMLESS = re.compile(r"(?i)(?:channel|stream|subtype|unicast|proto|profile|trackid)=[a-z0-9]{0,8}(?:\.sdp)?")
_PRINTABLE = "".join(map(chr, range(33, 127)))


@dataclass(frozen=True, slots=True)
class RtspAddress:
    """An address that has one reading. `rest` is what is asked for at the host, its leading slash included."""

    scheme: str  # rtsp or rtsps
    host: str  # IPv6 without brackets
    port: int
    place: str  # host and port as they are written
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    rest: str = field(repr=False)

    @property
    def opens(self) -> str:
        """As programs read it, login included: everything escaped that needs to be."""
        login = ""
        if self.user is not None:
            login = quote(self.user, safe="")
            login += f":{quote(self.password, safe='')}" if self.password is not None else ""
            login += "@"
        return f"{self.scheme}://{login}{self.place}{quote(self.rest, safe=_PRINTABLE)}"

    @property
    def shown(self) -> str:
        """Fit for a screen or a log."""
        return f"{self.scheme}://{self.place}{_without_secrets(self.rest)}"


def read_rtsp(url: str) -> RtspAddress:
    """Read `rtsp://…` or `rtsps://…`.

    Raises:
        SourceError: BAD_ADDRESS, with what to write instead; its text holds nothing of the address.
    """
    scheme, separator, after = url.strip().partition("://")
    scheme = scheme.lower()
    if scheme not in PORTS or not separator:
        raise _bad("A network camera's address begins with rtsp:// or rtsps://.")
    try:
        after.encode()
    except UnicodeEncodeError:
        raise _bad(_UNREADABLE) from None
    login, place = _split(after)
    end = _end_of_place(place)
    written, rest = place[:end], place[end:]
    found = _PLACE.fullmatch(written)
    if found is None:
        raise _bad(_NO_HOST if written in ("", ":") or written.startswith(":") else _UNREADABLE)
    port = int(found[2]) if found[2] else PORTS[scheme]
    if not 0 < port < 65536:
        raise _bad(_UNREADABLE)
    host = found[1].strip("[]")
    if found[1].startswith("[") and not _is_numeric(host):
        raise _bad(_UNREADABLE)
    user, colon, password = ("", "", "") if login is None else login.partition(":")
    read = str if _UNESCAPED.search(login or "") else unquote  # who did not escape / did not escape % either
    return RtspAddress(
        scheme,
        host,
        port,
        f"{found[1]}:{found[2]}" if found[2] else found[1],
        user=None if login is None else read(user),
        password=read(password) if colon else None,
        rest=_without_fragment(rest),
    )


def shown(url: str) -> str:
    """What may be shown of any camera's address, also of one that was kept before it would have been refused."""
    if not url.strip().lower().startswith(("rtsp:", "rtsps:")):
        return url  # a file or a device
    try:
        return read_rtsp(url).shown
    except SourceError:
        return f"{url.strip().partition(':')[0].lower()}://{HIDDEN}"


def _split(after: str) -> tuple[str | None, str]:
    """The login, if there is one, and what follows it. Raises `SourceError` where that is not clear."""
    end = _end_of_place(after)
    near = after.rfind("@", 0, end)  # where a browser would split
    far = _last_login(after, end)  # where the owner may have meant to
    here = after[near + 1 : end]
    if "@" not in after[end:] or _is_numeric_place(here) or (far < 0 <= near):
        return (None, after) if near < 0 else (after[:near], after[near + 1 :])
    there = after[far + 1 :] if far >= 0 else ""
    is_login = far >= 0 and ":" in after[:far]
    if is_login and (_PLACE.fullmatch(here) is None or _is_numeric_place(there[: _end_of_place(there)])):
        return after[:far], there
    if near < 0 and ":" not in here:
        return None, after  # a host's name, and an @ in its path
    raise _bad(_UNCLEAR)


def _without_fragment(rest: str) -> str:
    """A fragment is never sent; a # behind `password=` is none."""
    before, _, _ = rest.partition("#")
    return rest.replace("#", "%23") if _SECRET.search(before) else before


def _last_login(after: str, begin: int) -> int:
    """The last @ from `begin` on that is followed by what could be a host; -1 when there is none."""
    at = after.rfind("@", begin)
    while at >= 0:
        there = after[at + 1 :]
        found = _PLACE.fullmatch(there[: _end_of_place(there)])
        if found is not None and (found[1].strip("0123456789._-") or _is_numeric(found[1])):
            return at
        at = after.rfind("@", begin, at)
    return -1


def _end_of_place(text: str) -> int:
    found = _ENDS.search(text)
    return found.start() if found else len(text)


def _is_numeric_place(text: str) -> bool:
    found = _PLACE.fullmatch(text)
    return found is not None and _is_numeric(found[1].strip("[]"))


def _is_numeric(host: str) -> bool:
    """Whether it is an IP address; nobody's name or password is written like one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _without_secrets(rest: str) -> str:
    """`rest` without the values of names like password, and without anything that may belong to one of them."""
    if "@" in rest or "%40" in rest:
        return f"/{HIDDEN}"
    parts, has_secret = [], False
    for part in rest.split("&"):
        found = _SECRET.search(part)
        if found is not None:
            parts.append(part[: found.end()] + HIDDEN)
            has_secret = True
        elif not has_secret or _HARMLESS.fullmatch(part):
            parts.append(part)
        else:
            parts.append(HIDDEN)
    text = "&".join(parts)
    return text if _SECRET.search(unquote(rest)) is None or has_secret else f"/{HIDDEN}"


def _bad(text: str) -> SourceError:
    return SourceError(Reason.BAD_ADDRESS, text)
