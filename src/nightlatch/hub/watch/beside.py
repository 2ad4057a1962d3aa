"""Keeps the sub-stream of a camera beside its main stream, where few browsers play that one: in segments and in clips.

Its parts travel inside the main stream's segments (pixels/media/beside.py); in a clip they are files of their own, so
that a page far away need not fetch the large ones. It is a copy that is smaller than what is there anyway: when the
sub-stream is lost, goes on with something else or meets a full disk, it ends where it was, and nobody hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nightlatch.domain.manifest import Rendition
from nightlatch.domain.recording import Part
from nightlatch.hub.vault.files import ClipGone, Vault
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.pixels.media.beside import Beside, is_wanted
from nightlatch.pixels.media.clipper import Clipper
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.media.parts import Sending
from nightlatch.pixels.media.ring import Ring
from nightlatch.pixels.media.segmenter import Context
from nightlatch.seal.recipients import Sealer

KEPT_MS = 8_000  # of the sub-stream, for clips that begin before their event: as of the main stream


class SubKeeper:
    """For one session of one camera; all calls come from the loop."""

    def __init__(self, camera_id: str, vault: Vault, sealer: Sealer, context: Context) -> None:
        """`context` is stamped into each file (segmenter.Context)."""
        self._camera_id = camera_id
        self._vault = vault
        self._sealer = sealer
        self._context = context
        self._kept: _Kept | None = None  # of the connection that there is
        self._growing: _GrowingSub | None = None  # in the clip that grows

    def add(self, packet: Packet, sub: Streams, main: Streams) -> None:
        """Take the next packet of the sub-stream."""
        if not is_wanted(main, sub):
            return
        if self._kept is None:
            beside = Beside(sub, self._camera_id, context=self._context)
            self._kept = _Kept(beside, Ring(KEPT_MS), Sending(sub))
        self._kept.beside.add(packet)
        self._kept.ring.add(packet)
        self._kept.sending.take(packet)
        self._kept.newest = packet
        if self._growing is not None:
            self._grow(self._growing, packet)

    def lose(self) -> None:
        """The connection is gone: what comes next counts its own time."""
        self._end()
        self._kept = None

    def lay_into(self, part: Part) -> Part:
        """A part of the main stream's segment, with what there is of the sub-stream."""
        return part if self._kept is None else self._kept.beside.lay_into(part)

    # ---- clips ----------------------------------------------------------------------------------------------

    def begin_clip(self, clip: OpenClip) -> None:
        """From the key frame before the clip's beginning on; without any, the clip has no sub-stream."""
        self._growing = None
        kept = self._kept
        if kept is None or kept.newest is None:
            return
        from_us = kept.newest.dts_us - (kept.newest.at_ms - clip.manifest.began_ms) * 1000
        packets = kept.ring.since(from_us)
        if not packets:
            return
        sending = Sending(packets[0].streams or kept.sending.streams)
        sending.is_heard = any(packet.kind == "audio" for packet in packets)
        first = packets[0]
        clipper = Clipper(sending, self._camera_id, first, began_ms=first.at_ms, context=self._context)
        self._growing = _GrowingSub(clip, clipper, sending)
        for packet in packets:
            if self._growing is not None:
                self._grow(self._growing, packet)

    def end_clip(self, clip: OpenClip) -> None:
        """Before its last manifest is written."""
        if self._growing is not None and self._growing.clip is clip:
            self._end()

    def _end(self) -> None:
        growing, self._growing = self._growing, None
        if growing is not None:
            self._keep(growing, growing.clipper.finish(None))

    def _grow(self, growing: _GrowingSub, packet: Packet) -> None:
        if growing.sending.take(packet):  # another size: a file has one init
            self._end()
        else:
            self._keep(growing, growing.clipper.add(packet))

    def _keep(self, growing: _GrowingSub, parts: list[Part]) -> None:
        clip = growing.clip
        for part in parts:
            if clip.manifest.sub is None:
                streams = growing.clipper.written.streams
                sub = Rendition(streams.codecs, streams.video.width, streams.video.height)
                clip.manifest = replace(clip.manifest, sub=sub)
            try:
                self._vault.keep_clip_sub(clip, part, self._sealer)
            except (ClipGone, OSError):  # the main stream's next part meets that, too, and says so
                self._growing = None
                return


@dataclass(slots=True)
class _Kept:
    """What there is of one connection."""

    beside: Beside
    ring: Ring
    sending: Sending
    newest: Packet | None = None


@dataclass(slots=True)
class _GrowingSub:
    clip: OpenClip
    clipper: Clipper
    sending: Sending
