"""The pictures of a replay: events against truth, and why the gate opened."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np

from nightlatch.pixels.media.stills import encode_jpeg
from nightlatch.pixels.replay.plot import Svg, TimeAxis
from nightlatch.pixels.replay.replaying import Replay
from nightlatch.pixels.replay.scoring import TrueEvent
from nightlatch.pixels.sight import Glance
from nightlatch.pixels.vision.motion import SMALLEST_SHARE

WIDTH, LEFT, RIGHT = 1000, 110, 980
LEAST_SHARE = 0.0002  # the lower end of the scale
MOST_SHOWN = 40
WOKE = {
    "key": "a key frame, while the gate slept",
    "past": "looked at afterwards, because the next key frame had moved",
    "hint": "looked at because something moved in a skim between key frames",
    "awake": "decoded, because something had moved",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """What is kept of a glance for drawing; `jpeg` only where the gate opened."""

    at_ms: int
    share: float
    moving: bool
    is_open: bool
    woke: str
    jpeg: bytes | None = None


class Album:
    """Collects looks while a film is replayed, with a picture of each opening."""

    def __init__(self) -> None:
        self.looks: list[Moment] = []

    def __call__(self, glance: Glance) -> None:
        opens = glance.is_open and not (self.looks and self.looks[-1].is_open)
        shown = sum(look.jpeg is not None for look in self.looks)
        jpeg = _with_boxes(glance) if opens and shown < MOST_SHOWN else None
        motion = glance.motion
        self.looks.append(Moment(motion.at_ms, motion.share, motion.moving, glance.is_open, glance.woke, jpeg))


def draw_replay(name: str, replay: Replay, truth: Sequence[TrueEvent] | None) -> str:
    """An SVG with one row each for truth, events and the tracks of each event."""
    rows = max([1, *(len(event.judgement.tracks) for event in replay.events)])
    rows = min(rows, 8)
    svg = Svg(WIDTH, 130 + 18 * rows)
    axis = TimeAxis(LEFT, RIGHT, replay.length_ms)
    svg.text(12, 24, f"{name}: events against truth", "title")
    axis.draw(svg, svg.height - 30, 40)
    for label, y in (("truth", 56), ("events", 80), ("tracks", 104)):
        svg.text(12, y, label if label != "truth" or truth is not None else "truth unknown")
    for thing in truth or ():
        wide = axis.at(thing.to_ms) - axis.at(thing.from_ms)
        svg.rect(axis.at(thing.from_ms), 44, wide, 16, "true", f"{thing.kind} {thing.from_ms / 1000:.1f} s")
    for event in replay.events:
        wide = axis.at(event.last_ms) - axis.at(event.onset_ms)
        told = f"began {event.onset_ms / 1000:.1f} s, told {event.told_ms / 1000:.1f} s"
        svg.rect(axis.at(event.clip_from_ms), 68, axis.at(event.clip_to_ms) - axis.at(event.clip_from_ms), 16, "open")
        svg.rect(axis.at(event.onset_ms), 68, wide, 16, "moved", told)
        for row, track in enumerate(event.judgement.tracks[:rows]):
            first, last = track.path[0].at_ms, track.path[-1].at_ms
            said = f"{track.kind.value} {track.score:.2f}"
            svg.rect(axis.at(first), 92 + 18 * row, axis.at(last) - axis.at(first), 14, "track", said)
    return str(svg)


def draw_gate(name: str, looks: Sequence[Moment], length_ms: int) -> str:
    """An HTML page that explains each opening: how much changed over time, and pictures of what it was."""
    svg = Svg(WIDTH, 300)
    axis = TimeAxis(LEFT, RIGHT, length_ms)
    top, bottom = 50, 260
    svg.text(12, 24, f"{name}: how much of the picture moved, look by look", "title")
    opened: int | None = None
    for look in [*looks, Moment(length_ms, 0.0, False, False, "key")]:
        if look.is_open and opened is None:
            opened = look.at_ms
        elif not look.is_open and opened is not None:
            svg.rect(axis.at(opened), top, axis.at(look.at_ms) - axis.at(opened), bottom - top, "open", "open")
            opened = None
    axis.draw(svg, bottom, top)
    for share, said in ((1.0, "all of it"), (0.1, "a tenth"), (0.01, "1 %"), (0.001, "0.1 %")):
        svg.line(LEFT, _height(share, top, bottom), RIGHT, _height(share, top, bottom), "grid")
        svg.text(LEFT - 8, _height(share, top, bottom) + 4, said, anchor="end")
    limit = _height(SMALLEST_SHARE, top, bottom)
    svg.line(LEFT, limit, RIGHT, limit, "limit")
    svg.text(LEFT - 8, limit + 4, "least that counts", anchor="end")
    for look in looks:
        said = f"{look.at_ms / 1000:.1f} s: {look.share:.2%}, {WOKE[look.woke]}"
        kind = "moved" if look.moving else "look"
        svg.dot(axis.at(look.at_ms), _height(look.share, top, bottom), 2.6 if look.moving else 1.3, kind, said)
    return _page(name, str(svg), looks)


def _height(share: float, top: float, bottom: float) -> float:
    scale = math.log(max(share, LEAST_SHARE) / LEAST_SHARE) / math.log(1 / LEAST_SHARE)
    return bottom - (bottom - top) * scale


def _page(name: str, svg: str, looks: Sequence[Moment]) -> str:
    shown = [look for look in looks if look.jpeg is not None]
    figures = "".join(
        f'<figure><img alt="" src="data:image/jpeg;base64,{base64.b64encode(look.jpeg or b"").decode()}">'
        f"<figcaption>{look.at_ms / 1000:.1f} s: {look.share:.2%} moved. This look was {WOKE[look.woke]}."
        "</figcaption></figure>"
        for look in shown
    )
    said = (
        "Each dot is one look at the picture. Orange dots moved; the gate opens (shaded) when several of them fit one "
        "thing on its way. Few dots mean that the gate slept on key frames."
    )
    if not shown:
        said += " In this film it never opened."
    style = (
        "body{font:15px system-ui,sans-serif;max-width:1000px;margin:24px auto;padding:0 12px;color:#222}"
        "figure{display:inline-block;width:320px;margin:0 8px 16px 0;vertical-align:top}"
        "img{width:100%}figcaption{font-size:13px;color:#555}svg{max-width:100%;height:auto}"
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(name)}: why the gate opened</title>'
        f"<style>{style}</style><h1>Why the gate opened</h1><p>{said}</p>{svg}{figures}</html>\n"
    )


def _with_boxes(glance: Glance) -> bytes:
    picture = glance.picture.bgr(480).copy()
    high, wide = picture.shape[:2]
    for box in glance.motion.boxes:
        corners = (
            (round(box.left * wide) - 2, round(box.top * high) - 2),
            (
                round(box.right * wide) + 2,
                round(box.bottom * high) + 2,
            ),
        )
        cv2.rectangle(picture, *corners, (30, 105, 210), 2)
    return encode_jpeg(np.ascontiguousarray(picture))
