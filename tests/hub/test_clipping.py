"""Clips of events: each shows its own, whatever the key frames, the clock and the sound do meanwhile."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlatch.domain.camera import Camera
from nightlatch.domain.geometry import Box
from nightlatch.domain.manifest import Manifest, SealedPart
from nightlatch.domain.recording import Part, Still
from nightlatch.domain.sighting import EventClosed, EventJudged, EventOpened, Judgement, Kind, Place, Track, Verdict
from nightlatch.hub.vault.files import ClipGone, Vault
from nightlatch.hub.vault.settling import OpenClip
from nightlatch.hub.watch.clipping import ClipOrder, Clipping, Filing, Happening
from nightlatch.hub.watch.looks import Look
from nightlatch.hub.watch.telling import Telling
from nightlatch.hub.wire.notices import Notice
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.seal.recipients import Sealer
from tests.clocks import TestClock
from tests.pixels.media.films import BEGAN_MS, decoded, film, read

CAMERA = Camera(id="0123456789ab", name="yard", url="file:yard.mp4")
EVENT = "e" * 16
SOUND = AudioStream("pcm_alaw", 8000, 1)
SEALER = Sealer([str(pyrage.x25519.Identity.generate().to_public())])
HOUR_MS = 3_600_000


@dataclass
class Shelf:
    """A vault that keeps what it is given as it is, so that it can be looked at."""

    parts: dict[str, list[Part]] = field(default_factory=dict)
    clips: dict[str, OpenClip] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    is_full: bool = False
    stills: list[int] = field(default_factory=list)

    def begin_clip(self, clip_id: str, manifest: Manifest) -> OpenClip:
        self.parts[clip_id] = []
        self.clips[clip_id] = OpenClip(clip_id, Path("/nowhere"), manifest)
        return self.clips[clip_id]

    def keep_clip_part(self, clip: OpenClip, part: Part, sealer: Sealer) -> None:
        self._refuse(clip)
        if self.is_full:
            raise OSError(28, "No space left on device")
        stated = SealedPart(len(clip.manifest.parts), "h", len(part.mp4), part.began_ms, part.duration_ms)
        clip.manifest = clip.manifest.with_part(stated)
        self.parts[clip.id].append(part)

    def keep_clip_still(self, clip: OpenClip, still: Still, sealer: Sealer) -> None:
        self._refuse(clip)
        self.stills.append(still.at_ms - BEGAN_MS)

    def close_clip(self, clip: OpenClip, sealer: Sealer) -> None:
        self._refuse(clip)
        clip.version += 1
        clip.manifest = replace(clip.manifest, ended_ms=clip.manifest.parts[-1].ended_ms)

    def _refuse(self, clip: OpenClip) -> None:
        if clip.id in self.gone:
            raise ClipGone("deleted")

    @property
    def spans(self) -> list[tuple[int, int, int]]:
        """Begin, onset and end of each clip, in ms from BEGAN_MS."""
        told = [clip.manifest for clip in self.clips.values()]
        return [(m.began_ms - BEGAN_MS, m.onset_ms - BEGAN_MS, (m.ended_ms or 0) - BEGAN_MS) for m in told]

    def films(self) -> list[bytes]:
        return [b"".join(part.mp4 for part in parts) for parts in self.parts.values()]


class Deaf:
    def send(self, notice: Notice) -> None:
        pass


@dataclass
class Yard:
    """A camera whose film is given packet by packet, with what is seen in it."""

    streams: Streams
    shelf: Shelf = field(default_factory=Shelf)
    happenings: deque[Happening] = field(default_factory=deque)

    def __post_init__(self) -> None:
        filing = Filing("h", SEALER, cast(Vault, self.shelf), Telling(Deaf(), TestClock()))
        self.clipping = Clipping(
            *(CAMERA, self.streams, filing, self.happenings), eye=lambda: "motion", context=lambda *_: b"{}"
        )

    def play(self, packets: Iterator[Packet], seen: dict[int, Happening | Callable[[], object]]) -> None:
        """`seen` happens once that many ms have been played."""
        due = deque(sorted(seen.items()))
        for packet in packets:
            while due and packet.dts_us >= due[0][0] * 1000:
                what = due.popleft()[1]
                if callable(what):
                    what()
                else:
                    self.happenings.append(what)
            self.clipping.add(packet)
        self.clipping.finish()


def opened(onset_ms: int, ago_ms: int = 500) -> ClipOrder:
    at_ms = BEGAN_MS + onset_ms
    return ClipOrder(EventOpened(CAMERA.id, EVENT, at_ms, at_ms - 5000, ago_ms), "c" * 16, None)


def closed(onset_ms: int, to_ms: int) -> EventClosed:
    onset, to = BEGAN_MS + onset_ms, BEGAN_MS + to_ms
    return EventClosed(CAMERA.id, EVENT, onset, to - 10_000, to)


def judged(at_ms: int, threat: float, path: tuple[Place, ...] = ()) -> EventJudged:
    tracks = (Track(1, Kind.PERSON, 0.9, path),) if path else ()
    return EventJudged(CAMERA.id, EVENT, BEGAN_MS + at_ms, Judgement(Verdict.UNSURE, threat, ("why",), (), tracks))


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> tuple[Streams, list[Packet]]:
    """Ten pictures, the first a key frame: one after the other they are any film."""
    return read(film(tmp_path_factory.mktemp("film") / "a.mp4", seconds=1, size="64x64"))


@pytest.fixture(scope="session")
def long(tmp_path_factory: pytest.TempPathFactory) -> tuple[Streams, list[Packet]]:
    """A hundred seconds from one key frame to the next, five pictures each."""
    return read(film(tmp_path_factory.mktemp("film") / "b.mp4", seconds=200, fps=5, key_every=500, size="64x64"))


def endless(of: tuple[Streams, list[Packet]], seconds: int, set_ms: dict[int, int] | None = None) -> Iterator[Packet]:
    """The film over and over; `set_ms` is by how much the hub's clock is set, from which second on."""
    streams, packets = of
    lasts_us = packets[-1].dts_us + packets[-1].duration_ms * 1000
    by_ms = 0
    for number in range(seconds * 1_000_000 // lasts_us):
        by_ms = (set_ms or {}).get(number * lasts_us // 1_000_000, by_ms)
        for packet in packets:
            later_us = number * lasts_us
            yield replace(
                packet,
                dts_us=packet.dts_us + later_us,
                pts_us=packet.pts_us + later_us,
                at_ms=packet.at_ms + later_us // 1000 + by_ms,
                streams=streams if packet.is_key else None,
            )


VISIT = {20_500: opened(20_000), 270_100: closed(20_000, 270_000)}


def test_an_event_of_four_minutes_is_several_clips_of_one_event_that_abut(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(second[0])
    yard.play(endless(second, 300), dict(VISIT))
    shelf = yard.shelf
    assert {clip.manifest.event for clip in shelf.clips.values()} == {EVENT}
    assert next(iter(shelf.clips)) == "c" * 16
    assert shelf.spans[0] == (15_000, 20_000, 80_000)
    assert shelf.spans[-1][2] == pytest.approx(270_000, abs=200)
    for before, after in itertools.pairwise(shelf.spans):
        assert after[0] == after[1] == pytest.approx(before[2], abs=2)
    assert [decoded(mp4) for mp4 in shelf.films()] == [(end - begin) // 100 for begin, _, end in shelf.spans]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_in_mid_event_changes_nothing(second: tuple[Streams, list[Packet]], hours: int) -> None:
    still, moved = Yard(second[0]), Yard(second[0])
    still.play(endless(second, 300), dict(VISIT))
    moved.play(endless(second, 300, {100: hours * HOUR_MS, 200: 0}), dict(VISIT))
    assert moved.shelf.spans == still.shelf.spans


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_is_set_between_motion_and_its_telling_costs_no_event(
    second: tuple[Streams, list[Packet]], hours: int
) -> None:
    yard = Yard(second[0])  # the main stream's place has stepped, that of the sub-stream not yet
    yard.play(endless(second, 60, {20: hours * HOUR_MS}), {20_500: opened(20_000), 35_000: closed(20_000, 35_000)})
    ((began_ms, onset_ms, ended_ms),) = yard.shelf.spans
    assert (onset_ms, ended_ms) == (20_000, 35_000)
    assert 15_000 - 1_000 <= began_ms <= 15_000


def test_a_clip_of_a_camera_with_a_key_frame_every_100_s_shows_its_event(long: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(long[0])
    yard.play(endless(long, 200), {81_000: opened(80_000, 1000), 102_000: closed(80_000, 102_000)})
    assert yard.shelf.spans == [(0, 80_000, 102_000)]
    assert decoded(yard.shelf.films()[0]) == 510
    assert len(yard.shelf.parts["c" * 16]) < 70  # what leads there comes in longer parts


def test_clips_of_a_long_event_overlap_by_one_interval_at_most_where_key_frames_are_rare(
    long: tuple[Streams, list[Packet]],
) -> None:
    yard = Yard(long[0])
    yard.play(endless(long, 400), {111_000: opened(110_000, 1000), 340_000: closed(110_000, 340_000)})
    spans = yard.shelf.spans
    assert spans[0][:2] == (100_000, 110_000)
    assert spans[-1][2] == 340_000
    for before, after in itertools.pairwise(spans):
        assert after[1] == before[2]  # where it takes over
        assert before[2] - 100_000 <= after[0] <= before[2]
        assert before[2] - before[1] <= 70_000
    assert [decoded(mp4) for mp4 in yard.shelf.films()] == [(end - begin) // 200 for begin, _, end in spans]


def with_sound(packets: Iterator[Packet], from_ms: int, to_ms: int, told_to_ms: int) -> Iterator[Packet]:
    """A little sound after each picture; key frames tell of it until `told_to_ms`."""
    for packet in packets:
        at_ms = packet.dts_us // 1000
        if packet.streams is not None and from_ms <= at_ms < told_to_ms:
            packet = replace(packet, streams=replace(packet.streams, audio=SOUND))
        yield packet
        if from_ms <= at_ms < to_ms:
            yield replace(packet, kind="audio", is_key=True, data=b"\xd5" * 800, duration_ms=100, streams=None)


def test_sound_that_comes_and_goes_in_mid_event_is_in_clips_of_its_own(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(second[0])
    seen: dict[int, Happening | Callable[[], object]] = {20_500: opened(20_000), 60_000: closed(20_000, 60_000)}
    yard.play(with_sound(endless(second, 70), 30_000, 42_000, 45_000), seen)
    told = [clip.manifest.audio for clip in yard.shelf.clips.values()]
    assert told == [None, "pcm_alaw", None]
    assert [span[2] for span in yard.shelf.spans] == [30_000, 45_000, 60_000]
    assert [decoded(mp4) for mp4 in yard.shelf.films()] == [150, 150, 150]


def test_sound_that_is_told_and_never_comes_is_not_in_the_file(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(replace(second[0], audio=SOUND))
    seen: dict[int, Happening | Callable[[], object]] = {20_500: opened(20_000), 40_000: closed(20_000, 40_000)}
    yard.play(with_sound(endless(second, 50), 0, 0, 99_000), seen)
    (clip,) = yard.shelf.clips.values()
    assert (clip.manifest.audio, "," in clip.manifest.codecs) == (None, False)
    assert b"soun" not in yard.shelf.films()[0]


def test_every_clip_of_an_event_says_what_it_was_in_the_end(second: tuple[Streams, list[Packet]]) -> None:
    path = tuple(Place(BEGAN_MS + at_ms, Box(0.1, 0.1, 0.2, 0.2)) for at_ms in range(20_000, 150_000, 1000))
    yard = Yard(second[0])
    seen = dict(VISIT) | {60_000: judged(60_000, 0.2, path[:40]), 150_000: judged(150_000, 0.8, path)}
    yard.play(endless(second, 300), seen)
    told = [clip.manifest.judgement for clip in yard.shelf.clips.values()]
    assert [said.threat for said in told if said is not None] == [0.8] * 5
    for clip in list(yard.shelf.clips.values())[:3]:
        manifest = clip.manifest
        assert manifest.judgement is not None
        shown = [place.at_ms for track in manifest.judgement.tracks for place in track.path]
        assert all(manifest.began_ms <= at_ms <= (manifest.ended_ms or 0) for at_ms in shown)
    assert all(clip.manifest.eye == "motion" for clip in yard.shelf.clips.values())


def test_each_clip_of_an_event_has_a_still_of_its_own(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(second[0])
    seen = dict(VISIT)
    for at_ms in range(21_000, 270_000, 2_000):
        seen[at_ms] = Still(CAMERA.id, BEGAN_MS + at_ms, 32, 18, b"jpeg")
    yard.play(endless(second, 300), seen)
    assert yard.shelf.stills == [79_000, 139_000, 199_000, 259_000]


def test_a_better_look_replaces_the_still_of_its_own_clip_only(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(second[0])
    seen = dict(VISIT)
    looks = ((21_000, 21_000, 0.5), (25_000, 25_000, 2.0), (30_000, 30_000, 1.0), (81_000, 79_000, 3.0))
    for heard_ms, at_ms, worth in (*looks, (90_000, 90_000, 0.4)):
        seen[heard_ms] = Look(Still(CAMERA.id, BEGAN_MS + at_ms, 32, 18, b"jpeg"), worth)
    yard.play(endless(second, 300), seen)
    assert yard.shelf.stills[:4] == [21_000, 25_000, 30_000, 90_000]  # 30 s: what the next clip begins with


def test_a_disk_that_refuses_a_better_look_costs_nothing_else(second: tuple[Streams, list[Packet]]) -> None:
    yard, plain = Yard(second[0]), Yard(second[0])

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    plain.play(endless(second, 300), dict(VISIT))
    yard.shelf.keep_clip_still = refuse  # type: ignore[method-assign]
    seen = dict(VISIT) | {25_000: Look(Still(CAMERA.id, BEGAN_MS + 25_000, 32, 18, b"jpeg"), 2.0)}
    yard.play(endless(second, 40), seen)
    assert yard.shelf.spans[0][:2] == plain.shelf.spans[0][:2]


def test_a_clip_that_is_deleted_while_it_grows_takes_only_itself_away(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(second[0])
    yard.play(endless(second, 300), dict(VISIT) | {30_000: lambda: yard.shelf.gone.add("c" * 16)})
    assert [span[0] for span in yard.shelf.spans[1:]] == [80_000, 140_000, 200_000, 260_000]


@pytest.mark.parametrize("full_from_s", [20, 30])
def test_a_disk_that_was_full_for_a_moment_costs_that_moment_only(
    second: tuple[Streams, list[Packet]], full_from_s: int
) -> None:
    yard = Yard(second[0])
    yard.happenings.append(opened(20_000, 0))
    for packet in itertools.islice(endless(second, 60), 200, 600):
        yard.shelf.is_full = full_from_s <= packet.dts_us / 1e6 < full_from_s + 3
        try:
            yard.clipping.add(packet)
        except OSError:
            assert yard.shelf.is_full
    yard.clipping.finish()
    films = [mp4 for mp4 in yard.shelf.films() if mp4]
    assert [decoded(mp4) > 0 for mp4 in films] == [True] * (1 if full_from_s == 20 else 2)
    assert yard.shelf.spans[-1][0] == (full_from_s + 3) * 1000


def test_an_event_that_nobody_ends_is_clipped_for_half_an_hour(second: tuple[Streams, list[Packet]]) -> None:
    yard = Yard(second[0])
    yard.play(endless(second, 1900), {20_500: opened(20_000)})
    assert yard.shelf.spans[-1][2] == 20_000 + 1_800_000 + 10_000


def test_an_event_for_which_no_key_frame_is_kept_is_shown_from_the_next_one_on(
    second: tuple[Streams, list[Packet]],
) -> None:
    yard = Yard(second[0])
    packets = itertools.islice(endless(second, 60), 3, None)  # no key frame before 1.0 s
    yard.play(packets, {500: opened(400, 100), 20_000: closed(400, 20_000)})
    assert yard.shelf.spans == [(1_000, 1_000, 20_000)]


@given(
    onset_ms=st.integers(0, 60_000),
    late_ms=st.integers(0, 4_000),
    lasts_ms=st.integers(10_000, 200_000),
    sound=st.tuples(st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 20_000)),
    clock=st.dictionaries(st.integers(0, 250), st.integers(-HOUR_MS, HOUR_MS), max_size=3),
)
@settings(max_examples=12, deadline=None)
def test_whatever_happens_an_event_is_shown_whole_and_without_a_hole(
    second: tuple[Streams, list[Packet]],
    onset_ms: int,
    late_ms: int,
    lasts_ms: int,
    sound: tuple[int, int, int],
    clock: dict[int, int],
) -> None:
    yard = Yard(second[0])
    told_ms, until_ms = onset_ms + late_ms, onset_ms + lasts_ms
    from_ms, for_ms, stale_ms = sound
    by_ms = next((by for at_s, by in sorted(clock.items(), reverse=True) if at_s * 1000 <= told_ms), 0)
    order, end = opened(onset_ms + by_ms, late_ms), closed(onset_ms + by_ms, until_ms + by_ms)
    packets = with_sound(endless(second, 300, clock), from_ms, from_ms + for_ms, from_ms + for_ms + stale_ms)
    yard.play(packets, {told_ms: order, max(told_ms, until_ms): end})
    spans = [(began - by_ms, onset - by_ms, ended - by_ms) for began, onset, ended in yard.shelf.spans]
    assert spans[0][0] <= max(0, onset_ms - 5_000 + 100)
    assert spans[-1][2] >= until_ms - 200
    for before, after in itertools.pairwise(spans):
        assert after[0] == pytest.approx(before[2], abs=2)
    for mp4, (began_ms, _, ended_ms) in zip(yard.shelf.films(), spans, strict=True):
        assert decoded(mp4) == pytest.approx((ended_ms - began_ms) / 100, abs=0.1)
