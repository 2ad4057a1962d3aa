"""The hub's face: for a home network and its own page, under its own names."""

from __future__ import annotations

import ipaddress
import re

from fastapi import Request

from nightlatch.errors import CloudError, ConfigError, NightlatchError, SourceError
from nightlatch.hub.errands.asking import LARGEST_FILM
from nightlatch.hub.serve.house import SignedOut
from nightlatch.hub.serve.logs import LogDoubted, NotAudited
from nightlatch.hub.serve.people.household import SetUpAlready
from nightlatch.hub.serve.routes.asking import Gone
from nightlatch.hub.settings import HubSettings
from nightlatch.web.face import MIB, Face, Gate, Limits, NotAtHome, Statuses, Upload, only_from

HEADERS = {  # the camera: to scan a programme's invitation, when the owner chooses to
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
        "media-src blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
STATUSES: Statuses = {
    SignedOut: 401,
    SetUpAlready: 409,
    Gone: 410,
    LogDoubted: 409,
    NotAudited: 503,
    CloudError: 502,
    ConfigError: 422,
    SourceError: 422,
}
LIMITS = Limits(longest_body=MIB)
FILM = Upload("POST", re.compile(r"/api/giving/offers\Z"), LARGEST_FILM, body_s=300.0)
HOME_NAMES = (".localhost", ".local", ".lan", ".home.arpa")


def hub_face(settings: HubSettings) -> Face:
    """The face of a hub with these settings."""
    return Face(
        "this hub",
        limits=LIMITS,
        statuses=STATUSES,
        headers=HEADERS,
        uploads=(FILM,),
        gates=(known_as(settings.host_names), only_from("the hub's own page")),
        words=_reason,
    )


def known_as(names: list[str]) -> Gate:
    """Against DNS rebinding: a foreign name that points at this machine is not a name of this hub."""
    ours = {name.lower() for name in names}

    def gate(request: Request) -> None:
        host = _host(request)
        if not (host in ours or _is_of_a_home(host)):
            raise NotAtHome(f"This hub is not known as {host}. Add it to [hub] host_names.")

    return gate


def _host(request: Request) -> str:
    try:
        return (request.url.hostname or "").lower().rstrip(".")
    except ValueError:  # a bracket that is never closed, and the like
        return ""


def _is_of_a_home(host: str) -> bool:
    if host == "localhost" or host.endswith(HOME_NAMES) or (host and "." not in host):
        return True
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _reason(error: NightlatchError) -> dict[str, str | int]:
    return {"reason": error.reason.value} if isinstance(error, SourceError) else {}
