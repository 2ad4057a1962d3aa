"""Intake: seven numbered steps between a given clip and the waiting list. Pure but for the file and the decoder.

The film is opened in memory only, in one piece of its own size. Nothing else makes an `Admitted`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import BinaryIO, TypeVar

import av

from nightlatch.domain.consent import Consent, Consented, Purpose
from nightlatch.domain.donation import LARGEST_SEALED, LONGEST_MS, SHORTEST_MS, FilmFacts, State
from nightlatch.domain.redaction import RedactionReport, Style
from nightlatch.errors import SealError
from nightlatch.keeper.checks import CLOCK_SLACK_MS
from nightlatch.keeper.refusals import KeeperRefused, Refusal
from nightlatch.seal.envelope import SealedFile
from nightlatch.seal.identities import Opener

LENGTH_SLACK_MS = 100
MOST_PIXELS = 1920 * 1088
T = TypeVar("T")
_HARMLESS = {"major_brand", "minor_version", "compatible_brands", "encoder", "handler_name", "language", "vendor_id"}


@dataclass(frozen=True, slots=True)
class Head:
    """What comes before the film, with what the keeper knows about it."""

    now_ms: int
    donation: str
    state: State
    programme_key: str
    consented: Consented
    report: RedactionReport


@dataclass(frozen=True, slots=True)
class Arrival:
    """One clip as it arrives."""

    head: Head
    sealed: SealedFile
    opener: Opener = field(repr=False)


_DOOR = object()


@dataclass(frozen=True, slots=True)
class Admitted:
    """A clip that passed intake. Only `admit` makes one."""

    consented: Consented
    sealed: SealedFile = field(repr=False)
    film: FilmFacts
    door: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.door is not _DOOR:
            raise TypeError("An Admitted is made by admit alone.")


def check_head(head: Head) -> None:
    """The steps that need no film: 1, 2, 3 and 7. Raises `KeeperRefused`."""
    _before_the_film(head)
    _step(7, _report_hides_all, head, head.consented.consent)


def admit(offer: Arrival) -> Admitted:
    """All seven steps. Raises `KeeperRefused` with the name and number of the first that says no."""
    head, consent = offer.head, offer.head.consented.consent
    _before_the_film(head)
    plain = _open(offer)  # steps 4 and 5
    film = _step(6, lambda _, signed: check_film(plain, signed.length_ms), head, consent)
    _step(7, _report_hides_all, head, consent)
    return Admitted(head.consented, offer.sealed, film, _DOOR)


def _before_the_film(head: Head) -> None:
    consent = head.consented.consent
    _step(1, _consent_is_for_us, head, consent)
    _step(2, _consent_holds_now, head, consent)
    _step(3, lambda given, _: _not_taken_back(given), head, consent)


def _step(number: int, check: Callable[[Head, Consent], T], head: Head, consent: Consent) -> T:
    try:
        return check(head, consent)
    except KeeperRefused as refused:
        refused.step = number
        raise


def _consent_is_for_us(head: Head, consent: Consent) -> None:
    """1. The owner signed a consent for this donation and this programme, to label."""
    if consent.donation != head.donation or consent.programme_key != head.programme_key:
        raise KeeperRefused(Refusal.CONSENT, "The consent is for another donation or programme. Give the clip again.")
    if Purpose.LABEL not in consent.purposes:
        raise KeeperRefused(Refusal.CONSENT, "Without leave to label it, the programme has no use for the clip.")


def _consent_holds_now(head: Head, consent: Consent) -> None:
    """2. It has begun and not ended."""
    if not consent.given_ms - CLOCK_SLACK_MS <= head.now_ms < consent.expires_ms:
        raise KeeperRefused(Refusal.EXPIRED, "The consent has ended, or a clock is wrong. Give the clip again.")


def _not_taken_back(head: Head) -> None:
    """3. It was not taken back (a donation takes one consent, ever), and this donation has no clip yet."""
    if head.state is not State.MADE:
        raise KeeperRefused(Refusal.REVOKED, "This donation was taken back, or is here already. Give the clip anew.")


def _open(offer: Arrival) -> io.BytesIO:
    """4. The sealed file opens with the key of this donation. 5. Inside is what the owner played to its end."""
    if offer.sealed.size > LARGEST_SEALED:
        raise KeeperRefused(Refusal.SIZE, f"A clip has at most {LARGEST_SEALED // 1024**2} MiB. Give a shorter one.", 4)
    plain = _room_for(offer.sealed.size)
    try:
        offer.opener.open_into(offer.sealed, plain)
    except SealError:
        raise KeeperRefused(Refusal.HASH, "The file was sealed to another key. Give the clip again.", 4) from None
    plain.truncate()
    if sha256(plain.getbuffer()).hexdigest() != offer.head.consented.consent.sha256:
        raise KeeperRefused(Refusal.HASH, "The file is not the one that the owner signed for. Give it again.", 5)
    return plain


def _room_for(size: int) -> io.BytesIO:
    """Memory for so many bytes, taken at once: one that grows as it is written takes twice as much on the way."""
    made = io.BytesIO()
    made.seek(size)
    made.write(b"\0")
    made.seek(0)
    return made


def check_film(mp4: BinaryIO, length_ms: int) -> FilmFacts:
    """6. One H.264 picture stream of 20 to 30 seconds, no sound, nothing written beside it. Raises `KeeperRefused`."""
    film = _read_film(mp4)
    if film.streams != ("video",) or film.codec != "h264":
        raise KeeperRefused(Refusal.FILM, "A given clip is one H.264 picture stream without sound. Redact it again.")
    if film.metadata:
        raise KeeperRefused(Refusal.FILM, "The file says more than its pictures (tags). Redact it again.")
    if film.width * film.height > MOST_PIXELS:
        raise KeeperRefused(Refusal.FILM, "The pictures are larger than 1920 × 1088. Redact it again.")
    if not SHORTEST_MS <= film.length_ms <= LONGEST_MS or abs(film.length_ms - length_ms) > LENGTH_SLACK_MS:
        raise KeeperRefused(Refusal.LENGTH, "A given clip is 20 to 30 seconds long, as its consent says. Cut it again.")
    return film


def _report_hides_all(head: Head, consent: Consent) -> None:
    """7. The redaction's report is of this file and says that all whom it found are covered."""
    report = head.report
    if report.sha256 != consent.sha256 or report.style not in tuple(Style):
        raise KeeperRefused(Refusal.REPORT, "The redaction's report is of another file. Redact the clip again.")
    if not report.hides_all:
        raise KeeperRefused(
            Refusal.REPORT, "The redaction did not hide everybody, or left sound or tags. Redact again."
        )


def _read_film(mp4: BinaryIO) -> FilmFacts:
    try:
        mp4.seek(0)
        with av.open(mp4, "r", format="mp4") as container:
            video = container.streams.video[0] if container.streams.video else None
            if video is None or video.time_base is None:
                raise KeeperRefused(Refusal.FILM, "There are no pictures in this file. Redact the clip again.")
            tags = [container.metadata, *(stream.metadata for stream in container.streams)]
            packets = [p for p in container.demux(video) if p.pts is not None]
            begin = min(p.pts for p in packets if p.pts is not None)
            end = max((p.pts or 0) + (p.duration or 0) for p in packets)
            return FilmFacts(
                length_ms=round((end - begin) * video.time_base * 1000),
                pictures=len(packets),
                streams=tuple(stream.type for stream in container.streams),
                codec=video.codec_context.name,
                width=video.codec_context.width,
                height=video.codec_context.height,
                metadata=tuple(sorted({name for each in tags for name in each} - _HARMLESS)),
            )
    except (av.FFmpegError, ValueError):
        raise KeeperRefused(Refusal.FILM, "This file cannot be read as MP4. Redact the clip again.") from None
