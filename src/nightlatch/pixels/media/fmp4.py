"""Writes fragmented MP4 (ISO/IEC 14496-12) from packets: one init, then `moof` + `mdat` per fragment.

Written here rather than by libavformat because a part must leave when we say so (its muxer waits up to ten seconds
for a silent audio track and offers no flush), because it rewrites the packets that the ring and the clip still
need, and because it costs less: one `struct.pack` per fragment.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from nightlatch.pixels.codecs import SOUNDS, AudioStream, VideoStream, box, full_box, rfc6381, sample_entry
from nightlatch.pixels.media.packets import Packet, Streams

CONTEXT_UUID = bytes.fromhex("6e6c6c7463684e4c8000000000000001")
VIDEO_TRACK = 1
AUDIO_TRACK = 2
VIDEO_SCALE = 90_000
SLACK_S = 0.06  # sound runs on by its samples, but where it is said to be further off than this: then there is a hole
MANY = 5  # packets of sound from which their usual length can be told
LONGEST_TICKS = 2**32 - 1  # what a `trun` has room for: 13 hours of pictures
FURTHEST_TICKS = 2**31 - 1  # that a picture may be shown after or before it is decoded

_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_KEY_FLAGS = 0x02000000  # depends on nothing
_DELTA_FLAGS = 0x01010000  # depends on others, is no sync sample


def context_box(context: bytes) -> bytes:
    """A top-level `uuid` box with our JSON; players skip it."""
    return box(b"uuid", CONTEXT_UUID, context)


def read_context(mp4: bytes) -> bytes | None:
    """The JSON of the first context box before any fragment, or None."""
    at = 0
    while at + 8 <= len(mp4):
        size, kind = struct.unpack_from(">I4s", mp4, at)
        if kind == b"uuid" and mp4[at + 8 : at + 24] == CONTEXT_UUID:
            return mp4[at + 24 : at + size]
        if kind == b"moof" or size < 8:
            return None
        at += size
    return None


def can_describe(audio: AudioStream) -> bool:
    """Whether an init can say what this sound is: nobody can play AAC without its configuration."""
    is_known = audio.codec in SOUNDS and 0 < audio.sample_rate < 1 << 20 and 0 < audio.channels < 256
    return is_known and (audio.codec != "aac" or 2 <= len(audio.extradata) < 64)


def init_segment(video: VideoStream, audio: AudioStream | None) -> bytes:
    """`ftyp` and `moov` for these streams."""
    traks = [_track(VIDEO_TRACK, VIDEO_SCALE, sample_entry(video), b"vide", (video.width, video.height))]
    trexs = [full_box(b"trex", 0, 0, struct.pack(">5I", VIDEO_TRACK, 1, 0, 0, 0))]
    if audio is not None:
        plays = rfc6381(audio) is not None
        traks.append(_track(AUDIO_TRACK, audio.sample_rate, sample_entry(audio), b"soun", (0, 0), plays))
        trexs.append(full_box(b"trex", 0, 0, struct.pack(">5I", AUDIO_TRACK, 1, 0, 0, 0)))
    mvhd = struct.pack(">4I", 0, 0, 1000, 0) + struct.pack(">IH10x", 0x10000, 0x100) + _MATRIX + bytes(24)
    mvhd += struct.pack(">I", AUDIO_TRACK + 1)
    return box(b"ftyp", b"iso5", struct.pack(">I", 512), b"iso5iso6mp41") + box(
        b"moov", full_box(b"mvhd", 0, 0, mvhd), *traks, box(b"mvex", *trexs)
    )


def _track(number: int, scale: int, entry: bytes, handler: bytes, size: tuple[int, int], plays: bool = True) -> bytes:
    is_sound = handler == b"soun"
    tkhd = struct.pack(">5I8xHHHH", 0, 0, number, 0, 0, 0, 0, 0x100 if is_sound else 0, 0) + _MATRIX
    tkhd += struct.pack(">II", size[0] << 16, size[1] << 16)
    header = full_box(b"smhd", 0, 0, bytes(4)) if is_sound else full_box(b"vmhd", 0, 1, bytes(8))
    shown_as = handler
    if not plays:
        # Chromium refuses a whole file for one sound track that it cannot play (G.711), but skips a track whose
        # handler it does not know. libavformat takes the later handler, here where QuickTime puts a second one, and
        # so hears the sound.
        shown_as = b"meta"
        header += _handler(b"soun")
    table = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    here = full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">4IHH", 0, 0, scale, 0, 0x55C4, 0)),
        _handler(shown_as),
        box(b"minf", header, box(b"dinf", here), table),
    )
    return box(b"trak", full_box(b"tkhd", 0, 3, tkhd), media)


def _handler(kind: bytes) -> bytes:
    return full_box(b"hdlr", 0, 0, bytes(4), kind, bytes(12), b"nightlatch\0")


def _moof_size(pictures: int, sounds: int) -> int:
    """Bytes of a `moof` with `mfhd`, and a `traf` with `tfhd`, `tfdt` and `trun` for each track that has packets."""
    video = 8 + 16 + 20 + 20 + 16 * pictures if pictures else 0
    audio = 8 + 20 + 20 + 20 + 8 * sounds if sounds else 0
    return 24 + video + audio


class FragmentWriter:
    """Turns runs of packets into fragments whose times start at 0 with the first key frame."""

    def __init__(self, streams: Streams, context: bytes | None) -> None:
        self._audio = streams.audio
        self._sequence = 0
        self._zero_us: int | None = None
        self._shift_us = 0  # of the first key frame's composition, so that it is shown at 0 even with B-frames
        self._sound_last = -1  # where the newest packet of sound begins,
        self._sound_end: int | None = None  # and where it ends
        self._sound_length: int | None = None  # of each packet, where its codec counts otherwise than it comes
        self.head = init_segment(streams.video, streams.audio) + (context_box(context) if context is not None else b"")

    def fragment(self, packets: Sequence[Packet], ends_us: int | None, head: bytes = b"") -> bytes:
        """`head`, then one `moof` + `mdat`. `ends_us` is the decoding time of the next picture, where that is known."""
        video = [p for p in packets if p.kind == "video"]
        audio = [p for p in packets if p.kind == "audio"] if self._audio else []
        if self._zero_us is None:
            self._begin((video or audio)[0])
        self._sequence += 1
        data = [p.data for p in (*video, *audio)]
        video_size = sum([p.size for p in video])
        data_at = _moof_size(len(video), len(audio)) + 8
        trafs = [self._video_traf(video, data_at, ends_us)] if video else []
        trafs += [self._audio_traf(self._audio, audio, data_at + video_size)] if self._audio and audio else []
        moof = box(b"moof", full_box(b"mfhd", 0, 0, struct.pack(">I", self._sequence)), *trafs)
        mdat = struct.pack(">I4s", 8 + sum(map(len, data)), b"mdat")
        return b"".join([head, moof, mdat, *data])  # joined once: these are all the bytes there are

    def _begin(self, first: Packet) -> None:
        self._zero_us = first.dts_us
        self._shift_us = first.pts_us - first.dts_us

    def _ticks(self, time_us: int, scale: int) -> int:
        return max(0, (time_us - (self._zero_us or 0)) * scale + 500_000) // 1_000_000

    def _video_traf(self, packets: list[Packet], offset: int, ends_us: int | None) -> bytes:
        last = packets[-1]
        ends = [p.dts_us for p in packets]
        ends.append(last.dts_us + last.duration_ms * 1000 if ends_us is None else ends_us)
        times = [self._ticks(t, VIDEO_SCALE) for t in ends]
        rows: list[int] = []
        for i, p in enumerate(packets):
            later = ((p.pts_us - p.dts_us - self._shift_us) * VIDEO_SCALE + 500_000) // 1_000_000
            rows += (
                min(max(1, times[i + 1] - times[i]), LONGEST_TICKS),
                p.size,
                _KEY_FLAGS if p.is_key else _DELTA_FLAGS,
                max(-FURTHEST_TICKS, min(later, FURTHEST_TICKS)) & 0xFFFFFFFF,
            )
        run = struct.pack(f">Ii{len(rows)}I", len(packets), offset, *rows)
        return box(
            b"traf",
            full_box(b"tfhd", 0, 0x020000, struct.pack(">I", VIDEO_TRACK)),
            full_box(b"tfdt", 1, 0, struct.pack(">Q", times[0])),
            full_box(b"trun", 1, 0xF01, run),
        )

    def _audio_traf(self, audio: AudioStream, packets: list[Packet], offset: int) -> bytes:
        times = self._sound_times(audio, packets)
        rows: list[int] = []
        for i, p in enumerate(packets):
            rows += (min(max(1, times[i + 1] - times[i]), LONGEST_TICKS), p.size)
        run = struct.pack(f">Ii{len(rows)}I", len(packets), offset, *rows)
        return box(
            b"traf",
            full_box(b"tfhd", 0, 0x020020, struct.pack(">II", AUDIO_TRACK, _KEY_FLAGS)),
            full_box(b"tfdt", 1, 0, struct.pack(">Q", times[0])),
            full_box(b"trun", 1, 0x301, run),
        )

    def _sound_times(self, audio: AudioStream, packets: list[Packet]) -> list[int]:
        """Where each packet begins, and the last one ends: without gaps from packet to packet, but for real holes."""
        scale = audio.sample_rate
        samples = SOUNDS[audio.codec].samples
        if len(packets) >= MANY:
            usual = (packets[-1].dts_us - packets[0].dts_us) * scale // (1_000_000 * (len(packets) - 1))
            stated = sum(samples(audio, p.data) for p in packets) // len(packets)
            self._sound_length = None if abs(usual - stated) * 4 <= stated else max(1, usual)
        times: list[int] = []
        for packet in packets:
            said = self._ticks(packet.dts_us, scale)
            begins = self._sound_end if self._sound_end is not None else said
            if abs(said - begins) > SLACK_S * scale:
                begins = max(said, self._sound_last + 1)
            self._sound_last = begins
            self._sound_end = begins + max(1, self._sound_length or samples(audio, packet.data))
            times.append(begins)
        return [*times, self._sound_end or 0]
