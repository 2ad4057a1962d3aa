"""What an intake hands out: when it settles, what it says of sound and picture, and when it gives up."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field, replace

import pytest

from nightlatch.errors import Reason, SourceError
from nightlatch.pixels.codecs import AudioStream
from nightlatch.pixels.media.packets import Packet, Streams
from nightlatch.pixels.sources.feed import Raw, Receiver
from nightlatch.pixels.sources.intake import KEY_WAIT_S, Intake
from tests.pixels.sources.simulated import BASE, G711, VIDEO, WALL_MS, Camera, Run, Time, run

AAC = AudioStream("aac", 16_000, 1, b"\x14\x08")
ENDED = SourceError(Reason.ENDED, "The camera ended the stream. Nightlatch keeps trying.")


def _changes(ran: Run) -> list[tuple[int, Streams]]:
    """From which key frame on (seconds of film) what was sent."""
    found: list[tuple[int, Streams]] = []
    for packet in ran.pictures:
        if packet.streams is not None and (not found or packet.streams is not found[-1][1]):
            found.append((round(packet.dts_us / 1e6), packet.streams))
    return found


def _apart_s(ran: Run) -> list[float]:
    """How far each sound lies from the picture that was taken with it."""
    pictures = [(ran.taken_s(p), p.dts_us / 1e6) for p in ran.pictures]
    shift_s = pictures[0][1] - pictures[0][0]
    return [p.dts_us / 1e6 - ran.taken_s(p) - shift_s for p in ran.sounds]


def _is_contiguous(packets: list[Packet], step_ms: float, by_ms: float = 0.25) -> bool:
    return all(abs((b.dts_us - a.dts_us) / 1000 - step_ms) < by_ms for a, b in itertools.pairwise(packets))


# settling


def test_what_was_held_while_settling_comes_at_once() -> None:
    ran = run(Camera(Time()), 0.35)
    assert ran.packets == []
    assert ran.intake.streams is None
    ran.go_on(0.3)
    assert len(ran.packets) > 10
    assert ran.packets[0].is_key
    assert ran.packets[0].dts_us == 0
    assert ran.intake.streams == Streams(VIDEO)


def test_pictures_before_the_first_key_frame_are_not_kept_and_a_key_frame_is_waited_for() -> None:
    ran = run(Camera(Time(), gop=25 * 100, sends=lambda i, s: i > 0), 60)
    assert ran.error is None
    assert ran.intake.is_waiting_for_key
    assert any("no key frame yet" in note for note in ran.intake.notes)
    ran.go_on(60)
    assert ran.packets[0].is_key
    assert ran.taken_s(ran.packets[0]) == 100
    assert not ran.intake.is_waiting_for_key
    assert any("first key frame came after 100 s" in note for note in ran.intake.notes)
    ran.go_on(100)
    assert any("come every 100 s" in note for note in ran.intake.notes)


def test_a_key_frame_that_never_comes_is_given_up_after_minutes() -> None:
    ran = run(Camera(Time(), gop=10**9, sends=lambda i, s: i > 0), KEY_WAIT_S + 5)
    assert ran.error is not None
    assert ran.error.reason is Reason.BROKEN_STREAM
    assert ran.now_s > KEY_WAIT_S


def test_key_frames_without_parameters_are_no_beginning() -> None:
    ran = run(Camera(Time(), video=lambda i, s: VIDEO if s > 5 else None), 20)
    assert ran.taken_s(ran.packets[0]) > 5


def test_what_came_before_the_end_is_handed_out_before_the_end_is_raised() -> None:
    camera = Camera(Time(), ends_s=0.5, error=ENDED)
    ran = run(camera, 3)
    assert len(ran.packets) >= 12
    assert ran.error is ENDED
    with pytest.raises(SourceError):
        ran.intake.poll(ran.time.now_us)


def test_what_is_torn_stays_torn() -> None:
    @dataclass(slots=True)
    class Lossy(Camera):
        def poll(self, now_us: int) -> list[Raw]:
            return [replace(raw, is_torn=raw.data == b"v30") for raw in Camera.poll(self, now_us)]

    ran = run(Lossy(Time()), 5)
    assert [packet.data for packet in ran.packets if packet.is_torn] == [b"v30"]


# each track by itself


def test_pictures_that_stop_are_a_stall_although_sound_goes_on() -> None:
    ran = run(Camera(Time(), sound=G711, sends=lambda i, s: s < 15), 60)
    assert ran.error is not None
    assert ran.error.reason is Reason.STALLED
    assert "sound but no pictures" in str(ran.error)
    assert 24.5 < ran.now_s < 26
    assert ran.sounds[-1].dts_us > 24_000_000


def test_pictures_that_never_come_are_a_stall_although_sound_does() -> None:
    ran = run(Camera(Time(), sound=G711, sends=lambda i, s: False), 60)
    assert ran.error is not None
    assert ran.error.reason is Reason.STALLED
    assert ran.now_s < 11


def _missing(ran: Run) -> list[tuple[float, str]]:
    """Before which pictures (when they were taken) others are missing, and why."""
    return [(ran.taken_s(p), p.missing) for p in ran.packets if p.missing is not None]


@pytest.mark.parametrize("sound", [None, G711])
def test_pictures_that_stay_away_for_some_seconds_are_told_by_the_next_one(sound: AudioStream | None) -> None:
    ran = run(Camera(Time(), sound=sound, sends=lambda i, s: not 20 <= s < 26 and not 40 <= s < 42), 60)
    assert ran.error is None
    assert _missing(ran) == [(26, Reason.PAUSED)]
    before = max(p.dts_us for p in ran.pictures if ran.taken_s(p) < 20)
    after = min(p.dts_us for p in ran.pictures if ran.taken_s(p) >= 26)
    assert (after - before) / 1e6 == pytest.approx(6.04, abs=0.3)


def test_of_a_camera_that_sends_few_pictures_none_is_missing() -> None:
    for fps in (0.2, 0.3, 0.5):
        assert _missing(run(Camera(Time(), fps=fps, gop=1), 120, timeout_s=20)) == []


def test_pictures_that_come_late_are_not_missing() -> None:
    assert _missing(run(Camera(Time(), late_s=lambda i, s: max(0.03, 26 - s) if 20 <= s < 26 else 0.03), 40)) == []


def test_what_a_camera_could_not_send_while_the_loop_was_away_is_our_fault() -> None:
    ran = run(Camera(Time(), sends=lambda i, s: not 22 <= s < 27), 20)
    ran.go_on(7, tick_s=7)
    assert ran.intake.was_late(ran.time.now_us)
    ran.go_on(20)
    assert _missing(ran) == [(27, Reason.OVERLOAD)]
    assert not ran.intake.was_late(ran.time.now_us)


def test_a_loop_that_was_away_but_missed_nothing_says_nothing() -> None:
    ran = run(Camera(Time()), 20).go_on(7, tick_s=7).go_on(20)
    assert _missing(ran) == []


def test_sound_that_stops_is_no_stall_and_a_camera_that_stops_is() -> None:
    ran = run(Camera(Time(), sound=G711, sends=lambda i, s: s < 30, sound_sends=lambda j, s: s < 10), 60)
    assert ran.error is not None
    assert ran.error.reason is Reason.STALLED
    assert "stopped sending" in str(ran.error)
    assert 39.5 < ran.now_s < 41


def test_a_camera_that_sends_nothing_at_all_did_not_answer() -> None:
    ran = run(Camera(Time(), sends=lambda i, s: False), 60, timeout_s=3)
    assert ran.error is not None
    assert ran.error.reason is Reason.TIMEOUT
    assert ran.now_s < 9


def test_a_hub_that_slept_does_not_blame_the_camera() -> None:
    ran = run(Camera(Time(), late_s=lambda i, s: 0.03 if s < 20 else 0.5), 20)
    ran.time.now_us += 60_000_000
    ran.camera.sends = lambda i, s: s > 79.9  # what was sent meanwhile is lost
    ran.go_on(10)
    assert ran.error is None


# sound that comes, goes and changes


def test_sound_that_comes_late_is_taken_up_at_a_key_frame() -> None:
    ran = run(Camera(Time(), sound=G711, sound_sends=lambda j, s: s >= 5.3), 30)
    changes = _changes(ran)
    assert [(at_s, streams.audio) for at_s, streams in changes] == [(0, None), (6, G711)]
    assert ran.intake.streams is changes[-1][1]
    assert ran.sounds[0].dts_us >= 5_900_000
    assert _is_contiguous(ran.sounds, 40)
    assert all(abs(apart_s) < 0.02 for apart_s in _apart_s(ran))
    assert ran.intake.notes == ()


def test_sound_that_stops_is_let_go_and_taken_up_again() -> None:
    ran = run(Camera(Time(), sound=G711, sound_sends=lambda j, s: not 20 <= s < 40.3), 60)
    assert [(at_s, streams.audio) for at_s, streams in _changes(ran)] == [(0, G711), (23, None), (41, G711)]
    assert not any(20.1e6 < packet.dts_us < 40e6 for packet in ran.sounds)
    assert all(abs(apart_s) < 0.05 for apart_s in _apart_s(ran))


def test_sound_that_is_announced_and_never_comes_is_not_waited_for() -> None:
    ran = run(Camera(Time(), sound=G711, sound_sends=lambda j, s: False), 10)
    assert ran.handed_s[0] < 2
    assert ran.intake.streams == Streams(VIDEO)
    assert any("announces sound" in note for note in ran.intake.notes)


def test_sound_that_is_not_described_is_never_handed_out() -> None:
    camera = Camera(
        Time(), sound=AudioStream("aac", 16_000, 1), left_out=("Its sound is left out: AAC without config.",)
    )
    ran = run(camera, 10)
    assert ran.sounds == []
    assert ran.intake.streams == Streams(VIDEO)
    assert "Its sound is left out: AAC without config." in ran.intake.notes
    camera.sound = AAC
    ran.go_on(5)
    assert ran.intake.streams == Streams(VIDEO, AAC)
    assert ran.sounds


def test_sound_that_is_described_otherwise_begins_at_a_key_frame() -> None:
    camera = Camera(Time(), sound=G711, gop=50)
    ran = run(camera, 10.9)
    camera.sound = other = AudioStream("pcm_alaw", 8000, 1)
    ran.go_on(10)
    assert [streams.audio for _, streams in _changes(ran)] == [G711, other]
    begins_us = next(p.dts_us for p in ran.pictures if p.streams is not None and p.streams.audio == other)
    hole = [(a.dts_us, b.dts_us) for a, b in itertools.pairwise(ran.sounds) if b.dts_us - a.dts_us > 50_000]
    assert len(hole) == 1
    assert hole[0][1] >= begins_us


def test_every_key_frame_says_what_is_sent_and_the_same_object_while_nothing_changes() -> None:
    ran = run(Camera(Time(), sound=G711), 30)
    said = [packet.streams for packet in ran.pictures if packet.is_key]
    assert len(said) >= 28
    assert all(streams is said[0] for streams in said)
    assert not any(packet.streams for packet in ran.packets if not packet.is_key or packet.kind == "audio")


def test_another_picture_size_is_said_at_its_key_frame() -> None:
    small = replace(VIDEO, width=320, height=180)
    ran = run(Camera(Time(), video=lambda i, s: VIDEO if s < 10 else small), 20)
    assert [(at_s, streams.video) for at_s, streams in _changes(ran)] == [(0, VIDEO), (10, small)]


def test_a_picture_rate_that_is_absent_or_far_off_is_measured() -> None:
    ran = run(Camera(Time(), fps=15, gop=15), 30)
    assert [streams.video.fps for _, streams in _changes(ran)] == [15]
    assert any("declares 25 pictures" in note for note in ran.intake.notes)
    ran = run(Camera(Time(), fps=12, gop=12, video=lambda i, s: replace(VIDEO, fps=None)), 30)
    assert [streams.video.fps for _, streams in _changes(ran)] == [12]
    ran = run(Camera(Time(), fps=21, gop=21), 30)
    assert [streams.video.fps for _, streams in _changes(ran)] == [25]
    ran = run(Camera(Time(), sends=lambda i, s: s < 20 or i % 5 == 0), 60)
    assert [streams.video.fps for _, streams in _changes(ran)] == [25, 5]


def test_a_rate_that_changes_all_the_time_does_not_cut_the_film_to_pieces() -> None:
    ran = run(Camera(Time(), sends=lambda i, s: s % 10 < 5 or i % 5 == 0), 300)
    assert len(_changes(ran)) < 8


# sound and picture together


@pytest.mark.parametrize("base", [0, 777 * 90_000])
def test_sound_that_takes_longer_or_shorter_stays_with_the_picture(base: int) -> None:
    for picture_s, sound_s in ((0.3, 0.03), (0.03, 0.4)):
        ran = run(
            Camera(
                Time(),
                sound=G711,
                late_s=lambda i, s, by=picture_s: by,  # type: ignore[misc]
                sound_late_s=lambda j, s, by=sound_s: by,  # type: ignore[misc]
                sound_stamp=lambda j, s: base + round(s * 90_000),
                clock_us=lambda kind, s: round(s * 1e6) + 10**15 if s > 5 else None,
            ),
            240,
        )
        assert _is_contiguous(ran.sounds, 40)
        assert all(abs(apart_s) < 0.02 for apart_s in _apart_s(ran)[-1000:])


def test_a_clock_of_sender_reports_that_jumps_shakes_nothing() -> None:
    def clock_us(kind: str, s: float) -> int:
        late = 1.0 if kind == "audio" else 0.0  # each track hears of it when its own report comes
        return (
            round(s * 1e6) + 10**15 + (3_600_000_000 if s > 25 + late else 0) - (7_200_000_000 if s > 45 + late else 0)
        )

    ran = run(Camera(Time(), sound=G711, clock_us=clock_us), 60)
    assert _is_contiguous(ran.sounds, 40)
    assert all(abs(apart_s) < 0.02 for apart_s in _apart_s(ran))


def test_a_hole_in_the_sound_stays_a_hole() -> None:
    ran = run(Camera(Time(), sound=G711, sound_sends=lambda j, s: not 10 <= s < 11 and j != 500), 40)
    holes = [
        round((b.dts_us - a.dts_us) / 1000) for a, b in itertools.pairwise(ran.sounds) if b.dts_us - a.dts_us > 50_000
    ]
    assert holes == [1040, 80]
    assert all(abs(apart_s) < 0.02 for apart_s in _apart_s(ran))


def test_sound_without_usable_stamps_goes_by_its_length() -> None:
    dice = random.Random(4)
    for stamp in (
        lambda j, s: None,
        lambda j, s: 5,
        lambda j, s: dice.randrange(2**32),
        lambda j, s: round(s * 180_000),
    ):
        ran = run(Camera(Time(), sound=G711, sound_stamp=stamp), 120)
        assert len(ran.sounds) > 2990
        assert _is_contiguous(ran.sounds[150:], 40, 0.5)
        assert all(abs(apart_s) < 0.3 for apart_s in _apart_s(ran)), stamp


def test_sound_beside_a_picture_clock_that_is_wrong_stays_whole() -> None:
    for rate in (0.84, 2.0, 0.0):
        ran = run(Camera(Time(), sound=G711, stamp=lambda i, s, by=rate: round(s * by * 90_000)), 120)  # type: ignore[misc]
        assert _is_contiguous(ran.sounds, 40, 0.5)
        assert all(abs(ran.off_s(packet)) < 0.25 for packet in ran.sounds)


def test_sound_at_a_rate_that_is_not_declared_is_fitted() -> None:
    @dataclass(slots=True)
    class Odd(Camera):
        def poll(self, now_us: int) -> list[Raw]:
            said = ((raw, raw.duration_us * 2 if raw.kind == "audio" else 0) for raw in Camera.poll(self, now_us))
            return [replace(raw, duration_us=us) for raw, us in said]

    ran = run(Odd(Time(), sound=G711, sound_stamp=lambda j, s: None), 120)
    assert all(b.dts_us > a.dts_us for a, b in itertools.pairwise(ran.sounds))
    assert all(-0.1 < ran.off_s(packet) < 0.9 for packet in ran.sounds)
    assert abs(ran.off_s(ran.sounds[-1])) < 0.7


# what the owner is told


@pytest.mark.parametrize(
    ("camera", "says"),
    [
        (Camera(Time(), stamp=lambda i, s: 4711), "clock stands still"),
        (Camera(Time(), stamp=lambda i, s: None), "sends no times"),
        (Camera(Time(), stamp=lambda i, s: round(s * 75_000)), "too slow (0.83 of real time)"),
        (Camera(Time(), stamp=lambda i, s: round(s * 180_000)), "too fast (2.00 of real time)"),
    ],
)
def test_an_odd_clock_is_said(camera: Camera, says: str) -> None:
    ran = run(camera, 30)
    assert sum(says in note for note in ran.intake.notes) == 1


def test_a_healthy_camera_has_no_notes() -> None:
    assert run(Camera(Time(), sound=G711), 60).intake.notes == ()


def test_closing_closes_the_feed() -> None:
    ran = run(Camera(Time()), 2)
    ran.intake.close()
    assert ran.camera.is_closed
    assert ran.intake.receiver == "nightlatch"


# films


@dataclass(slots=True)
class Film:
    """A film of a second that may go round; a poll gives half a second of it and never two rounds."""

    rounds: int
    sound: AudioStream | None = None
    keys: bool = True
    loops: int = 0
    is_live: bool = False
    receiver: Receiver = "ffmpeg"
    left_out: tuple[str, ...] = ()
    _polls: int = field(default=0)

    @property
    def audio(self) -> AudioStream | None:
        return self.sound

    def poll(self, now_us: int) -> list[Raw]:
        if self._polls == 2 * self.rounds:
            raise SourceError(Reason.ENDED, "The film is over.")
        self.loops, half = divmod(self._polls, 2)
        self._polls += 1
        raws = []
        for i in range(5 * half, 5 * half + 5):
            is_key = self.keys and i == 0
            raws.append(Raw("video", is_key, i * 9000, i * 9000, BASE, 100_000, b"v", VIDEO if is_key else None))
            if self.sound is not None:
                raws.append(Raw("audio", True, i * 9000, i * 9000, BASE, 100_000, b"a", None))
        return raws

    def close(self) -> None:
        pass


def _play(film: Film) -> tuple[list[Packet], SourceError]:
    intake, packets = Intake(film, Time()), []
    for _ in range(100):
        try:
            packets += intake.poll(0)
        except SourceError as error:
            return packets, error
    raise AssertionError("the film never ended")


@pytest.mark.parametrize("sound", [None, G711])
def test_a_film_goes_round_by_its_own_clock(sound: AudioStream | None) -> None:
    packets, error = _play(Film(3, sound))
    video = [packet for packet in packets if packet.kind == "video"]
    assert [packet.dts_us for packet in video] == [i * 100_000 for i in range(30)]
    assert [packet.at_ms for packet in video] == [WALL_MS + i * 100 for i in range(30)]
    assert video[0].streams == Streams(VIDEO, sound)
    assert video[10].streams is video[0].streams
    assert sum(packet.kind == "audio" for packet in packets) == (30 if sound else 0)
    assert error.reason is Reason.ENDED


def test_a_film_whose_sound_never_comes_is_played_without() -> None:
    packets, _ = _play(replace(Film(3), left_out=("left out",)))
    assert len(packets) == 30


def test_a_film_without_a_key_frame_is_no_film() -> None:
    packets, error = _play(Film(1, keys=False))
    assert packets == []
    assert error.reason is Reason.BROKEN_STREAM
    assert "Use another file" in str(error)
