"""`replay` and `gate explain`: recorded films against their truth."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from fractions import Fraction
from pathlib import Path

import av
import pytest
import typer
from typer.testing import CliRunner

from nightlatch.commands import replay as commands
from nightlatch.pixels.replay.films import FilmError, films_in, open_film
from nightlatch.pixels.replay.scoring import Opening, TrueEvent, read_truth, score
from tests.pixels.sight.rooms import crossing, film


def _run(*arguments: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command("replay")(commands.replay)
    app.add_typer(commands.app, name="gate")
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def _walk(folder: Path) -> Path:
    path = film(folder / "walk.mp4", crossing(15, 21, 36, 90), seconds=35)
    path.with_suffix(".truth.json").write_text(json.dumps([{"kind": "person", "from_ms": 15_000, "to_ms": 21_000}]))
    return path


def test_a_film_is_compared_with_its_truth_and_drawn(tmp_path: Path) -> None:
    _walk(tmp_path)
    code, said = _run(
        "replay", str(tmp_path), "--plot", str(tmp_path / "plots"), "--least-recall", "1", "--most-false", "0"
    )
    assert code == 0
    assert "found 1 of 1" in said
    assert "false: 0" in said
    drawn = ET.fromstring((tmp_path / "plots" / "walk.svg").read_text())
    titles = [each.text for each in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert "person 15.0 s" in titles


def test_what_was_missed_fails_where_it_must_not(tmp_path: Path) -> None:
    path = _walk(tmp_path)
    path.with_suffix(".truth.json").write_text(json.dumps([{"kind": "cat", "from_ms": 1_000, "to_ms": 2_000}]))
    code, said = _run("replay", str(path), "--least-recall", "0.9")
    assert code == 1
    assert "missed: cat" in said


def test_a_film_is_told_with_its_verdict_and_as_json(tmp_path: Path) -> None:
    path = _walk(tmp_path)
    code, said = _run("replay", str(path))
    assert code == 0
    verdict = re.search(r"(threat|routine|unsure) \((0\.\d\d|1\.00)\): \w+ .+\.", said)
    assert verdict
    code, told = _run("replay", str(path), "--json")
    assert code == 0
    film = json.loads(told)
    assert film["score"]["found"] == 1
    assert film["events"][0]["judgement"]["verdict"] == verdict.group(1)


def test_a_film_in_which_nothing_happens_counts_what_is_false(tmp_path: Path) -> None:
    path = _walk(tmp_path)
    path.with_suffix(".truth.json").write_text("[]")
    code, said = _run("replay", str(path), "--most-false", "0", "--detector", "motion")
    assert code == 1
    assert "false: 1" in said


def test_areas_of_a_camera_hold_for_films_too(tmp_path: Path) -> None:
    path = _walk(tmp_path)
    areas = tmp_path / "areas.json"
    areas.write_text(json.dumps([{"name": "all", "use": "mask", "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}]))
    code, said = _run("replay", str(path), "--areas", str(areas))
    assert code == 0
    assert "found 0 of 1" in said
    areas.write_text('[{"name": "all", "use": "shred", "points": []}]')
    code, said = _run("replay", str(path), "--areas", str(areas))
    assert code == 2
    assert "no list of areas" in said


def test_why_the_gate_opened_is_a_page_with_a_picture_of_it(tmp_path: Path) -> None:
    code, said = _run("gate", "explain", str(_walk(tmp_path)), "--out", str(tmp_path / "why.html"))
    assert code == 0
    assert "why.html" in said
    page = (tmp_path / "why.html").read_text()
    assert page.count("<figure>") == 1
    assert "data:image/jpeg;base64,/9j/" in page
    assert 'class="moved"' in page


@pytest.mark.parametrize(("ending", "codec"), [(".mkv", "libx264"), (".avi", "mpeg4"), (".avi", "mjpeg")])
def test_other_files_are_read_too(tmp_path: Path, ending: str, codec: str) -> None:
    path = film(tmp_path / "in.mp4", crossing(12, 18, 36, 90), seconds=25)
    made = tmp_path / f"in{ending}"
    with av.open(str(path)) as source, av.open(str(made), "w") as out:
        track = out.add_stream(codec, rate=5)
        track.width, track.height, track.pix_fmt = 640, 360, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        track.bit_rate = 3_000_000
        for number, frame in enumerate(source.decode(video=0)):
            frame = frame.reformat(format=track.pix_fmt)
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 5), 0
            out.mux(track.encode(frame))
        out.mux(track.encode())
    code, said = _run("replay", str(made))
    assert code == 0
    assert "1 events" in said


def test_what_is_no_film_is_said_plainly(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.mp4"
    wrong.write_bytes(b"no film" * 100)
    code, said = _run("replay", str(wrong))
    assert code == 2
    assert "wrong.mp4 is not a film" in said
    with pytest.raises(FilmError, match="no film at"):
        films_in(tmp_path / "nowhere")


def test_packets_of_a_film_are_in_order_and_begin_at_nought(tmp_path: Path) -> None:
    with open_film(film(tmp_path / "in.mp4", lambda p, s: None, seconds=3)) as opened:
        packets = list(opened.packets)
    assert [p.at_ms for p in packets] == [n * 200 for n in range(15)]
    assert [n for n, p in enumerate(packets) if p.is_key] == [0, 5, 10]


def test_scores_count_what_is_found_how_soon_and_what_is_false() -> None:
    truth = [TrueEvent("person", 10_000, 15_000), TrueEvent("cat", 40_000, 41_000)]
    seen = [Opening(10_400, 10_200, 15_000), Opening(70_000, 69_000, 71_000)]
    result = score(truth, seen, 100_000)
    assert (result.found, result.true, result.false, result.delays_ms) == (1, 2, 1, (400,))
    assert result.missed == (truth[1],)
    assert result.false_per_hour == pytest.approx(3600 / 94)


def test_broken_truth_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.truth.json").write_text('{"kind": 1}')
    with pytest.raises(FilmError, match="Mend it"):
        read_truth(tmp_path / "a.mp4")
