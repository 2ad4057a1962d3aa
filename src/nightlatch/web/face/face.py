"""What a program shows to the network, declared once: its limits, statuses, headers, and who is turned away.

Every error is one sentence in JSON, `{"error": …}`, with the status of its most specific class. Nothing unexpected
leaves this machine: the client reads a calm sentence, the log has the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from nightlatch.errors import NightlatchError, NotFound, Refused, TooManyTries
from nightlatch.web.face.limits import Allowance, Limits, Upload, allowance
from nightlatch.web.face.refusals import NotAtHome, TooLarge, TooSlow, Unmeasured

Statuses = Mapping[type[NightlatchError], int]
Gate = Callable[[Request], None]  # raises a `NightlatchError` for a request that goes no further

SAFE = ("GET", "HEAD", "OPTIONS")
NOTHING_HERE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
STRICT: Mapping[str, str] = {
    "Content-Security-Policy": NOTHING_HERE,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATUSES: Statuses = {
    NotFound: 404,
    Refused: 403,
    TooManyTries: 429,
    TooLarge: 413,
    TooSlow: 408,
    Unmeasured: 411,
    NotAtHome: 421,
}
MOST_PLACES, LONGEST_PLACE = 8, 60


class Sentence(JSONResponse):
    """JSON that can always be written: half a character, quoted from a request, becomes its escape."""

    def render(self, content: object) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def no_words(_: NightlatchError) -> Mapping[str, str | int]:
    return {}


def not_noted(_: Request, __: NightlatchError) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Face:
    """One program's face. `put_on` gives it to an application."""

    place: str  # "this mailbox": where there is no such address
    limits: Limits = field(default_factory=Limits)
    statuses: Statuses = field(default_factory=dict)  # beside and before `STATUSES`; the most specific class wins
    headers: Mapping[str, str] = field(default_factory=dict)  # beside and before `STRICT`
    uploads: tuple[Upload, ...] = ()
    gates: tuple[Gate, ...] = ()
    takes_unmeasured: bool = False  # bodies without Content-Length; their bytes are counted in any case
    words: Callable[[NightlatchError], Mapping[str, str | int]] = no_words  # more for a program to read: a reason
    note: Callable[[Request, NightlatchError], None] = not_noted  # hears of every error that a route raised

    def status(self, error: NightlatchError) -> int:
        """The HTTP status of an error of ours."""
        known = {**STATUSES, **self.statuses}
        return next((known[kind] for kind in type(error).__mro__ if kind in known), 400)

    def all_headers(self) -> Mapping[str, str]:
        """What every answer carries that does not say otherwise."""
        return {**STRICT, **self.headers}

    def allowed(self, method: str, path: str) -> Allowance:
        """How long a request's body may be, and how long it may take."""
        return allowance(self.limits, self.uploads, method, path)

    def refusal(self, error: NightlatchError) -> Sentence:
        """An error of ours, as an answer."""
        headers = {"Connection": "close"} if isinstance(error, TooSlow) else {}
        if isinstance(error, TooManyTries):
            headers["Retry-After"] = str(error.retry_after_s)
        return Sentence({"error": str(error), **self.words(error)}, self.status(error), headers)

    def malformed(self, error: RequestValidationError) -> Sentence:
        """A request whose shape is wrong; says where."""
        return Sentence({"error": f"This request cannot be read: {_places(error)}."}, 422)

    def nowhere(self, status: int, headers: Mapping[str, str] | None) -> Sentence:
        """What routing found wrong: mostly that nothing is at this address."""
        is_address = status in (404, 405)
        text = f"There is no such address in {self.place}." if is_address else "This request cannot be read."
        return Sentence({"error": text}, status, dict(headers or {}))

    def broken(self) -> Sentence:
        """An error that is not the client's, nor one of ours."""
        return Sentence(
            {"error": f"Something went wrong in {self.place}; its log has the details. Try again later."}, 500
        )


def only_from(page: str, origin: str | None = None) -> Gate:
    """What changes something is taken from our own page: another site cannot send X-Nightlatch without being asked."""

    def gate(request: Request) -> None:
        sent_from = request.headers.get("origin", origin)
        is_ours = request.headers.get("x-nightlatch") == "1" and (origin is None or sent_from == origin)
        if request.method not in SAFE and not is_ours:
            raise Refused(f"Only {page} may ask for this.")

    return gate


def _places(error: RequestValidationError) -> str:
    places = [_place(each["type"], each["loc"]) for each in error.errors()]
    more = ["and more"] if len(places) > MOST_PLACES else []
    return ", ".join(places[:MOST_PLACES] + more)


def _place(kind: str, loc: tuple[int | str, ...]) -> str:
    if kind == "json_invalid":
        return "its body is not JSON"
    return ".".join(str(each) for each in loc[1:])[:LONGEST_PLACE] or "the body"
