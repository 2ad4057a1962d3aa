"""How much a leaked picture of the review page can be spoilt before its hidden mark is gone: the recovery curve.

    python -m bench.watermark [films]        what is shown, harmed and read again (all films unless told otherwise)
    python -m bench.watermark false [keys]   what is read where nothing was hidden, or with other keys (20 a picture)

Films of ../shared/data/videos are made into plates and puppets, as they are given; two rendered scenes come with them.
Three pictures of each are marked as the keeper marks them, and shown by the real page in Debian's Chromium, at
1366 × 768 and 1920 × 1080. The screenshots of the whole page are harmed and read: each alone, and the three of a film
together.
A view is recovered when its check fits and it is the right one; a wrong one is counted apart.
"""

from __future__ import annotations

import io
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from tests.house import until
from tests.review.rooms import whole_room
from tests.review.test_browser import reviewer

from nightlatch.pixels.hiding.eyes import open_privacy_eyes
from nightlatch.pixels.hiding.film import CannotRedact
from nightlatch.pixels.hiding.redacting import redact_film
from nightlatch.pixels.stage.scenes import scene
from nightlatch.pixels.watermark.forensic import Statement, flattened, read, read_leak, together
from nightlatch.pixels.watermark.marking import enlarged, marker
from nightlatch.pixels.watermark.visible import visible

KEY = b"a key of thirty-two bytes, more or less"[:32]
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
OUT = Path(__file__).parent / "out" / "watermark"
PLOT = Path(__file__).resolve().parents[1] / "docs" / "images" / "watermark.svg"
FILMS = (
    "vehicle__road_320x240_60fps.avi",
    "person__gif_classroom.mp4",
    "fall__home_subject2_fall_12.mp4",
    "person__home_subject3_adl_18.mp4",
    "person__room_people_one_by_one.mp4",
    "vehicle__topdown_carpark_cars.mp4",
    "person__driveway_man_walks.mp4",
    "fall__home_subject3_fall_15.mp4",
    "pet__path_woman_and_dog.mp4",
    "nothing__garden_path_brightness_change.avi",
)
PICTURES = 3  # of a film
SECONDS = 6  # of it that are given
SCREENS = ((1366, 768), (1920, 1080))
JPEG_QUALITY = 85  # of the keeper
AT_MS = 1_800_000_000_000
SHOW = """async (canvas, jpeg) => {
    const raw = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([raw], { type: "image/jpeg" }));
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
}"""
Bgr = NDArray[np.uint8]
Dice = np.random.Generator
Harm = Callable[[Bgr, Dice], Bgr]


@dataclass(frozen=True, slots=True)
class Shot:
    """A screenshot of the page that shows one picture of a film."""

    film: int  # and its view
    width: int  # of the film
    screen: int  # its width
    picture: Bgr


# ---- what is shown ----------------------------------------------------------------------------------------------


def given(name: str) -> list[Bgr]:
    """Pictures of a film as it is given, kept in bench/out; none when it is refused."""
    kept = OUT / "given" / Path(name).stem
    if not kept.exists():
        kept.mkdir(parents=True)
        raw = (DATA / "videos" / name).read_bytes()
        try:
            made = redact_film(
                raw, open_privacy_eyes(DATA / "models"), from_ms=0, to_ms=SECONDS * 1000, any_length=True
            )
        except CannotRedact as error:
            print(f"{name} is refused: {error}")
            return []
        with av.open(io.BytesIO(made.mp4), "r") as film:
            every = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
        for n in range(PICTURES):
            cv2.imwrite(str(kept / f"{n}.png"), every[(n + 1) * len(every) // (PICTURES + 1)])
    return [np.asarray(cv2.imread(str(each)), np.uint8) for each in sorted(kept.glob("*.png"))]


def films(count: int) -> list[list[Bgr]]:
    """Pictures of each film, and of two rendered ones."""
    rendered = [[scene(name, seed=4).frame(60 * n + 20) for n in range(PICTURES)] for name in ("porch", "living-room")]
    return [each for name in FILMS[:count] if (each := given(name))] + rendered


@contextmanager
def page() -> Iterator[Callable[[Bgr, tuple[int, int]], Bgr]]:
    """The review page, in a room of its own; a function that shows a picture there and takes a screenshot."""
    errors: list[str] = []
    with (
        TemporaryDirectory() as folder,
        whole_room(Path(folder)) as room,
        reviewer(room, errors, viewport={"width": 1366, "height": 768}) as tab,
    ):
        tab.get_by_test_id("practise").click()
        until(
            lambda: int(tab.get_by_test_id("practice").get_attribute("data-here") or 0) > 50, "the page's pictures", 60
        )
        canvas = tab.get_by_test_id("canvas")
        for key in (" ", "g"):  # stands still, in colours
            tab.keyboard.press(key)
        tab.wait_for_timeout(300)

        def shown(bgr: Bgr, screen: tuple[int, int]) -> Bgr:
            tab.set_viewport_size({"width": screen[0], "height": screen[1]})
            canvas.evaluate(SHOW, b64encode(jpeg(bgr, JPEG_QUALITY)).decode())
            return np.asarray(cv2.imdecode(np.frombuffer(tab.screenshot(), np.uint8), cv2.IMREAD_COLOR), np.uint8)

        yield shown


def shots(every: list[list[Bgr]], mark: Callable[[Bgr, str, int, int], Bgr]) -> list[Shot]:
    """Each picture on each screen; a film's view is 1000 and its number."""
    taken = []
    with page() as shown:
        for film, pictures in enumerate(every):
            for n, picture in enumerate(pictures):
                marked = mark(picture, "heron", AT_MS + 2000 * n, 1000 + film)
                taken += [Shot(film, picture.shape[1], screen[0], shown(marked, screen)) for screen in SCREENS]
    return taken


# ---- how it is harmed -------------------------------------------------------------------------------------------


def jpeg(picture: Bgr, quality: int) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def again(picture: Bgr, quality: int) -> Bgr:
    """Encoded as JPEG."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg(picture, quality), np.uint8), cv2.IMREAD_COLOR), np.uint8)


def encoded(quality: int) -> Harm:
    return lambda picture, dice: again(picture, quality)


def filmed(crf: int) -> Harm:
    """As a screen recording would be: H.264, a second of it, the last picture."""

    def harm(picture: Bgr, dice: Dice) -> Bgr:
        sink, even = io.BytesIO(), picture[: picture.shape[0] // 2 * 2, : picture.shape[1] // 2 * 2]
        with av.open(sink, "w", format="mp4") as out:
            stream = out.add_stream("libx264", rate=15, options={"crf": str(crf), "preset": "veryfast"})
            stream.width, stream.height, stream.pix_fmt = even.shape[1], even.shape[0], "yuv420p"
            for _ in range(15):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(even), format="bgr24")))
            out.mux(stream.encode(None))
        with av.open(io.BytesIO(sink.getvalue()), "r") as back:
            return np.asarray([*back.decode(video=0)][-1].to_ndarray(format="bgr24"), np.uint8)

    return harm


def scaled(share: float, quality: int = 85) -> Harm:
    def harm(picture: Bgr, dice: Dice) -> Bgr:
        small = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        return again(np.asarray(small, np.uint8), quality)

    return harm


def cut(share: float) -> Harm:
    """A piece of the screenshot, somewhere in its left three quarters, where the picture is."""

    def harm(picture: Bgr, dice: Dice) -> Bgr:
        height, width = picture.shape[:2]
        top, left = int(dice.uniform(0, 1 - share) * height), int(dice.uniform(0, 0.5 * (1 - share)) * width)
        return again(picture[top : top + int(height * share), left : left + int(width * share)], 85)

    return harm


def turned(degrees: float) -> Harm:
    def harm(picture: Bgr, dice: Dice) -> Bgr:
        height, width = picture.shape[:2]
        way = cv2.getRotationMatrix2D((width / 2, height / 2), degrees * dice.choice((-1, 1)), 1.0)
        return again(np.asarray(cv2.warpAffine(picture, way, (width, height)), np.uint8), 85)

    return harm


def photographed(tilt: float, wide: int = 2000) -> Harm:
    """By a phone, from the screen: its stripes of red, green and blue, held askew, blur, moiré, gamma, grain, JPEG.

    `tilt` is how far each corner may lie off, of the photo's width; two degrees of turn come with it.
    """

    def harm(picture: Bgr, dice: Dice) -> Bgr:
        lit = _lit(picture, dice)
        high, across = lit.shape[:2]
        share = dice.uniform(0.78, 0.95) * wide / across
        tall = int(max(wide * 0.75, high * share * 1.1))
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * [across * share / 2, high * share / 2]
        angle = np.radians(dice.uniform(-2, 2))
        corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners += dice.uniform(-tilt, tilt, (4, 2)) * wide + [wide / 2, tall / 2]
        edges = np.array([[0, 0], [across, 0], [across, high], [0, high]], np.float32)
        way = cv2.getPerspectiveTransform(edges, corners.astype(np.float32))
        seen = cv2.warpPerspective(lit, way, (wide, tall), borderValue=(30, 34, 38)).astype(np.float32)
        seen = 255 * (np.clip(seen * dice.uniform(0.85, 1.1), 0, 255) / 255) ** dice.uniform(0.85, 1.25)
        seen = cv2.GaussianBlur(seen, (0, 0), dice.uniform(0.5, 0.9)) + dice.normal(0, 4, seen.shape)
        return again(np.clip(seen, 0, 255).astype(np.uint8), 82)

    return harm


def _lit(picture: Bgr, dice: Dice) -> Bgr:
    """A screen's own pixels, three by three for each, out of a lens's focus."""
    grid = np.full((3, 3, 3), 40, np.uint8)
    for colour in range(3):
        grid[:, 2 - colour, colour] = 255
    grid[2] //= 2
    large = cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    lit = cv2.multiply(large, np.tile(grid, (*picture.shape[:2], 1)), scale=2 / 255)
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), dice.uniform(1.2, 2.2)), np.uint8)


HARMS: dict[str, Harm] = {
    "as it is": lambda picture, dice: picture,
    "JPEG 40": encoded(40),
    "half size": scaled(0.5),
    "a piece of 60 %": cut(0.6),
    "turned 3 degrees": turned(3),
    "photographed": photographed(0.02),
    "JPEG 20": encoded(20),
    "JPEG 10": encoded(10),
    "H.264, CRF 30": filmed(30),
    "a third": scaled(1 / 3),
    "half size, JPEG 40": scaled(0.5, 40),
    "a piece of 40 %": cut(0.4),
    "turned 6 degrees": turned(6),
    "photographed, 4 % askew": photographed(0.04),
}


# ---- what is read -----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Tally:
    """Of what was read under one harm."""

    right: int = 0
    wrong: int = 0
    all: int = 0

    def count(self, readings: list[Statement | None], view: int) -> None:
        """One trial."""
        found = together([each for each in readings if each is not None])
        self.all += 1
        if found is not None and found.is_whole:
            self.right += found.view == view
            self.wrong += found.view != view

    def __str__(self) -> str:
        return f"{self.right} of {self.all}" + (f", {self.wrong} WRONG" if self.wrong else "")


def size_of(width: int) -> str:
    return "below 640" if width < 640 else "640 to 768" if width < 1000 else "1280"


def judged(taken: list[Shot], harm: Harm) -> dict[str, tuple[Tally, Tally]]:
    """(alone, three together) for each size of film."""
    found: dict[str, tuple[Tally, Tally]] = {}
    for film, screen in sorted({(each.film, each.screen) for each in taken}):
        mine = [each for each in taken if (each.film, each.screen) == (film, screen)]
        alone, three = found.setdefault(size_of(mine[0].width), (Tally(), Tally()))
        dice = np.random.default_rng([film, screen])
        readings = [read(harm(each.picture, dice), KEY) for each in mine]
        for reading in readings:
            alone.count([reading], 1000 + film)
        three.count(readings, 1000 + film)
    return found


def main(count: int) -> None:
    """Print the table; draw the curve."""
    every = films(count)
    whole = marker(KEY)
    psnr = []
    for pictures in every:
        written = visible(enlarged(pictures[0]), "heron", AT_MS, 1000)
        psnr.append(cv2.PSNR(written, whole(pictures[0], "heron", AT_MS, 1000)))
    print(f"{len(every)} films, {PICTURES} pictures each; PSNR {min(psnr):.1f} to {max(psnr):.1f} dB", flush=True)
    taken = shots(every, whole)
    sizes = ("below 640", "640 to 768", "1280")
    print("| harm | " + " | ".join(f"{s}: one | three" for s in sizes) + " | s |\n|" + "---|" * (2 * len(sizes) + 2))
    bars = []
    for name, harm in HARMS.items():
        began = time.process_time()
        found = judged(taken, harm)
        spent = (time.process_time() - began) / len(taken)
        told = [found.get(size, (Tally(), Tally())) for size in sizes]
        print(f"| {name} | " + " | ".join(f"{one} | {three}" for one, three in told) + f" | {spent:.2f} |", flush=True)
        large = told[1:]
        one, three = (sum(t[k].right for t in large) / max(1, sum(t[k].all for t in large)) for k in (0, 1))
        bars.append((name, one, three))
    PLOT.write_text(plot(bars))


def plot(rows: list[tuple[str, float, float]]) -> str:
    """Two bars a harm: how often one picture, and three together, name the view (films of 640 and more)."""
    bars = "".join(
        f'<text x="190" y="{24 + 26 * n}" text-anchor="end">{name}</text>'
        f'<rect x="200" y="{10 + 26 * n}" width="{max(1, 320 * one):.0f}" height="9" fill="#8fb8a5"/>'
        f'<rect x="200" y="{20 + 26 * n}" width="{max(1, 320 * three):.0f}" height="9" fill="#1f7a58"/>'
        f'<text x="{206 + 320 * max(one, three):.0f}" y="{24 + 26 * n}">{one:.0%}, {three:.0%}</text>'
        for n, (name, one, three) in enumerate(rows)
    )
    high = 26 * len(rows) + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 {high}" font-family="sans-serif" font-size="12" '
        f'fill="#333"><rect width="620" height="{high}" fill="#fff"/>{bars}</svg>'
    )


def falsely(keys: int) -> None:
    """What is read where nothing was hidden, and where it was, with keys that are not its own."""
    plain, whole = films(len(FILMS)), marker(KEY)
    kinds: dict[str, Callable[[Bgr, int], Bgr]] = {
        "unmarked": lambda picture, film: picture,
        "another key": lambda picture, film: whole(picture, "heron", AT_MS, 1000 + film),
    }
    harms: list[Harm] = [HARMS[name] for name in ("as it is", "half size", "JPEG 40", "a piece of 60 %")]
    for kind, made in kinds.items():
        trials, seen, named = 0, 0, 0
        for film, pictures in enumerate(plain):
            for n, picture in enumerate(pictures):
                leak = flattened(harms[(film + n) % len(harms)](made(picture, film), np.random.default_rng(film)))
                for k in range(keys):
                    reading = read_leak(leak, sha256(b"%d %d %d" % (film, n, k)).digest())
                    found = together([reading]) if reading is not None else None
                    trials, seen = trials + 1, seen + (found is not None)
                    named += found is not None and found.is_whole
        print(f"{kind}: {trials} trials, a damaged mark said to be there {seen} times, a view named {named} times")


if __name__ == "__main__":
    if sys.argv[1:2] == ["false"]:
        falsely(int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else len(FILMS))
