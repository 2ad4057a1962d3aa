"""Whom a network address stands for, so that one sender is counted as one."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def sender(address: str) -> str:
    """The address itself, or its /64 in IPv6, which one sender has to itself."""
    known = _read(address)
    if isinstance(known, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((known, 64), strict=False))
    return address if known is None else str(known)


def is_this_machine(address: str) -> bool:
    """Whether it is a loopback address: a program of this machine, or a reverse proxy on it."""
    known = _read(address)
    return known is not None and known.is_loopback


def is_outside(address: str) -> bool:
    """Whether it is an address on the internet: none of this machine, of a home, of a link, of a cloud's inside."""
    known = _read(address)
    if isinstance(known, ipaddress.IPv6Address):
        inner = known.sixtofour or (ipaddress.IPv4Address(int(known) & 0xFFFFFFFF) if known in NAT64 else None)
        if inner is not None and not is_outside(str(inner)):
            return False
    return known is not None and known.is_global and not known.is_multicast


def is_secure_base(url: str) -> bool:
    """Whether a program may be asked there: over https, or on this machine. Anything unusual in a URL is refused."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port  # a port that is none raises
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return False
    if "@" in parts.netloc or parts.query or parts.fragment or not host:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK_NAMES)


INNER_NAMES = (".localhost", ".local", ".lan", ".internal", ".home.arpa", ".localdomain")


def is_push_service(endpoint: str) -> bool:
    """Whether it looks like a push service: https, a full name, nothing of a home. What it resolves to comes later."""
    try:
        parts = urlsplit(endpoint)
        name, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint or "\\" in endpoint:
        return False
    if parts.scheme != "https" or "@" in parts.netloc or "." not in name or name.endswith(INNER_NAMES):
        return False
    if ":" in name or not name.rpartition(".")[2][:1].isalpha():  # an address, in whatever notation
        return is_outside(name)
    return True


def _read(address: str) -> Address | None:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        return known.ipv4_mapped
    return known
