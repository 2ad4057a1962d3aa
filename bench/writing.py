"""What can still be read on the plate of a given film, and what covering it costs: rendered truth, and real films.

    python bench/writing.py rendered [scenes]
    python bench/writing.py real [seconds] [part of a name]
    python bench/writing.py fit [scenes]

- *rendered*: clocks, names, number plates, house numbers and signs, burnt into or standing in pictures (photographs and
  films of ../shared/data, scenes of the stage), in fonts of this machine (ffmpeg draws them) and of OpenCV. The ink of
  each is known; it counts as covered when 90 % of its ink is. Only fonts and pictures that no constant was chosen on.
- *real*: the plate of each film of ../shared/data/videos: which share of the picture is covered as writing, what that
  costs, and how many words Tesseract (where it is installed) reads on it before and after, three times enlarged.
- *fit*: prints the weights of LIKENESS (pixels/hiding/writing), from lines on rendered pictures in the other fonts and
  pictures, those that do not count: logistic regression, squares included; what is no writing counts by its size.

bench/out/writing/ then holds the plates, what was covered marked red.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tarfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray

from nightlatch.domain.geometry import Box
from nightlatch.pixels.hiding import redacting
from nightlatch.pixels.hiding.eyes import PrivacyEyes, open_privacy_eyes
from nightlatch.pixels.hiding.film import CannotRedact, Excerpt
from nightlatch.pixels.hiding.plate import GREY, Plate, Sample, mask_of
from nightlatch.pixels.hiding.redacting import stage_of
from nightlatch.pixels.hiding.strokes import TRAITS, lines_on
from nightlatch.pixels.hiding.writing import Screens, writing_on, written
from nightlatch.pixels.stage.scenes import scene

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OUT = Path(__file__).parent / "out" / "writing"
# Fonts and pictures that the constants of strokes.py and writing.py were chosen on: they do not count here.
CHOSEN_ON = (
    "DejaVu",
    "LiberationSans-R",
    "LiberationMono",
    "Roboto-R",
    "Roboto-M",
    "FreeSans",
    "FreeMono",
    "SansNarrow",
)
SEEN_FACES = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX)
UNSEEN_FACES = (cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
# Parts of the names of pictures that show writing of their own: nothing on them is known to be none.
WRITTEN_ON = ["airplane", "city", "desk", "humans", "object", "peds", "horse", "room_3", "room_4"]
WRITTEN_ON += ["driveway", "garden_path", "office", "motorway"]
COLOURS = {"white": (255,) * 3, "black": (0,) * 3, "yellow": (0, 255, 255), "red": (0, 0, 255), "green": (0, 255, 0)}
HIGHS = (8, 9, 10, 12, 14, 16, 20, 24, 30, 40)
LEGIBLE = 45  # levels of a colour between ink and ground: less counts as faint
COVERED = 0.9
READ_EVERY = 4  # pictures: Tesseract is slow
Bgr = NDArray[np.uint8]
Alpha = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Text:
    """A drawn text: how opaque each pixel is, tightly cut."""

    kind: str
    words: str
    font: str
    ink: Alpha


def words(dice: random.Random) -> list[tuple[str, str]]:
    """What cameras burn in and streets show."""

    def digits(n: int) -> str:
        return "".join(dice.choice("0123456789") for _ in range(n))

    def letters(n: int) -> str:
        return "".join(dice.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(n))

    date = f"{dice.randrange(2020, 2028)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
    hour = f"{dice.randrange(24):02}:{digits(1)}{dice.randrange(10)}:{dice.randrange(60):02}"
    names = (
        "Camera 01",
        "Front Door",
        "Garden",
        "CAM 2",
        "Wohnzimmer",
        "Driveway",
        "Back yard 3",
        "Haustuer",
        "ch01 Hall",
    )
    signs = ("PRIVATE PARKING", "Smith", "BAKERY", "Oak Street", "Fire Exit", "Dr. Anna Weiss", "Call Mum 5pm", "POST")
    return [
        ("clock", f"{date} {hour}"),
        ("clock", f"{date[8:]}.{date[5:7]}.{date[:4]} {hour[:5]}"),
        ("clock", hour),
        ("name", dice.choice(names)),
        ("name", dice.choice(names)),
        ("plate", f"{letters(2)}{digits(2)} {letters(3)}"),
        ("plate", f"{letters(1)} {letters(2)} {digits(4)}"),
        ("house number", digits(dice.choice((2, 3)))),
        ("sign", dice.choice(signs)),
    ]


def texts(dice: random.Random, is_unseen: bool) -> list[Text]:
    """The same in every (un)seen font: those that ffmpeg draws, 96 pixels large, and OpenCV's own."""
    made = []
    found = subprocess.run(["fc-list", ":lang=en", "file"], capture_output=True, text=True, check=False).stdout
    paths = sorted({Path(line.split(":")[0]) for line in found.splitlines() if line})
    upright = [p for p in paths if "Italic" not in p.name and "Oblique" not in p.name]
    chosen = [p for p in upright if any(each in p.name for each in CHOSEN_ON) != is_unseen]
    for path in dice.sample(chosen, min(24, len(chosen))):
        some = words(dice)
        row, across = 150, 2400
        drawn = []
        for n, (_, text) in enumerate(some):
            words_only = text.replace(":", "\\\\:").replace(" ", "\\ ")
            drawn.append(
                f"drawtext=fontfile={path}:text={words_only}:fontsize=96:fontcolor=white:x=20:y={row * n + 20}"
            )
        source = f"color=black:s={across}x{row * len(some)}:d=1:r=1,format=gray"
        source = ",".join([source, *drawn])
        command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", "1", "-f", "rawvideo", "-"]
        raw = subprocess.run(command, capture_output=True, check=False).stdout
        if len(raw) == across * row * len(some):
            sheet = np.frombuffer(raw, np.uint8).reshape(len(some), row, across)
            made += [Text(kind, text, path.stem, cut(each)) for (kind, text), each in zip(some, sheet, strict=True)]
    for face in UNSEEN_FACES if is_unseen else SEEN_FACES:
        for thick in (5, 9):
            for kind, text in words(dice):
                canvas = np.zeros((220, 3600), np.uint8)
                cv2.putText(canvas, text, (20, 150), face, 3.2, 255, thick, cv2.LINE_AA)
                made.append(Text(kind, text, f"opencv {face}", cut(canvas)))
    return [each for each in made if each.ink.size > 100]


def cut(canvas: Alpha) -> Alpha:
    """Without the empty rim."""
    x, y, wide, high = cv2.boundingRect((canvas > 60).astype(np.uint8))
    return canvas[y : y + high, x : x + wide].copy()


@dataclass(frozen=True, slots=True)
class Behind:
    """A picture to write on, and whether it shows no writing of its own."""

    picture: Bgr
    is_blank: bool


def grounds(is_unseen: bool) -> list[Behind]:
    """Photographs and the first picture of each film, every second one; scenes of the stage where there are none."""
    first = 1 if is_unseen else 0
    made: list[Behind] = []
    tar = DATA / "images" / "jetson_inference.tar"
    if tar.is_file():
        with TemporaryDirectory() as folder, tarfile.open(tar) as packed:
            packed.extractall(folder, filter="data")
            photos = sorted(each for each in Path(folder).rglob("*.*") if each.suffix in (".jpg", ".png"))
            for each in photos[first::2]:
                picture = cv2.imread(str(each))
                if picture is not None:
                    made.append(Behind(np.asarray(picture, np.uint8), not any(n in each.name for n in WRITTEN_ON)))
    for path in sorted((DATA / "videos").glob("*.*"))[first::2]:
        try:
            _, picture = next(Excerpt(path.read_bytes(), 0, 900).pictures())
        except (CannotRedact, StopIteration):
            continue
        made.append(Behind(picture, not any(n in path.name for n in WRITTEN_ON)))
    return made or [Behind(scene(name).frame(30), True) for name in ("porch", "living-room")]


def fitted(picture: Bgr, dice: random.Random) -> Bgr:
    """640 or 1280 wide, 16:9 or 4:3."""
    width = dice.choice((640, 1280))
    height = round(width * dice.choice((9 / 16, 3 / 4)))
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (max(width, round(picture.shape[1] * scale)), max(height, round(picture.shape[0] * scale)))
    large = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    x, y = dice.randint(0, size[0] - width), dice.randint(0, size[1] - height)
    return np.ascontiguousarray(large[y : y + height, x : x + width], np.uint8)


def laid(picture: Bgr, alpha: Alpha, colour: Sequence[float]) -> Bgr:
    """A colour over the picture."""
    share = alpha[:, :, None].astype(np.float32) / 255
    return np.asarray(picture * (1 - share) + np.array(colour, np.float32) * share, np.uint8)


def burnt_in(picture: Bgr, text: Text, high: int, dice: random.Random) -> tuple[Bgr, Alpha] | None:
    """As cameras do it: in a corner or the middle of a border, plain, outlined or on a box."""
    height, width = picture.shape[:2]
    ink = cv2.resize(
        text.ink, (max(4, round(text.ink.shape[1] * high / text.ink.shape[0])), high), interpolation=cv2.INTER_AREA
    )
    rim = max(3, round(dice.uniform(0.3, 1.5) * high))
    if ink.shape[1] + 2 * rim >= width:
        return None
    x = dice.choice((rim, width - ink.shape[1] - rim, (width - ink.shape[1]) // 2))
    y = dice.choice((rim, height - high - rim))
    alpha = np.zeros((height, width), np.uint8)
    alpha[y : y + high, x : x + ink.shape[1]] = ink
    colour = COLOURS[dice.choice(("white", "white", "white", "black", "yellow", "red", "green"))]
    other = (0, 0, 0) if sum(colour) > 250 else (255, 255, 255)
    style = dice.choice(("plain", "plain", "outline", "box"))
    if style == "outline":
        rim_of = np.asarray(cv2.dilate(alpha, np.ones((3, 3), np.uint8)), np.uint8)
        picture = laid(picture, rim_of, other)
    if style == "box":
        around = np.zeros_like(alpha)
        cv2.rectangle(
            around, (x - high // 4, y - high // 4), (x + ink.shape[1] + high // 4, y + high * 5 // 4), 150, -1
        )
        picture = laid(picture, around, other)
    return laid(picture, alpha, colour), alpha


def standing(picture: Bgr, text: Text, high: int, dice: random.Random) -> tuple[Bgr, Alpha] | None:
    """On a board in the scene, seen at an angle, in some light, a little blurred."""
    height, width = picture.shape[:2]
    tall = 96
    ink = cv2.resize(text.ink, (round(text.ink.shape[1] * tall / text.ink.shape[0]), tall))
    rim = round(tall * dice.uniform(0.3, 0.6))
    card = cv2.copyMakeBorder(ink, rim, rim, rim, rim, cv2.BORDER_CONSTANT, value=0)
    scale = high / tall
    wide = card.shape[1] * scale
    if wide * 1.2 >= width or card.shape[0] * scale * 2 >= height:
        return None
    card = cv2.GaussianBlur(card, (0, 0), max(0.1, 0.4 / scale))
    tilt, narrow = np.tan(np.deg2rad(dice.uniform(-12, 12))), dice.uniform(0.6, 1.0)
    middle = (dice.uniform(wide / 2 + 5, width - wide / 2 - 5), dice.uniform(height * 0.2, height * 0.85))
    corners = []
    for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        across, down = a * wide / 2 * narrow, b * card.shape[0] * scale / 2 * (1 + 0.2 * a * (1 - narrow))
        corners.append((middle[0] + across, middle[1] + down + across * tilt))
    flat = ((0, 0), (card.shape[1], 0), (card.shape[1], card.shape[0]), (0, card.shape[0]))
    way = cv2.getPerspectiveTransform(np.array(flat, np.float32), np.array(corners, np.float32))
    alpha = np.asarray(cv2.warpPerspective(card, way, (width, height)), np.uint8)
    board = np.asarray(cv2.warpPerspective(np.full_like(card, 255), way, (width, height)), np.uint8)
    boards = [((235, 235, 235), (20, 20, 20)), ((60, 200, 240), (20, 20, 20))]
    if text.kind != "plate":
        boards += [((30, 30, 180), (245, 245, 245)), ((160, 60, 30), (240, 240, 240)), ((40, 50, 60), (200, 200, 200))]
    ground, colour = dice.choice(boards)
    light = dice.uniform(0.55, 1.0)
    picture = laid(laid(picture, board, [light * v for v in ground]), alpha, [light * v for v in colour])
    blur = dice.choice((0.0, 0.5, 0.9)) * (high / 16) ** 0.5
    if blur:
        soft = cv2.GaussianBlur(picture, (0, 0), blur)
        picture = np.where(cv2.dilate(board, np.ones((9, 9), np.uint8))[:, :, None] > 0, soft, picture)
    return picture, alpha


@dataclass(frozen=True, slots=True)
class Written:
    """A text in a picture: its ink, and how far that is from its ground."""

    text: Text
    high: int
    ink: NDArray[np.bool_]
    contrast: float


def pictures(count: int, dice: random.Random, *, is_unseen: bool) -> Iterator[tuple[Bgr, bool, list[Written]]]:
    """Pictures with two burnt-in texts and two in the scene, with noise and compressed; the second says: no others."""
    every, behind = texts(dice, is_unseen), grounds(is_unseen)
    dice.shuffle(behind)
    for n in range(count):
        ground = behind[n % len(behind)]
        picture = fitted(ground.picture, dice)
        taken = np.zeros(picture.shape[:2], np.uint8)
        alphas: list[tuple[Text, int, Alpha]] = []
        for put, kinds in ((burnt_in, ("clock", "name")), (standing, ("plate", "house number", "sign"))):
            for _ in range(2):
                text = dice.choice([each for each in every if each.kind in kinds])
                high = dice.choice(HIGHS[: 7 if picture.shape[1] == 640 else None])
                made = put(picture, text, high, dice)
                if made is None or (taken[made[1] > 30] > 0).any():
                    continue
                picture = made[0]
                taken |= np.asarray(cv2.dilate(made[1], np.ones((31, 31), np.uint8)), np.uint8)
                alphas.append((text, high, made[1]))
        noise = np.zeros(picture.shape, np.int16)
        cv2.setRNGSeed(n)
        cv2.randn(noise, np.zeros(3), np.full(3, dice.uniform(0, 3)))
        picture = np.asarray(cv2.add(picture, noise, dtype=cv2.CV_8U), np.uint8)
        quality = [cv2.IMWRITE_JPEG_QUALITY, dice.choice((35, 50, 65, 80))]
        shown = np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR), np.uint8)
        yield shown, ground.is_blank, [written_in(shown, *each) for each in alphas if (each[2] > 140).any()]


def written_in(shown: Bgr, text: Text, high: int, alpha: Alpha) -> Written:
    """What is known of a text in the finished picture."""
    ring = (cv2.dilate((alpha > 30).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0) & (alpha < 30)
    apart = np.abs(np.median(shown[alpha > 140], axis=0) - np.median(shown[ring], axis=0)).max()
    return Written(text, high, alpha > 100, float(apart))


def rendered(count: int) -> None:
    """Print which share of texts is covered, by kind and height, and what is covered beside."""
    found: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    beside, cost = [], []
    read_before, read_after = 0, 0
    reads = shutil.which("tesseract") is not None
    for n, (shown, is_blank, every) in enumerate(pictures(count, random.Random(13), is_unseen=True)):
        began = time.process_time()
        covered = mask_of(writing_on(shown), shown.shape)
        cost.append(time.process_time() - began)
        if reads and n % READ_EVERY == 0:
            read_before += len(read_on(shown))
            read_after += len(read_on(np.where(covered[:, :, None], np.uint8(GREY[0]), shown)))
        theirs = np.zeros(shown.shape[:2], np.uint8)
        for each in every:
            around = np.ones((each.high * 2 + 1,) * 2, np.uint8)
            theirs |= np.asarray(cv2.dilate(each.ink.astype(np.uint8), around), np.uint8)
            size = "8-9 px" if each.high < 10 else "10-12 px" if each.high < 14 else "14 px and more"
            kind = each.text.kind if each.contrast >= LEGIBLE else "faint"
            found[kind][size].append(float(covered[each.ink].mean()) >= COVERED)
        if is_blank:
            beside.append(float((covered & (theirs == 0)).mean()))
    sizes = ("8-9 px", "10-12 px", "14 px and more")
    print(f"{'covered, of':16}" + "".join(f"{size:>20}" for size in sizes))
    for kind, by_size in sorted(found.items()):
        cells = [f"{np.mean(by_size[s]):.0%} of {len(by_size[s])}" if by_size[s] else "-" for s in sizes]
        print(f"{kind:16}" + "".join(f"{cell:>20}" for cell in cells))
    told = f"median {median(beside):.1%}, worst {max(beside):.1%}; CPU {median(cost):.2f} s a picture"
    print(f"covered beside it: {told}")
    if reads:
        print(f"Tesseract reads {read_before} words on every {READ_EVERY}th picture before, {read_after} after")


def fit(count: int) -> None:
    """Print LIKENESS and BIAS."""
    traits, is_text, size = [], [], []
    for shown, is_blank, every in pictures(count, random.Random(7), is_unseen=False):
        boxes = np.array([boxed(each.ink) for each in every], float).reshape(-1, 4)
        for lines in lines_on(shown):
            within, alike = shared(lines.corners, boxes)
            yes, no = (within * alike).max(axis=1, initial=0.0) > 0.7, within.max(axis=1, initial=0.0) == 0
            kept = yes | (no & is_blank)
            traits.append(lines.traits[kept])
            is_text.append(yes[kept])
            left, top, right, bottom = lines.corners[kept].T
            size.append((right - left) * (bottom - top) / shown[:, :, 0].size)
    x, y, area = np.concatenate(traits), np.concatenate(is_text).astype(float), np.concatenate(size)
    weight = np.where(y > 0, 1.0, 0.4 + 0.6 * np.clip(area / area[y == 0].mean(), 0, 12))
    usual, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    apart = (x - usual) / spread
    terms = np.hstack([apart, apart**2, np.ones((len(x), 1))])
    found, ridge = np.zeros(terms.shape[1]), np.diag([3.0] * (terms.shape[1] - 1) + [1e-6])
    for _ in range(25):  # Newton's method
        odds = 1 / (1 + np.exp(-np.clip(terms @ found, -30, 30)))
        slope = terms.T @ (weight * (odds - y)) + ridge @ found
        bend = (terms * (weight * odds * (1 - odds))[:, None]).T @ terms + ridge
        found -= np.linalg.solve(bend, slope)
    print(f"{len(x)} lines, {int(y.sum())} of them writing")
    for n, name in enumerate(TRAITS):
        print(f'    "{name}": ({usual[n]:.3f}, {spread[n]:.3f}, {found[n]:.3f}, {found[len(TRAITS) + n]:.3f}),')
    print(f"BIAS = {found[-1]:.3f}")


def boxed(ink: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The corners of what is drawn."""
    x, y, wide, high = cv2.boundingRect(ink.astype(np.uint8))
    return x, y, x + wide, y + high


def shared(corners: NDArray[np.float64], boxes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Which share of each line lies in each box, (L, B), and whether both are about as high."""
    left, top, right, bottom = corners[:, None].transpose(2, 0, 1)
    x, y, to_x, to_y = boxes[None].transpose(2, 0, 1)
    both = np.clip(np.minimum(right, to_x) - np.maximum(left, x), 0, None)
    both = both * np.clip(np.minimum(bottom, to_y) - np.maximum(top, y), 0, None)
    ratio = (bottom - top) / np.maximum(1, to_y - y)
    return both / np.maximum(1, (right - left) * (bottom - top)), (ratio > 0.45) & (ratio < 1.7)


def read_on(picture: Bgr) -> list[str]:
    """The words that Tesseract is fairly sure of."""
    large = cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    png = cv2.imencode(".png", large)[1].tobytes()
    command = ["tesseract", "-", "-", "--psm", "11", "tsv"]
    raw = subprocess.run(command, input=png, capture_output=True, check=False).stdout.decode(errors="replace")
    cells = [line.split("\t") for line in raw.splitlines()[1:]]
    return [c[11] for c in cells if len(c) > 11 and float(c[10]) > 60 and sum(x.isalnum() for x in c[11]) >= 3]


class Watching:
    """`written`, and what it was asked and answered last."""

    def __init__(self) -> None:
        self.plate: Plate | None = None
        self.boxes: list[Box] = []
        self.cost = 0.0

    def __call__(
        self, plate: Plate, samples: Sequence[Sample], hidden: NDArray[np.bool_], eye: Screens | None
    ) -> list[Box]:
        """As `written`."""
        began = time.process_time()
        self.plate, self.boxes = plate, written(plate, samples, hidden, eye)
        self.cost = time.process_time() - began
        return self.boxes


def real(path: Path, seconds: int, eyes: PrivacyEyes, reads: bool) -> tuple[float, float] | None:
    """Print one line of one film; the share that its writing takes, and CPU seconds per second."""
    watching, film = Watching(), Excerpt(path.read_bytes(), 0, seconds * 1000)
    vars(redacting)["written"] = watching
    try:
        stage_of(film, eyes, lambda share: None, any_length=True)
    except CannotRedact as error:
        print(f"{path.stem[:44]:46}refused: {error}", flush=True)
        return None
    before = watching.plate
    if before is None:
        return None
    covered = mask_of(watching.boxes, before.is_known.shape)
    share = float((covered & before.is_known).mean())
    cost = watching.cost / max(1.0, film.count / film.fps)
    after = before.without(watching.boxes)
    told = [" ".join(read_on(each.picture)) for each in (before, after)] if reads else ["", ""]
    print(
        f"{path.stem[:44]:46}{share:8.1%}{len(watching.boxes):5}{cost:8.3f}  {told[0][:60]!r} -> {told[1][:40]!r}",
        flush=True,
    )
    marked = before.picture.copy()
    marked[covered] = marked[covered] // 2 + np.array((0, 0, 127), np.uint8)
    cv2.imwrite(str(OUT / f"{path.stem}.png"), marked)
    return share, cost


def main() -> None:
    """Print one table."""
    OUT.mkdir(parents=True, exist_ok=True)
    given = sys.argv[1:]
    if given[:1] != ["real"]:
        (fit if given[:1] == ["fit"] else rendered)(int(given[1]) if len(given) > 1 else 120)
        return
    seconds, part = int(given[1]) if len(given) > 1 else 10, given[2] if len(given) > 2 else ""
    films = [
        p for p in sorted((DATA / "videos").glob("*.*")) if part in p.name and p.suffix in (".mp4", ".avi", ".mkv")
    ]
    if not films:
        sys.exit("../shared/data/videos is not here, or has no such film.")
    eyes, reads = open_privacy_eyes(DATA / "models"), shutil.which("tesseract") is not None
    print(f"{'film':46}{'share':>8}{'n':>5}{'CPU/s':>8}  {'read before -> after' if reads else ''}")
    made = [line for path in films if (line := real(path, seconds, eyes, reads)) is not None]
    if made:
        shares = [share for share, _ in made]
        told = f"median {median(shares):.1%}, worst {max(shares):.1%}; CPU {median(c for _, c in made):.3f}"
        print(f"{len(made)} films; share: {told}")


if __name__ == "__main__":
    main()
