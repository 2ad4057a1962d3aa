"""Tries a camera, so that a hostile stream can crash nothing but the try: the child of the errand `PROBE`."""

from __future__ import annotations

from collections.abc import Callable

from nightlatch.clocks import system_clock
from nightlatch.hub.errands.asking import PROBE, ProbeAnswer, ProbeRequest
from nightlatch.hub.errands.errand import run_child
from nightlatch.pixels.sources.probe import probe
from nightlatch.seal.recipients import Sealer


def try_camera(request: ProbeRequest, _: bytes, __: Callable[[float], None]) -> tuple[ProbeAnswer, bytes]:
    """Raises `SourceError` when it cannot be recorded."""
    found = probe(request.url, request.transport, clock=system_clock())
    video, audio = found.streams.video, found.streams.audio
    answer = ProbeAnswer(
        width=video.width,
        height=video.height,
        fps=found.fps,
        codecs=found.streams.codecs,
        audio=audio.codec if audio else None,
        gop_s=found.gop_s,
        notes=tuple(found.notes),
        receiver=found.receiver,
    )
    return answer, bytes(Sealer([request.recipient]).seal(found.still.jpeg))


if __name__ == "__main__":
    run_child(PROBE, try_camera)
