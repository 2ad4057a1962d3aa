"""Alerts to the owner's browsers: Web Push (RFC 8030), sealed to each browser (RFC 8291), signed by the hub (RFC 8292).

The push service of the browser's maker sees that an alert came, when, and its size, not what it says. Every message is
padded to the same length by the encoding's record, and a small still is inside it, not behind a link.

A page names its browser's push service. The hub asks nobody at home in its name: an endpoint is an address on the
internet when it is taken, and what its name stands for is looked at again for every alert.
"""

from __future__ import annotations

import asyncio
import json
import os
from base64 import b64encode, urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nightlatch.domain.sighting import Verdict
from nightlatch.domain.time import Clock
from nightlatch.durably import write_durably
from nightlatch.errors import ConfigError
from nightlatch.hub.serve.alerts.alert import Alert
from nightlatch.hub.serve.books.books import Books
from nightlatch.hub.serve.books.records import PushRow, SessionRow
from nightlatch.web.addresses import is_push_service
from nightlatch.web.asking import Bounds, Unanswered, ask

LENGTH = 3_000  # of each message before encryption: push services take 4,096 bytes in all
LARGEST_JPEG = 1_900
KEEP_S = 3_600  # how long a push service holds an alert for a browser that is off
SERVICE = Bounds(most_bytes=16_384, within_s=10.0)
TOKEN_LIFE_S = 12 * 3_600  # RFC 8292, 2: at most a day
MOST_FAILURES = 20
FAILING = 3  # in a row
REMEMBERED = 500  # events whose last alert is remembered, by browser
MOST_UPDATES = 8  # of one alert in silence: push services count messages, and a phone's battery does
WORSE = (Verdict.ROUTINE, Verdict.UNSURE, Verdict.HELP, Verdict.THREAT)  # in this order
GONE = (404, 410)  # RFC 8030, 7.3: the subscription has ended
CONTACT = "mailto:hub@nightlatch.invalid"  # RFC 8292 asks for a contact; a household has none to give away
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PushNotice:
    """What devices are told of the hub itself. The newest of a `topic` takes the place of the one before."""

    topic: str
    title: str
    text: str
    is_urgent: bool = False
    silent_ms: tuple[int, int] | None = None  # from when to when it was; a device says that in its own time

    def told(self) -> dict[str, object]:
        """As the page's service worker reads it."""
        return {
            "title": self.title,
            "text": self.text,
            "clip": None,
            "event": self.topic,
            "threat": self.is_urgent,
            "still": None,
            "silent": self.silent_ms,
        }


@dataclass(frozen=True, slots=True)
class PushedAlert:
    """What a browser shows of an event: an alert with the same tag takes its place."""

    title: str
    verdict: Verdict
    has_picture: bool
    updates: int = 0  # so far
    loudest: int = -1  # the worst that made a noise, as its place in `WORSE`; -1: none has

    def after(self, alert: Alert, *, is_loud: bool) -> PushedAlert:
        """What it shows once this one has taken its place."""
        loudest = max(self.loudest, WORSE.index(alert.verdict)) if is_loud else self.loudest
        return PushedAlert(
            alert.title, alert.verdict, self.has_picture or _jpeg(alert) is not None, self.updates + 1, loudest
        )

    def is_outdone(self, alert: Alert) -> bool:
        """Whether this one says more: another verdict, somebody else, the first picture."""
        has_news = (self.title, self.verdict) != (alert.title, alert.verdict)
        return has_news or (_jpeg(alert) is not None and not self.has_picture)


@dataclass(frozen=True, slots=True)
class PushLetter:
    """A message sealed to one browser, and the hub's word to its push service, good for `TOKEN_LIFE_S`."""

    endpoint: str
    token: str = field(repr=False)
    body: bytes = field(repr=False)


class Push:
    """All browsers of the household."""

    name = "push"

    def __init__(self, data_dir: Path, books: Books, clock: Clock, *, outside_only: bool = True) -> None:
        """`outside_only` unless the push service of a test runs on this machine."""
        self._outside_only = outside_only
        self._books = books
        self._clock = clock
        self._vapid = _key(data_dir / "push.key")
        self._shown: OrderedDict[tuple[str, str], PushedAlert] = OrderedDict()  # by endpoint and event
        raw = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = urlsafe_b64encode(raw).decode().rstrip("=")

    async def run(self) -> None:
        """Nothing is kept open."""

    async def send(self, alert: Alert) -> None:
        """Tell every browser that asked for this verdict, and put right what was told it of this event.

        It makes a noise once, if the mode says so (domain.waking), and again when it turns out worse.
        """
        rows = await asyncio.to_thread(self._wanting, alert)
        await asyncio.gather(*(asyncio.to_thread(self._send, row, alert, is_loud=is_loud) for row, is_loud in rows))

    def subscribe(self, session_id: str, endpoint: str, p256dh: str, auth: str, verdicts: list[Verdict]) -> None:
        """Remember a browser, or change what it wants.

        Raises:
            ConfigError: an endpoint that is not a push service on the internet.
        """
        if not is_push_service(endpoint):
            raise ConfigError("This browser's push service has an address that cannot be used.")
        with self._books.change() as session:
            session.merge(
                PushRow(
                    endpoint=endpoint,
                    session_id=session_id,
                    p256dh=p256dh,
                    auth=auth,
                    verdicts=json.dumps([verdict.value for verdict in verdicts]),
                    created_ms=self._clock.now_ms(),
                    failures=0,
                )
            )
            session.execute(update(SessionRow).where(SessionRow.id == session_id).values(unalerted_ms=None))

    def unsubscribe(self, session_id: str) -> None:
        """Forget the browser of this session."""
        with self._books.change() as session:
            session.execute(delete(PushRow).where(PushRow.session_id == session_id))
            session.execute(update(SessionRow).where(SessionRow.id == session_id).values(unalerted_ms=None))

    def wanted(self, session_id: str) -> list[str]:
        """The verdicts that alert the browser of this session."""
        with Session(self._books.engine) as session:
            found = session.scalar(select(PushRow.verdicts).where(PushRow.session_id == session_id))
        return [str(verdict) for verdict in json.loads(found)] if found else []

    def _wanting(self, alert: Alert) -> list[tuple[PushRow, bool]]:
        """Whom to send it to, and whether it makes a noise there."""
        return [(row, is_loud) for row in self._rows() if (is_loud := self._noise(row, alert)) is not None]

    def _noise(self, row: PushRow, alert: Alert) -> bool | None:
        """None: it is no news to this browser. A browser that was told is told better, whatever it asked for."""
        key, is_asked = (row.endpoint, alert.event_id), alert.verdict.value in json.loads(row.verdicts)
        shown = self._shown.get(key)
        before = shown or PushedAlert("", alert.verdict, False)
        is_loud = is_asked and alert.wakes and WORSE.index(alert.verdict) > before.loudest
        is_quiet_news = shown.is_outdone(alert) and shown.updates <= MOST_UPDATES if shown is not None else is_asked
        if not (is_loud or is_quiet_news):
            return None
        self._shown[key] = before.after(alert, is_loud=is_loud)
        while len(self._shown) > REMEMBERED:
            self._shown.popitem(last=False)
        return is_loud

    # ---- what is not about an event ----------------------------------------------------------------------

    async def say(self, notice: PushNotice) -> None:
        """Tell every browser of the household now."""
        rows = await asyncio.to_thread(self._rows)
        message = _padded(notice.told())
        await asyncio.gather(*(asyncio.to_thread(self._deliver, row, message, "high") for row in rows))

    def written(self, notice: PushNotice, ahead_s: int = 0) -> list[PushLetter]:
        """The same to be sent later, by somebody who cannot read it: sealed and signed for each browser.

        `ahead_s`: how far the clock of whoever sends it is known to be ahead of ours, which may be wrong.
        """
        found = []
        for row in self._rows():
            try:
                found.append(self._letter(row, _padded(notice.told()), ahead_s))
            except Exception:  # whatever the libraries make of keys that a page made up
                log.exception("push.not_sealed")
        return found

    def devices(self) -> frozenset[tuple[str, str, str]]:
        """Whom letters would go to: by address and keys."""
        return frozenset((row.endpoint, row.p256dh, row.auth) for row in self._rows())

    def lost(self) -> tuple[str, ...]:
        """Names of the devices that alerts do not reach: given up, or failing again and again."""
        failing = select(PushRow.session_id).where(PushRow.failures >= FAILING)
        query = select(SessionRow.name).where(SessionRow.unalerted_ms.is_not(None) | SessionRow.id.in_(failing))
        with Session(self._books.engine) as session:
            return tuple(dict.fromkeys(session.scalars(query.order_by(SessionRow.created_ms))))

    def _rows(self) -> list[PushRow]:
        with Session(self._books.engine) as session:
            rows = session.scalars(select(PushRow)).all()
            session.expunge_all()
        return list(rows)

    def _send(self, row: PushRow, alert: Alert, *, is_loud: bool) -> None:
        self._deliver(row, _message(alert, is_loud=is_loud), "high" if is_loud else "normal")

    def _deliver(self, row: PushRow, message: str, urgency: str) -> None:
        try:
            letter = self._letter(row, message)
        except Exception:  # whatever the libraries make of keys that a page made up
            log.exception("push.not_sealed")
            self._note(row, None)
            return
        headers = {
            "Authorization": letter.token,
            "Content-Encoding": "aes128gcm",
            "TTL": str(KEEP_S),
            "Urgency": urgency,
        }
        try:
            reply = ask(
                "POST", row.endpoint, SERVICE, body=letter.body, headers=headers, outside_only=self._outside_only
            )
        except Unanswered as error:
            log.warning("push.failed", error=error.lack.name)
            self._note(row, None)
        else:
            self._note(row, 201 if 200 <= reply.status <= 202 else reply.status)

    def _letter(self, row: PushRow, message: str, ahead_s: int = 0) -> PushLetter:
        """The message as only this browser opens it, and what its push service wants to know."""
        from pywebpush import WebPusher  # brings aiohttp: 8 MiB that a hub without alerts never needs

        keys = {"p256dh": row.p256dh, "auth": row.auth}
        body = WebPusher({"endpoint": row.endpoint, "keys": keys}).encode(message.encode())["body"]
        at = urlsplit(row.endpoint)
        expires_s = self._clock.now_ms() // 1000 + ahead_s + TOKEN_LIFE_S
        claims = {"sub": CONTACT, "aud": f"{at.scheme}://{at.netloc}", "exp": expires_s}
        return PushLetter(row.endpoint, self._vapid.sign(claims)["Authorization"], body)

    def _note(self, row: PushRow, status: int | None) -> None:
        """Count failures; a subscription that has ended, or never answers, is dropped."""
        with self._books.change() as session:
            mine = PushRow.endpoint == row.endpoint
            if status in GONE or (status != 201 and row.failures + 1 >= MOST_FAILURES):
                session.execute(delete(PushRow).where(mine))
                given_up = update(SessionRow).where(SessionRow.id == row.session_id)
                session.execute(given_up.values(unalerted_ms=self._clock.now_ms()))
            else:
                failures = 0 if status == 201 else PushRow.failures + 1
                session.execute(update(PushRow).where(mine).values(failures=failures))


def _jpeg(alert: Alert) -> bytes | None:
    """Its picture, where that has room in a message."""
    return alert.jpeg if alert.jpeg is not None and len(alert.jpeg) <= LARGEST_JPEG else None


def _message(alert: Alert, *, is_loud: bool) -> str:
    """As the page's service worker reads it. `quiet`: it takes the place of the one before without a sound."""
    jpeg = _jpeg(alert)
    return _padded(
        {
            "title": alert.title[:80],
            "text": alert.text[:200],
            "clip": alert.clip_id,
            "event": alert.event_id,
            "threat": alert.verdict is Verdict.THREAT,
            "verdict": alert.verdict.value,
            "quiet": not is_loud,
            "still": b64encode(jpeg).decode() if jpeg else None,
        }
    )


def _padded(told: dict[str, object]) -> str:
    """JSON of the same length for every message."""
    return json.dumps(told, ensure_ascii=True).ljust(LENGTH)


def _key(path: Path) -> Vapid02:
    """The hub's push key (P-256), made at first use."""
    if path.exists():
        return Vapid02.from_pem(path.read_bytes())
    made = Vapid02()
    made.generate_keys()
    write_durably(path, made.private_pem())
    os.chmod(path, 0o600)
    return made
