"""From RTP to raw packets: one picture or a little sound each, with the camera's time, and whether it is torn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from nightlatch.pixels.codecs import (
    ENCODINGS,
    PICTURES,
    SOUNDS,
    AudioStream,
    PictureCodec,
    SoundCodec,
    SoundGathering,
)
from nightlatch.pixels.sources.feed import Raw
from nightlatch.pixels.sources.rtsp import refusals
from nightlatch.pixels.sources.rtsp.protocol import Channel
from nightlatch.pixels.sources.rtsp.rtp import RtpTrack
from nightlatch.pixels.sources.rtsp.sdp import Description, TrackOffer

_UNSURE_PICTURES = 8  # how many tell whether a camera's pictures come in pieces
_UNDESCRIBED = 8  # payloads, half a second, after which sound that nothing describes is said to be left out
_SOUND_NAMES = {
    "G722": "G.722",
    "G723": "G.723",
    "G726": "G.726",
    "G729": "G.729",
    "MP4A": "AAC",
    "MPA": "MP3",
    "MPEG4": "AAC",
}


class Tracks:
    """The pictures and the sound of one session."""

    def __init__(self) -> None:
        self._picture: PictureTrack | None = None
        self._sound: SoundTrack | None = None
        self._left_out: list[str] = []
        self._reports: list[tuple[int, RtpTrack]] = []
        self._takers: dict[int, Callable[[bytes, int, list[Raw]], None]] = {}

    @property
    def audio(self) -> AudioStream | None:
        """The sound as it is described by now."""
        return self._sound.stream if self._sound is not None else None

    @property
    def left_out(self) -> tuple[str, ...]:
        """A sentence for each track that is not kept."""
        late = self._sound.left_out if self._sound is not None else None
        return (*self._left_out, late) if late is not None else tuple(self._left_out)

    @property
    def lost(self) -> int:
        """Packets that are missing, so far."""
        return sum(track.rtp.lost for track in (self._picture, self._sound) if track is not None)

    @property
    def has_begun(self) -> bool:
        """Whether anything of the pictures came."""
        return self._picture is not None and self._picture.has_begun

    @property
    def has_left(self) -> bool:
        """Whether the pictures' sender said good-bye."""
        return self._picture is not None and self._picture.rtp.has_left

    def choose(self, description: Description) -> Sequence[TrackOffer]:
        """The first pictures and the first sound that can be kept.

        Raises:
            TakeOver: there are no pictures, or none that we know.
        """
        pictures = [offer for offer in description.offers if offer.media == "video"]
        picture = next((offer for offer in pictures if ENCODINGS.get(offer.encoding) in PICTURES), None)
        if picture is None:
            raise refusals.unknown_picture(pictures[0].encoding) if pictures else refusals.no_picture()
        if picture.parameters.get("packetization-mode") == "2":
            raise refusals.unreadable()  # out of order: no camera does that, and we do not sort
        self._picture = PictureTrack(picture, PICTURES[ENCODINGS[picture.encoding]])
        sounds = [offer for offer in description.offers if offer.media == "audio"]
        return [picture, *(offer for offer in sounds if self._sound is None and self._has_sound(offer))]

    def open(self, channel: Channel) -> None:
        """Take what comes on these channels."""
        track = self._picture if channel.offer.media == "video" else self._sound
        if track is not None:
            self._reports.append((channel.rtcp, track.rtp))
            self._takers[channel.rtcp] = track.report
            self._takers[channel.rtp] = track.take

    def refuse(self, offer: TrackOffer) -> None:
        """The camera does not send this sound."""
        self._sound = None
        self._left_out.append("Its sound cannot be recorded: the camera refuses to send it. Check its audio settings.")

    def take(self, frame: bytes, now_us: int, raws: list[Raw]) -> None:
        """An interleaved frame; what it completes goes into `raws`."""
        if (taker := self._takers.get(frame[1])) is not None:
            taker(frame, now_us, raws)

    def answer(self) -> bytes:
        """What the camera hears of how its packets arrive."""
        return b"".join([rtp.answer(channel) for channel, rtp in self._reports])

    def finish(self, raws: list[Raw]) -> None:
        """The session is over: hand out what was held back."""
        if self._picture is not None:
            self._picture.finish(raws)

    def _has_sound(self, offer: TrackOffer) -> bool:
        """Whether this sound can be kept; else the owner hears why it cannot."""
        codec = SOUNDS.get(ENCODINGS.get(offer.encoding, ""))
        if codec is None:
            self._left_out.append(
                f"Its sound ({_named(offer)}) cannot be recorded. Set the camera's audio to AAC if it can."
            )
            return False
        try:
            gathering = codec.gathering(offer.encoding, offer.rate, offer.channels, offer.parameters)
        except ValueError as error:
            self._left_out.append(str(error))
            return False
        self._sound = SoundTrack(offer, codec, gathering)
        return True


class PictureTrack:
    """Access units end with the marker, or where another timestamp begins (RFC 3550, 5.1; RFC 6184, 5.1)."""

    def __init__(self, offer: TrackOffer, codec: PictureCodec) -> None:
        self.rtp = RtpTrack(offer.payload_type, offer.rate)
        self._base = Fraction(1, offer.rate)
        self._gathering = codec.gathering()
        self._framing = codec.framing(codec.announced(offer.parameters), offer.fps)
        self._pieces = _Joining(codec)
        self._stamp: int | None = None
        self._is_torn = False

    def take(self, frame: bytes, now_us: int, raws: list[Raw]) -> None:
        """An interleaved frame; what it completes goes into `raws`."""
        rtp, gathering = self.rtp, self._gathering
        if rtp.goes_on(frame) and rtp.stamp == self._stamp:  # nine of ten packets are the next piece of a picture
            gathering.add(frame[16:])
            return
        payload = rtp.payload(frame)
        if payload is None:
            return
        stamp = rtp.stamp
        if rtp.is_gap:
            self._is_torn = True
            gathering.lose()
        if stamp != self._stamp:
            if self._stamp is not None:
                self._end(now_us, raws)
                if rtp.is_gap:
                    gathering.lose()
            self._stamp = stamp
        gathering.add(payload)
        if rtp.is_marked:
            self._end(now_us, raws)

    def report(self, frame: bytes, now_us: int, raws: list[Raw]) -> None:
        """An interleaved RTCP packet."""
        self.rtp.report(frame)

    @property
    def has_begun(self) -> bool:
        """Whether anything of it came."""
        return self._stamp is not None

    def finish(self, raws: list[Raw]) -> None:
        """The session is over: hand out what was held back."""
        self._pieces.finish(raws)

    def _end(self, now_us: int, raws: list[Raw]) -> None:
        unit, stamp = self._gathering.take(), self._stamp
        if unit is None or stamp is None:
            return
        if not unit.is_whole:
            self._is_torn = True
        elif unit.is_key:
            self._is_torn = False
        data = self._framing.frame_units(unit.units, unit.is_key)
        if not data:
            return
        video = self._framing.video if unit.is_key else None
        clock_us, is_torn = self.rtp.clock_us(stamp), self._is_torn
        raw = Raw("video", unit.is_key, None, stamp, self._base, 0, data, video, now_us, clock_us, is_torn)
        self._pieces.add(raw, raws)


class SoundTrack:
    """One payload may hold several frames, or a piece of one."""

    def __init__(self, offer: TrackOffer, codec: SoundCodec, gathering: SoundGathering) -> None:
        self.rtp = RtpTrack(offer.payload_type, offer.rate)
        self._rate, self._base = offer.rate, Fraction(1, offer.rate)
        self._codec, self._gathering, self._name = codec, gathering, _named(offer)
        self._undescribed = 0

    @property
    def stream(self) -> AudioStream | None:
        """What it is by now."""
        return self._gathering.stream

    @property
    def left_out(self) -> str | None:
        """Why it is not kept, in a sentence; None while it may yet be."""
        if self._gathering.stream is not None or self._undescribed < _UNDESCRIBED:
            return None
        why = "the camera does not say how it is encoded. Set its audio to AAC-LC or G.711."
        return f"Its sound ({self._name}) cannot be recorded: {why}"

    def take(self, frame: bytes, now_us: int, raws: list[Raw]) -> None:
        """An interleaved frame; what it completes goes into `raws`."""
        payload = self.rtp.payload(frame)
        if payload is None:
            return
        if self.rtp.is_gap:
            self._gathering.lose()
        frames, stream = self._gathering.add(payload), self._gathering.stream
        if stream is None:
            self._undescribed += 1
            return
        stamp = self.rtp.stamp
        for data in frames:
            samples = self._codec.samples(stream, data)
            length_us, clock_us = samples * 1_000_000 // stream.sample_rate, self.rtp.clock_us(stamp)
            raws.append(Raw("audio", True, None, stamp, self._base, length_us, data, None, now_us, clock_us))
            stamp += samples * self._rate // stream.sample_rate

    def report(self, frame: bytes, now_us: int, raws: list[Raw]) -> None:
        """An interleaved RTCP packet."""
        self.rtp.report(frame)


def _named(offer: TrackOffer) -> str:
    """What a camera's settings call this sound."""
    return _SOUND_NAMES.get(offer.encoding.split("-")[0], offer.encoding)


class _Joining:
    """Puts pictures together again whose every slice bears the marker.

    Pictures are held back by one until it is clear that a camera does not do so.
    """

    def __init__(self, codec: PictureCodec) -> None:
        self._codec = codec
        self._held: Raw | None = None
        self._whole = 0  # pictures that came in one piece
        self._is_split = False

    def add(self, raw: Raw, raws: list[Raw]) -> None:
        """The next picture, or the rest of the one before."""
        held = self._held
        if held is None and not self._is_split and self._whole > _UNSURE_PICTURES:
            raws.append(raw)
            return
        is_sure = self._is_split or not raw.is_torn  # what lost its beginning looks the same
        if held is not None and is_sure and held.pts == raw.pts and not self._codec.begins_picture(raw.data):
            rest = self._codec.without_parameters(raw.data)
            is_torn = held.is_torn or raw.is_torn
            self._is_split = True
            self._held = replace(held, data=held.data + rest, is_torn=is_torn, arrival_us=raw.arrival_us)
            return
        self._whole += 1
        if held is not None:
            raws.append(held)
        self._held = raw
        if not self._is_split and self._whole > _UNSURE_PICTURES:
            self.finish(raws)

    def finish(self, raws: list[Raw]) -> None:
        """Hand out what is held back."""
        if self._held is not None:
            raws.append(self._held)
            self._held = None
