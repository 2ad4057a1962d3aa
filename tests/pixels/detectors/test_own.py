"""A detector that an owner chooses by file: each kind of head finds squares, and what does not fit is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nightlatch.config import Config
from nightlatch.domain.geometry import Box
from nightlatch.domain.sighting import Detection, EyeName, Kind
from nightlatch.errors import ConfigError
from nightlatch.hub.settings import HubSettings
from nightlatch.pixels.detectors.models import known_models
from nightlatch.pixels.detectors.onnx import ModelBroken
from nightlatch.pixels.detectors.opening import open_detector
from nightlatch.pixels.detectors.own import OwnNetwork, _detr_softmax, _yolox_decoded, read_card
from nightlatch.pixels.detectors.yolox import Yolox
from tests.pixels.detectors.onnx_files import square_finder

YOLOX = Path(__file__).resolve().parents[4] / "shared" / "data" / "models" / "yolox_nano.onnx"
LABELS = "[labels]\nperson = [0]\nvehicle = [1]\n"
RED, BLUE = (0, 0, 255), (255, 0, 0)  # as OpenCV orders them


def model(folder: Path, head: str, card: str = "", **options: object) -> Path:
    path = square_finder(folder / f"{head}.onnx", head, **options)  # type: ignore[arg-type]
    path.with_suffix(".toml").write_text(card or f'head = "{head}"\n{LABELS}')
    return path


def squares() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """512 × 256, grey; in a letter of 256 each square is one cell."""
    picture = np.full((256, 512, 3), 60, np.uint8)
    picture[64:128, 128:192] = RED
    picture[128:192, 320:384] = BLUE
    return picture


def kinds_at(found: list[Detection]) -> dict[Kind, tuple[float, float, float, float]]:
    return {each.kind: (each.box.left, each.box.top, each.box.right, each.box.bottom) for each in found}


@pytest.mark.parametrize("head", ["yolo", "boxes", "detr"])
def test_each_kind_of_head_finds_the_squares_where_they_are(tmp_path: Path, head: str) -> None:
    found = open_detector("own", None, model(tmp_path, head)).look(squares(), [])
    assert len(found) == 2
    where = kinds_at(found)
    assert where[Kind.PERSON] == pytest.approx((0.25, 0.25, 0.375, 0.5), abs=0.01)
    assert where[Kind.VEHICLE] == pytest.approx((0.625, 0.5, 0.75, 0.75), abs=0.01)
    assert all(each.score > 0.9 for each in found)


@pytest.mark.parametrize("head", ["yolo", "detr"])
def test_a_stretched_picture_and_a_piece_of_it_give_boxes_of_the_whole(tmp_path: Path, head: str) -> None:
    path = model(tmp_path, head, f'head = "{head}"\nfit = "stretch"\n{LABELS}')
    picture = np.full((256, 512, 3), 60, np.uint8)
    picture[64:96, 128:192] = RED  # a cell of the stretched whole
    network = OwnNetwork(path)
    assert kinds_at(network.look_at(picture, (0, 0, 512, 256)))[Kind.PERSON] == pytest.approx(
        (0.25, 0.25, 0.375, 0.375)
    )
    picture[128:160, 352:384] = BLUE  # a cell of the right half
    assert kinds_at(network.look_at(picture, (256, 0, 512, 256)))[Kind.VEHICLE] == pytest.approx(
        (0.6875, 0.5, 0.75, 0.625)
    )


def test_the_order_of_colours_is_what_the_card_says(tmp_path: Path) -> None:
    path = model(tmp_path, "yolo", f'head = "yolo"\ncolours = "bgr"\n{LABELS}')
    where = kinds_at(OwnNetwork(path).look_at(squares(), (0, 0, 512, 256)))
    assert where[Kind.VEHICLE][0] == pytest.approx(0.25, abs=0.01)  # red is blue to it now


def test_a_model_that_takes_any_size_needs_one_in_its_card(tmp_path: Path) -> None:
    path = model(tmp_path, "yolo", shape=(1, 3, "h", "w"))
    with pytest.raises(ConfigError, match="Add, for example: size = 640"):
        OwnNetwork(path)
    path.with_suffix(".toml").write_text(f'head = "yolo"\nsize = 256\n{LABELS}')
    assert len(OwnNetwork(path).look_at(squares(), (0, 0, 512, 256))) == 2


@pytest.mark.parametrize("shape", [(1, 1), (8, 2000), (2000, 8)])
def test_a_picture_of_any_shape_is_looked_at(tmp_path: Path, shape: tuple[int, int]) -> None:
    own = open_detector("own", None, model(tmp_path, "yolo"))
    assert own.look(np.zeros((*shape, 3), np.uint8), [Box(0.2, 0.2, 0.3, 0.3)]) == []


@pytest.mark.parametrize(
    ("head", "card", "says"),
    [
        ("detr", f'head = "yolo"\n{LABELS}', "the head yolo has one output .* classes .*, pred_boxes"),
        ("yolo", f'head = "detr"\n{LABELS}', "two outputs, boxes and scores"),
        ("yolo", f'head = "yolox"\n{LABELS}', "the head yolox has 1344 rows"),
        ("logits", f'head = "yolo"\n{LABELS}', "not between 0 and 1|does not fit|could not be tried"),
        ("yolo", 'head = "yolo"\n[labels]\nperson = [7]\n', "2 classes, and .labels. names class 7"),
        ("yolo", f'head = "yolo"\nsize = 320\n{LABELS}', "256 by 256, and the card says size = 320"),
        ("yolo", 'head = "yolo"\n[labels]\n', "needs class numbers"),
        ("yolo", 'head = "yolo"\n[labels]\nperson = [0]\ncat = [0]\n', "each once"),
        ("yolo", 'head = "yolo"\n[labels]\nmotion = [0]\n', "motion is no label"),
        ("yolo", 'head = "yolo"\n[labels]\nowl = [0]\n', "owl"),
        ("yolo", f'head = "ssd"\n{LABELS}', "ssd"),
        ("yolo", f'head = "yolo"\ncolour = "bgr"\n{LABELS}', "colour"),
        ("yolo", f'head = "yolo"\nleast = 7.0\n{LABELS}', "least must lie between"),
        ("yolo", "head = ", "cannot be read"),
        ("nan", f'head = "yolo"\n{LABELS}', "no number"),
    ],
)
def test_what_does_not_fit_is_said_when_it_is_opened(tmp_path: Path, head: str, card: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        OwnNetwork(model(tmp_path, head, card))


@pytest.mark.parametrize(
    ("shape", "says"),
    [((1, 3, 256, 320), "square"), ((4, 3, 256, 256), r"\(1, 3, height, width\)"), ((1, 256, 256, 3), "has the shape")],
)
def test_an_input_of_another_shape_is_refused(tmp_path: Path, shape: tuple[int, ...], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        OwnNetwork(model(tmp_path, "yolo", shape=shape))


def test_a_file_that_is_not_there_or_is_none_or_has_no_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.onnx is not there. Set detector_model"):
        open_detector("own", None, tmp_path / "gone.onnx")
    with pytest.raises(ConfigError, match="set detector_model"):
        open_detector("own", None)
    path = square_finder(tmp_path / "bare.onnx", "yolo")
    with pytest.raises(ConfigError, match=r"bare\.toml is not there.*the-eye\.md"):
        OwnNetwork(path)
    path.with_suffix(".toml").write_text(f'head = "yolo"\n{LABELS}')
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ConfigError, match="not a model that can be used"):
        OwnNetwork(path)


def test_a_model_that_begins_to_answer_with_no_numbers_fails_aloud(tmp_path: Path) -> None:
    own = OwnNetwork(model(tmp_path, "yolo"))
    own._network.run = lambda batch: {"found": np.full((1, 6, 64), 2, np.float32)}  # type: ignore[method-assign]
    with pytest.raises(ModelBroken, match="between 0 and 1"):
        own.look_at(squares(), (0, 0, 512, 256))


def test_the_other_heads_are_read_as_their_makers_write_them() -> None:
    decoded = np.array([[100, 50, 20, 10, 0.5, 0.8, 0.2]], np.float32)
    boxes, scores = _yolox_decoded([decoded], 416)
    assert boxes[0] == pytest.approx((90, 45, 110, 55))
    assert scores[0] == pytest.approx((0.4, 0.1))
    boxes, scores = _detr_softmax(
        [np.array([[0.5, 0.5, 0.1, 0.2]], np.float32), np.log(np.array([[0.6, 0.1, 0.3]], np.float32))], 100
    )
    assert boxes[0] == pytest.approx((45, 40, 55, 60))
    assert scores[0] == pytest.approx((0.6, 0.1))  # the last is nothing


@pytest.mark.shared
@pytest.mark.skipif(not YOLOX.is_file(), reason="needs ../shared/data/models")
def test_yolox_as_a_model_of_ones_own_sees_what_yolox_sees(tmp_path: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_bytes(YOLOX.read_bytes())
    assert known_models()["yolox_nano"].bytes == path.stat().st_size
    path.with_suffix(".toml").write_text(
        'head = "yolox"\ncolours = "bgr"\nscale = "0..255"\nleast = 0.1\n[labels]\nperson = [0]\n'
    )
    from nightlatch.lab.eye.clips import looks

    look = next(looks(YOLOX.parents[1] / "videos" / "person__driveway_man_walks.mp4"))
    window = (0, 0, look.bgr.shape[1], look.bgr.shape[0])
    own = [each for each in OwnNetwork(path).look_at(look.bgr, window) if each.score > 0.3]
    theirs = [each for each in Yolox(YOLOX).look_at(look.bgr, window) if each.kind is Kind.PERSON and each.score > 0.3]
    assert [each.box for each in own] == [each.box for each in theirs]


def test_a_file_in_the_settings_is_what_looks_and_contradictions_are_refused() -> None:
    assert HubSettings().detector is EyeName.BOTH
    assert HubSettings(detector_model=Path("a.onnx")).detector is EyeName.OWN
    for wrong, says in (
        ({"detector": "own"}, "needs detector_model"),
        ({"detector": "ssd", "detector_model": "a"}, "leave"),
    ):
        with pytest.raises(ConfigError, match=says):
            Config(None, {"hub": wrong}).section("hub", HubSettings)


def test_the_card_says_what_it_leaves_out(tmp_path: Path) -> None:
    card = read_card(model(tmp_path, "yolo"))
    assert (card.colours, card.scale, card.fit, card.size, card.least) == ("rgb", "0..1", "letterbox", None, 0.25)
