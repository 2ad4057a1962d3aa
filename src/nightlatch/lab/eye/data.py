"""Crops to learn from: photographs, what was cut from them, and what moved in front of a camera, drawn or filmed.

Things are put in front of real and rendered backgrounds, and all of it is made as poor as cameras make it.

People come from acted or consented footage (tier A of the collection) and from drawings. Of other footage only what
shows nobody is used: neither its people nor their backgrounds; photographs of people whose consent is unknown are left
out. One source in eight, never one picture in eight, is held out.
"""

from __future__ import annotations

import hashlib
import json
import random
import tarfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.lab.eye.cutouts import Mask, cutout
from nightlatch.lab.eye.regions import AROUND, of_films, rendered
from nightlatch.pixels.detectors.eye import NAMES, SIDE
from nightlatch.pixels.detectors.yolox import Yolox
from nightlatch.pixels.stage.scenes import DRAWN, scene

Image = NDArray[np.uint8]
CIFAR = {
    "cat": "cat",
    "dog": "dog",
    "bird": "animal",
    "deer": "animal",
    "frog": "animal",
    "horse": "animal",
    "automobile": "vehicle",
    "truck": "vehicle",
    "airplane": "nothing",
    "ship": "nothing",
}
PHOTOS = {"cat": "cat", "dog": "dog", "horse": "animal", "black_bear": "animal", "brown_bear": "animal"}
PHOTOS |= {"polar_bear": "animal"}
EMPTY = ("grass", "trail", "room", "object", "snow", "desk")
PETS = {"kitten": "cat", "cat_jumps": "cat", "puppy": "dog"}
NOBODY_SEEN = ("motorway", "/vehicle__road", "puppy", "kitten", "cat_jumps", "flowers")  # in footage of tier B
TARS = ("crops", "cifar10_subset", "dogs_vs_cats", "jetson_inference")
MOVED_SHARE = {"person": 0.4, "vehicle": 0.4, "nothing": 0.5}  # of the rest OTHER: few films show them
MOVED_OTHER = 0.15
FILMED_SHARE = 0.6  # of what moved, where there are films
CUT_SHARE = 0.5  # of the rest
DRAWN_SHARE = 0.08
SEEDS = range(2, 10)  # of rendered scenes to learn from; 1 is kept for evaluation
HELD_OUT = 8  # one source in so many


@dataclass(slots=True)
class Stock:
    """Pictures by what they show; `ground` is where nothing is.

    `cut` are things with their masks, `filmed` and `drawn` windows around what moved.
    """

    things: dict[str, list[Image]] = field(default_factory=lambda: {name: [] for name in NAMES})
    cut: dict[str, list[tuple[Image, Mask]]] = field(default_factory=lambda: {name: [] for name in NAMES})
    filmed: dict[str, list[Image]] = field(default_factory=lambda: {name: [] for name in NAMES})
    drawn: dict[str, list[Image]] = field(default_factory=lambda: {name: [] for name in NAMES})
    ground: list[Image] = field(default_factory=list)


def is_held_out(source: str) -> bool:
    """Whether all of a source is kept for evaluation."""
    return hashlib.sha256(source.encode()).digest()[0] % HELD_OUT == 0


def unpacked(folder: Path, into: Path) -> Path:
    """The folder with each NAME.tar of the collection unpacked to NAME; `into` is where that is done if it is not."""
    if (folder / "crops").is_dir():
        return folder
    for name in TARS:
        with tarfile.open(folder / f"{name}.tar") as packed:
            packed.extractall(into / name, filter="data")
    return into


def may_learn(tier: str, source: str) -> bool:
    """Whether footage may be learnt from: everybody seen in it agreed, or nobody is seen."""
    return tier == "A" or any(name in source for name in NOBODY_SEEN)


def load(folder: Path, films: Path, models: Path, *, held_out: bool) -> Stock:
    """All pictures of the unpacked collection and of its films, either those to learn from or those held out."""
    stock = _photographs(folder, held_out)
    with ProcessPoolExecutor() as pool:
        for name in ("person", "cat", "dog"):
            large = [image for image in stock.things[name] if min(image.shape[:2]) >= 48]
            stock.cut[name] = [found for found in pool.map(cutout, large, chunksize=16) if found is not None]
    for film, kind, image in of_films(films, may_learn, Yolox(models / "yolox_nano.onnx")):
        if is_held_out(f"dev/{film}") == held_out:
            stock.filmed[kind].append(image)
    for seed in (1,) if held_out else SEEDS:
        for kind, image in rendered(seed):
            stock.drawn[kind].append(image)
    return stock


def _photographs(folder: Path, held_out: bool) -> Stock:
    stock = Stock()
    _add_crops(stock, folder / "crops", held_out)
    _add_small(stock, folder, held_out)
    _add_whole(stock, folder / "jetson_inference" / "jetson_inference_mit", held_out)
    for name in ("porch", "living-room"):
        stock.ground.append(scene(name, seed=7 if held_out else 3).ground)
    return stock


def _add_crops(stock: Stock, folder: Path, held_out: bool) -> None:
    """Crops of films, by what the collection's list says that they show."""
    for entry in json.loads((folder / "crops" / "manifest.json").read_text()):
        if is_held_out(entry["src"]) != held_out or not may_learn(entry["tier"], entry["src"]):
            continue
        image = _read(folder / entry["file"])
        kind = entry["cls"]
        if kind == "background":
            stock.ground.append(image)
        elif kind in ("person", "vehicle"):
            stock.things[kind].append(image)
        elif kind == "pet":
            name = next((name for key, name in PETS.items() if key in entry["src"]), None)
            if name:
                stock.things[name].append(image)


def _add_small(stock: Stock, folder: Path, held_out: bool) -> None:
    """Photographs of one thing each, in a folder for each kind of thing."""
    for path in sorted((folder / "cifar10_subset" / "cifar10").glob("*/*.jpg")):
        if is_held_out(path.name) == held_out:
            stock.things[CIFAR[path.parent.name]].append(_read(path))
    for path in sorted((folder / "dogs_vs_cats" / "dogs_vs_cats").glob("*/*.jpg")):
        if is_held_out(path.name) == held_out:
            stock.things[path.parent.name.rstrip("s")].append(_shrunk(_read(path)))


def _add_whole(stock: Stock, folder: Path, held_out: bool) -> None:
    """Photographs of one thing or of an empty place, told apart by their names."""
    for path in sorted(folder.glob("*.*")):
        name = path.stem.rstrip("0123456789").rstrip("_")
        if is_held_out(path.name) != held_out:
            continue
        if name in PHOTOS:
            stock.things[PHOTOS[name]].append(_shrunk(_read(path)))
        elif name in EMPTY:
            stock.ground.append(_shrunk(_read(path), 480))


def samples(stock: Stock, seed: int) -> Iterator[tuple[Image, int]]:
    """Endless (SIDE, SIDE, 3) BGR pictures with the number of their kind, all kinds equally often."""
    dice = random.Random(seed)
    noise = np.random.default_rng(seed)
    while True:
        number = dice.randrange(len(NAMES))
        yield _camera_like(_compose(stock, NAMES[number], dice), dice, noise), number


def _compose(stock: Stock, name: str, dice: random.Random) -> Image:
    filmed, drawn = stock.filmed[name], stock.drawn[name]
    if (filmed or drawn) and dice.random() < MOVED_SHARE.get(name, MOVED_OTHER):
        return _looked_at(
            dice.choice(filmed if filmed and (not drawn or dice.random() < FILMED_SHARE) else drawn), dice
        )
    ground = _window(dice.choice(stock.ground), dice)
    if name in DRAWN and name != "nothing" and dice.random() < DRAWN_SHARE:
        return _draw(ground, name, dice)
    if name == "nothing" and (not stock.things[name] or dice.random() < 0.75):
        return _nothing(ground, stock, dice)
    if stock.cut[name] and dice.random() < CUT_SHARE:
        return _stand(ground, *dice.choice(stock.cut[name]), dice, turn=name == "person")
    return _photograph(ground, dice.choice(stock.things[name]), name, dice)


def _nothing(ground: Image, stock: Stock, dice: random.Random) -> Image:
    """The ground, or a piece of ground on ground: edges of pasted pieces mean nothing."""
    if dice.random() < 0.5:
        return _paste(ground, _window(dice.choice(stock.ground), dice), dice, turn=False)
    return ground


def _draw(ground: Image, name: str, dice: random.Random) -> Image:
    """A drawn thing on the ground."""
    colour = (dice.randint(10, 235), dice.randint(10, 235), dice.randint(10, 235))
    high = dice.uniform(0.55, 0.95) * ground.shape[0]
    foot = (ground.shape[1] * dice.uniform(0.35, 0.65), ground.shape[0] * dice.uniform(0.85, 1.05))
    DRAWN[name](ground, *foot, high, dice.uniform(0, 20), dice.random() < 0.5, colour)
    return ground


def _photograph(ground: Image, thing: Image, name: str, dice: random.Random) -> Image:
    """A photograph as it is, or put on the ground."""
    if name == "person" and dice.random() < 0.3:
        thing = _part(thing, dice)
    whole = dice.random() < (0.5 if min(thing.shape[:2]) > 40 else 0.7)
    if whole:
        return _turned(_loosely(thing, dice), name, dice)
    return _paste(ground, thing, dice, turn=name == "person")


def _looked_at(image: Image, dice: random.Random) -> Image:
    """A window around what moved as the eye looks at it: nearer or from farther away, not quite in the middle."""
    side = min(image.shape[:2])
    near = side * min(1.0, dice.uniform(1.1, 2.3) / AROUND)
    slack = near * 0.08
    x = min(max(0.0, (image.shape[1] - near) / 2 + dice.uniform(-slack, slack)), image.shape[1] - near)
    y = min(max(0.0, (image.shape[0] - near) / 2 + dice.uniform(-slack, slack)), image.shape[0] - near)
    return image[int(y) : int(y + near), int(x) : int(x + near)]


def _stand(ground: Image, thing: Image, mask: Mask, dice: random.Random, *, turn: bool) -> Image:
    """A thing in front of another place, as large as the eye would see it, with some of the light of that place."""
    if turn and dice.random() < 0.2:
        turns = dice.choice((1, 3))
        thing, mask = np.rot90(thing, turns).copy(), np.rot90(mask, turns).copy()
    size = 128
    canvas = cv2.resize(ground, (size, size), interpolation=cv2.INTER_AREA)
    longest = size / dice.uniform(1.05, 2.2)
    scale = longest / max(thing.shape[:2])
    wide, high = max(4, round(thing.shape[1] * scale)), max(4, round(thing.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    thing, mask = cv2.resize(thing, (wide, high), interpolation=way), cv2.resize(mask, (wide, high), interpolation=way)
    stray = 0.25 if dice.random() < 0.3 else 0.08  # often only a part is in the picture
    x = round((size - wide) / 2 + dice.uniform(-stray, stray) * size)
    y = round((size - high) / 2 + dice.uniform(-stray, stray) * size)
    left, top, right, bottom = max(0, x), max(0, y), min(size, x + wide), min(size, y + high)
    cut = np.s_[top - y : bottom - y, left - x : right - x]
    piece = canvas[top:bottom, left:right]
    soft = cv2.GaussianBlur(mask[cut].astype(np.float32) / 255, (3, 3), 0)[..., None]
    lit = thing[cut].astype(np.float32)
    lit += dice.uniform(0, 0.7) * (float(piece.mean()) - float(lit.mean()))
    canvas[top:bottom, left:right] = np.clip(soft * lit + (1 - soft) * piece, 0, 255).astype(np.uint8)
    return np.asarray(canvas, np.uint8)


def _loosely(thing: Image, dice: random.Random) -> Image:
    """The picture as it is, a little cut or with its border drawn out."""
    height, width = thing.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    square = cv2.copyMakeBorder(
        thing,
        top,
        side - height - top,
        left,
        side - width - left,
        dice.choice((cv2.BORDER_REFLECT, cv2.BORDER_REPLICATE)),
    )
    cut = int(side * dice.uniform(-0.15, 0.18))
    if cut <= 0:
        return np.asarray(cv2.copyMakeBorder(square, -cut, -cut, -cut, -cut, cv2.BORDER_REFLECT), np.uint8)
    x, y = dice.randint(0, cut), dice.randint(0, cut)
    return np.asarray(square[y : side - cut + y, x : side - cut + x], np.uint8)


def _part(thing: Image, dice: random.Random) -> Image:
    """Some of a person: often only an arm, the legs or the upper half moves or is in the picture."""
    height, width = thing.shape[:2]
    high, wide = max(8, int(height * dice.uniform(0.4, 0.8))), max(8, int(width * dice.uniform(0.6, 1.0)))
    y, x = dice.randint(0, max(0, height - high)), dice.randint(0, max(0, width - wide))
    return thing[y : y + high, x : x + wide]


def _turned(image: Image, name: str, dice: random.Random) -> Image:
    """Fallen and kneeling people are people."""
    if name == "person" and dice.random() < 0.2:
        return np.asarray(np.rot90(image, dice.choice((1, 3))).copy(), np.uint8)
    return image


def _paste(ground: Image, thing: Image, dice: random.Random, *, turn: bool) -> Image:
    thing = _turned(thing, "person" if turn else "", dice)
    canvas = cv2.resize(ground, (96, 96), interpolation=cv2.INTER_AREA)
    side = dice.uniform(0.55, 1.0) * 96
    scale = side / max(thing.shape[:2])
    size = (max(4, round(thing.shape[1] * scale)), max(4, round(thing.shape[0] * scale)))
    small = cv2.resize(thing, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    x, y = dice.randint(0, 96 - size[0]), dice.randint(0, 96 - size[1])
    soft = np.zeros((size[1], size[0]), np.float32)
    border = max(1, min(size) // 10)
    soft[border:-border, border:-border] = 1
    soft = cv2.blur(soft, (2 * border + 1, 2 * border + 1))[..., None]
    piece = canvas[y : y + size[1], x : x + size[0]]
    canvas[y : y + size[1], x : x + size[0]] = (soft * small + (1 - soft) * piece).astype(np.uint8)
    return np.asarray(canvas, np.uint8)


def _window(image: Image, dice: random.Random) -> Image:
    height, width = image.shape[:2]
    side = int(min(height, width) * dice.uniform(0.25, 1.0))
    x, y = dice.randint(0, width - side), dice.randint(0, height - side)
    return image[y : y + side, x : x + side].copy()


def _camera_like(image: Image, dice: random.Random, noise: np.random.Generator) -> Image:
    """What a cheap camera makes of it: few pixels, grain, blur, compression, wrong light, infrared."""
    if dice.random() < 0.5:
        image = image[:, ::-1]
    few = int(dice.uniform(14, 64)) if dice.random() < 0.5 else SIDE
    image = cv2.resize(image, (few, few), interpolation=cv2.INTER_AREA)
    image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    if dice.random() < 0.45:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    wide = image.astype(np.float32)
    wide = (wide - 128) * dice.uniform(0.45, 1.3) + 128 + dice.uniform(-60, 45)
    wide = 255 * np.clip(wide / 255, 0, 1) ** dice.uniform(0.6, 1.6)
    if dice.random() < 0.6:
        wide += noise.normal(0, dice.uniform(1, 14), wide.shape)
    image = np.clip(wide, 0, 255).astype(np.uint8)
    if dice.random() < 0.3:
        image = cv2.GaussianBlur(image, (3, 3), 0)
    elif dice.random() < 0.15:
        image = cv2.blur(image, (dice.randint(3, 8), 1))  # it moves while the picture is taken
    if dice.random() < 0.5:
        _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, dice.randint(15, 80)])
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return np.ascontiguousarray(image)


def _read(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise FileNotFoundError(path)
    return np.asarray(image, np.uint8)


def _shrunk(image: Image, most: int = 200) -> Image:
    scale = most / max(image.shape[:2])
    if scale >= 1:
        return image
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
