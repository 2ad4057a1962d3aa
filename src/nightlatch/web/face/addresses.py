"""Whom a network address stands for, so that one sender is counted as one."""

from __future__ import annotations

import ipaddress

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


def _read(address: str) -> Address | None:
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(known, ipaddress.IPv6Address) and known.ipv4_mapped is not None:
        return known.ipv4_mapped
    return known
