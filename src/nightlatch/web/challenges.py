"""Challenges that cost no memory until they were answered, so that asking for many of them locks nobody out.

    challenge = whatever stands before it || unix ms (6 bytes) || nonce (10 bytes) || HMAC-SHA256 of all that (16 bytes)

The key lives in memory only: a restart ends them all. One that was answered rightly is remembered until it is over;
a wrong answer uses nothing up.
"""

from __future__ import annotations

import hmac
import secrets
import threading

from nightlatch.domain.time import MINUTE_MS, Clock

LIFE_MS = 2 * MINUTE_MS
LENGTH = 32
TIME_BYTES, NONCE_BYTES, MAC_BYTES = 6, 10, 16


class Challenges:
    """Makes them, and knows its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._key = clock, secrets.token_bytes(32)
        self._answered: dict[bytes, int] = {}  # → when it was made
        self._lock = threading.Lock()

    def fresh(self, before: bytes = b"") -> bytes:
        """A new one, behind somebody else's if it is to be checked by both; `LENGTH` bytes longer than that."""
        told = before + self._clock.now_ms().to_bytes(TIME_BYTES, "big") + secrets.token_bytes(NONCE_BYTES)
        return told + self._mac(told)

    def is_open(self, challenge: bytes) -> bool:
        """Whether it is one of ours, not over, and not answered yet."""
        told, mac = challenge[:-MAC_BYTES], challenge[-MAC_BYTES:]
        is_ours = len(challenge) >= LENGTH and hmac.compare_digest(self._mac(told), mac)
        return is_ours and self._is_young(_made_ms(challenge)) and challenge not in self._answered

    def answered(self, challenge: bytes) -> bool:
        """It was answered rightly: once. False for the second time, and for one that is over or not ours."""
        with self._lock:
            if not self.is_open(challenge):
                return False
            self._answered = {each: made for each, made in self._answered.items() if self._is_young(made)}
            self._answered[challenge] = _made_ms(challenge)
            return True

    def _is_young(self, made_ms: int) -> bool:
        return 0 <= self._clock.now_ms() - made_ms < LIFE_MS

    def _mac(self, told: bytes) -> bytes:
        return hmac.digest(self._key, told, "sha256")[:MAC_BYTES]


def _made_ms(challenge: bytes) -> int:
    return int.from_bytes(challenge[-LENGTH : TIME_BYTES - LENGTH], "big")
