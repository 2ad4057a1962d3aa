"""Answers a camera's challenge: Basic (RFC 7617), Digest with MD5 and SHA-256 (RFC 2617, RFC 7616).

The password goes into answers and nowhere else: no text, `repr` or exception holds it.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field

from nightlatch.pixels.sources.rtsp import refusals

_SCHEME = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9-]*)(?=[\s,]|$)(?!\s*=)")
_PARAMETER = re.compile(r'[\s,]*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
_MOST_CHALLENGES = 16
_MOST_STALE = 3  # fresh nonces in a row for one request: a camera that never takes one is no wrong password, but odd


@dataclass(frozen=True, slots=True)
class LoginChallenge:
    """One way in which the camera wants the password proved."""

    scheme: str  # basic or digest
    realm: str = ""
    nonce: str = field(default="", repr=False)
    opaque: str | None = None
    algorithm: str = "MD5"  # as the camera wrote it
    is_named: bool = False  # whether it wrote one
    qop: str | None = None  # which one of those on offer we use
    is_stale: bool = False

    @property
    def digest(self) -> str:
        """The algorithm without `-sess`, in capitals."""
        return self.algorithm.upper().removesuffix("-SESS")

    @property
    def strength(self) -> int:
        """Stronger ones are greater; 0 for what cannot be answered."""
        if self.scheme == "basic":
            return 1
        if self.scheme != "digest" or self.digest not in _HASHES or self.qop == "":
            return 0
        return 2 if self.digest == "MD5" else 3


def parse_challenges(headers: Sequence[str]) -> list[LoginChallenge]:
    """All challenges in the `WWW-Authenticate` headers of one answer, in their order; one header may hold several."""
    found: list[LoginChallenge] = []
    for text in headers:
        at = 0
        while at < len(text) and len(found) < _MOST_CHALLENGES:
            scheme = _SCHEME.match(text, at)
            if scheme is None:
                break
            at, told = scheme.end(), {}
            while (parameter := _PARAMETER.match(text, at)) is not None:
                quoted, plain = parameter[2], parameter[3]
                told[parameter[1].lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                at = parameter.end()
            found.append(_challenge(scheme[1].lower(), told))
    return found


def _challenge(scheme: str, told: dict[str, str]) -> LoginChallenge:
    qop: str | None = None
    if told.get("qop"):
        offered = {each.strip().lower() for each in told["qop"].split(",")}
        qop = next((each for each in ("auth", "auth-int") if each in offered), "")
    return LoginChallenge(
        scheme,
        told.get("realm", ""),
        told.get("nonce", ""),
        told.get("opaque"),
        told.get("algorithm") or "MD5",
        "algorithm" in told,
        qop,
        told.get("stale", "").lower() == "true",
    )


@dataclass(frozen=True, slots=True)
class DigestProof:
    """One answer to a Digest challenge (RFC 7616, 3.4), for a request with an empty body."""

    challenge: LoginChallenge
    method: str
    uri: str = field(repr=False)
    count: int  # of answers to this nonce, this one included
    cnonce: str = field(repr=False)

    def header(self, user: str, password: str) -> str:
        """The value of `Authorization`."""
        asked = self.challenge
        parts = [
            f'username="{_quoted(user)}"',
            f'realm="{_quoted(asked.realm)}"',
            f'nonce="{_quoted(asked.nonce)}"',
            f'uri="{self.uri}"',
            f'response="{self._response(user, password)}"',
        ]
        if asked.is_named:
            parts.append(f"algorithm={asked.algorithm}")
        if asked.opaque is not None:
            parts.append(f'opaque="{_quoted(asked.opaque)}"')
        if asked.qop:
            parts += [f"qop={asked.qop}", f"nc={self.count:08x}"]
        if asked.qop or self._is_session:
            parts.append(f'cnonce="{self.cnonce}"')
        return "Digest " + ", ".join(parts)

    def _response(self, user: str, password: str) -> str:
        asked, digest = self.challenge, self._digest
        first = digest(f"{user}:{asked.realm}:{password}")
        if self._is_session:
            first = digest(f"{first}:{asked.nonce}:{self.cnonce}")
        body = f":{digest('')}" if asked.qop == "auth-int" else ""
        second = digest(f"{self.method}:{self.uri}{body}")
        between = f"{asked.nonce}:{self.count:08x}:{self.cnonce}:{asked.qop}" if asked.qop else asked.nonce
        return digest(f"{first}:{between}:{second}")

    @property
    def _is_session(self) -> bool:
        return self.challenge.algorithm.upper().endswith("-SESS")

    def _digest(self, text: str) -> str:
        return hashlib.new(_HASHES[self.challenge.digest], text.encode(), usedforsecurity=False).hexdigest()


class Login:
    """A name and a password, and what the camera wanted last. One for each camera and host."""

    def __init__(self, user: str | None, password: str) -> None:
        self._user, self._password = user, password
        self._challenge: LoginChallenge | None = None
        self._count = 0  # answers to this nonce
        self._is_proven = False  # whether one of them was taken
        self._refused: set[str] = set()  # ways that were answered and refused
        self._stale = 0

    def __repr__(self) -> str:
        return "Login(…)"

    @property
    def is_challenged(self) -> bool:
        """Whether the camera asked for the password, and there is one."""
        return self._challenge is not None

    def header(self, method: str, uri: str) -> str | None:
        """`Authorization` for a request without a body; None while nothing was asked for."""
        challenge = self._challenge
        if challenge is None or self._user is None:
            return None
        if challenge.scheme == "basic":
            return "Basic " + b64encode(f"{self._user}:{self._password}".encode()).decode()
        self._count += 1
        asked = DigestProof(challenge, method, uri, self._count, secrets.token_hex(8))
        return asked.header(self._user, self._password)

    def accept(self) -> None:
        """The last answer was taken."""
        self._is_proven = True
        self._refused.clear()
        self._stale = 0

    def begin_anew(self) -> None:
        """Another connection: the nonce may be no longer good."""
        self._is_proven = self._challenge is not None

    def meet(self, headers: Sequence[str], was_answered: bool) -> None:
        """Take the challenges of a 401; `was_answered` says whether that request proved the password already.

        Raises:
            SourceError: there is no password, it was refused, or no challenge is of a kind that we know.
        """
        offered = sorted(parse_challenges(headers), key=lambda each: each.strength, reverse=True)
        known = [each for each in offered if each.strength]
        if not known:
            raise refusals.unknown_login()
        if self._user is None:
            raise refusals.no_password()
        before = self._challenge
        if was_answered and before is not None and not self._is_fresh(before, known):
            self._refused.add(_way(before))
        # Never from Digest down to Basic: whoever sits in between could ask for the password itself.
        is_digest = any(each.scheme == "digest" for each in known)
        left = [
            each for each in known if _way(each) not in self._refused and (each.scheme == "digest" or not is_digest)
        ]
        if not left:
            raise refusals.wrong_password()
        self._challenge, self._count, self._is_proven = left[0], 0, False

    def _is_fresh(self, before: LoginChallenge, known: Sequence[LoginChallenge]) -> bool:
        """Whether only the nonce was too old: the camera says so (RFC 2617, 3.2.1), or it took it before."""
        if not self._is_proven and not any(each.is_stale and _way(each) == _way(before) for each in known):
            return False
        self._stale += 1
        return self._stale <= _MOST_STALE


def _way(challenge: LoginChallenge) -> str:
    return challenge.scheme if challenge.scheme == "basic" else challenge.algorithm.upper()


def _quoted(text: str) -> str:
    text = "".join(each for each in text if each >= " ")  # no name ends the header that it stands in
    return text.replace("\\", "\\\\").replace('"', '\\"')
