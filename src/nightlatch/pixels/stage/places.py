"""Places: a porch at night, a living room by day, a printed code, a flat wall."""

from __future__ import annotations

from math import sin

import cv2
import numpy as np

from nightlatch.pixels.stage.acting import Scene, Visit
from nightlatch.pixels.stage.drawing import Image, blob, fade, limb

CODE = "CANARY-7f3a"


class Porch(Scene):
    """A front garden at night in infrared: a path, a hedge, a street. Rain for a while, headlights now and then."""

    noise = 5.0
    visits: tuple[Visit, ...] = (
        Visit("person", 8, 22, (0.80, 0.60), (0.40, 0.97), 0.24, 0.60, (150, 150, 150)),
        Visit("person", 24, 36, (0.40, 0.97), (0.86, 0.58), 0.60, 0.22, (150, 150, 150)),
        Visit("cat", 66, 76, (-0.06, 0.90), (1.06, 0.80), 0.10, 0.085, (190, 190, 190)),
        Visit("person", 96, 106, (-0.05, 0.57), (1.05, 0.57), 0.17, 0.17, (110, 110, 110)),
    )

    def place(self, canvas: Image) -> Image:
        h, w = self.height, self.width
        horizon = round(h * 0.5)
        fade(canvas, 0, horizon, (16, 16, 16), (46, 46, 46))
        fade(canvas, horizon, h, (62, 62, 62), (112, 112, 112))
        random = np.random.default_rng(self.seed)
        for x, high in ((0.62, 0.19), (0.78, 0.24), (0.93, 0.20)):  # houses across the street
            left, top = round(x * w - 0.085 * w), round(horizon - high * h)
            cv2.rectangle(canvas, (left, top), (round(x * w + 0.07 * w), horizon), (38, 38, 38), -1)
            roof = np.array(
                [[left - 12, top], [round(x * w - 0.008 * w), top - 46], [round(x * w + 0.07 * w) + 12, top]]
            )
            cv2.fillPoly(canvas, [roof.astype(np.int32)], (28, 28, 28), cv2.LINE_AA)
            cv2.rectangle(canvas, (left + 24, top + 30), (left + 52, top + 62), (120, 120, 120), -1)
        cv2.rectangle(canvas, (0, horizon), (w, round(h * 0.575)), (74, 74, 74), -1)  # the street
        for _ in range(520):  # grass
            left, foot = int(random.integers(0, w)), int(h * (0.6 + 0.4 * random.random()))
            tone = int(84 + 50 * random.random())
            cv2.line(
                canvas, (left, foot), (left + 2, foot - 3 - (foot - horizon) // 50), (tone, tone, tone), 1, cv2.LINE_AA
            )
        path = np.array([[0.79, 0.575], [0.84, 0.575], [0.58, 1.0], [0.20, 1.0]]) * (w, h)
        cv2.fillPoly(canvas, [path.astype(np.int32)], (138, 138, 138), cv2.LINE_AA)
        for n in range(9):
            t = (n / 9) ** 1.7
            y = h * (0.575 + 0.425 * t)
            left, right = w * (0.79 - 0.59 * t), w * (0.84 - 0.26 * t)
            cv2.line(
                canvas, (round(left), round(y)), (round(right), round(y)), (116, 116, 116), 1 + n // 4, cv2.LINE_AA
            )
        for _ in range(150):  # hedge
            x, y = 0.30 * random.random() * w, h * (0.40 + 0.24 * random.random())
            tone = int(48 + 42 * random.random())
            blob(canvas, x, y, 26, 18, (tone, tone, tone))
        cv2.rectangle(canvas, (round(w * 0.945), 0), (w, h), (58, 58, 58), -1)  # the post of the porch
        cv2.rectangle(canvas, (round(w * 0.945), 0), (round(w * 0.952), h), (88, 88, 88), -1)
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        glow = 1.16 - 0.62 * (((xx - w * 0.42) / w) ** 2 * 2.1 + ((yy - h * 0.86) / h) ** 2)  # the camera's own lamp
        return np.asarray(np.clip(canvas * glow[..., None], 0, 255), dtype=np.uint8)

    def stir(self, picture: Image, second: float, index: int) -> None:
        h, w = self.height, self.width
        sway = sin(second * 1.3) * 2.2 + sin(second * 2.9)
        for n in range(7):  # a branch from above
            x = w * (0.05 + 0.025 * n)
            end = (x + sway * (0.4 + n * 0.15) + 40, h * (0.16 + 0.025 * (n % 4)))
            limb(picture, (x - 40, -6), end, 5, (66, 66, 66))
            blob(picture, *end, 26, 12, (88, 88, 88), 30 + sway * 2)
        if 40 <= second < 58:
            self._rain(picture, index)

    def _rain(self, picture: Image, index: int) -> None:
        random = np.random.default_rng(self.seed * 100_003 + index % 997)
        for x, y in random.random((70, 2)):
            a = (round(x * self.width), round(y * self.height))
            cv2.line(picture, a, (a[0] - 3, a[1] + 20), (158, 158, 158), 1, cv2.LINE_AA)

    def light(self, picture: Image, second: float) -> Image:
        if not 84 <= second < 88:
            return picture
        share = (second - 84) / 4  # headlights sweep over the houses
        beam = np.exp(-(((np.arange(self.width) / self.width - (1.2 - 1.4 * share)) / 0.12) ** 2)) * 70
        top = picture[: round(self.height * 0.575)]
        top[:] = np.clip(top + beam[None, :, None], 0, 255).astype(np.uint8)
        return picture


class LivingRoom(Scene):
    """A living room by day: a window, a sofa, a rug; people, a cat and a dog; once the light is switched."""

    noise = 2.2
    visits: tuple[Visit, ...] = (
        Visit("person", 14, 26, (1.08, 0.93), (-0.08, 0.95), 0.66, 0.68, (138, 96, 62)),
        Visit("cat", 46, 58, (-0.1, 0.88), (1.1, 0.93), 0.13, 0.14, (82, 128, 190)),
        Visit("dog", 80, 90, (1.12, 0.94), (-0.12, 0.90), 0.24, 0.23, (70, 92, 118)),
        Visit("person", 104, 113, (-0.08, 0.95), (1.08, 0.94), 0.67, 0.66, (96, 78, 150)),
    )

    def place(self, canvas: Image) -> Image:
        h, w = self.height, self.width
        floor = round(h * 0.68)
        fade(canvas, 0, floor, (206, 214, 220), (188, 199, 208))
        fade(canvas, floor, h, (96, 128, 160), (120, 154, 188))
        for n in range(12):  # boards
            x = w * (n / 11)
            a, b = (round(w / 2 + (x - w / 2) * 0.72), floor), (round(w / 2 + (x - w / 2) * 1.5), h)
            cv2.line(canvas, a, b, (88, 118, 148), 1, cv2.LINE_AA)
        cv2.rectangle(canvas, (0, floor - 12), (w, floor), (222, 228, 232), -1)
        wl, wt, wr, wb = round(w * 0.09), round(h * 0.10), round(w * 0.36), round(h * 0.48)
        cv2.rectangle(canvas, (wl - 10, wt - 10), (wr + 10, wb + 10), (236, 240, 243), -1)
        sky = np.linspace(0, 1, wb - wt, dtype=np.float32)[:, None, None]
        canvas[wt:wb, wl:wr] = ((1 - sky) * (244, 214, 170) + sky * (246, 238, 222)).astype(np.uint8)
        pane = canvas[wt:wb, wl:wr]
        blob(pane, (wr - wl) * 0.3, wb - wt, (wr - wl) * 0.3, 46, (120, 158, 118))
        blob(pane, (wr - wl) * 0.8, wb - wt, (wr - wl) * 0.32, 66, (102, 140, 104))
        cv2.line(canvas, ((wl + wr) // 2, wt), ((wl + wr) // 2, wb), (236, 240, 243), 8)
        rug = np.array([[0.30, 0.80], [0.80, 0.80], [0.92, 0.98], [0.20, 0.98]]) * (w, h)
        cv2.fillPoly(canvas, [rug.astype(np.int32)], (150, 150, 196), cv2.LINE_AA)
        cv2.polylines(canvas, [rug.astype(np.int32)], True, (196, 200, 224), 5, cv2.LINE_AA)
        for x, y, rx, ry, tone in (  # the sofa
            (0.66, 0.60, 0.20, 0.11, (122, 104, 84)),
            (0.66, 0.70, 0.205, 0.075, (138, 118, 96)),
            (0.475, 0.66, 0.035, 0.10, (112, 94, 76)),
            (0.845, 0.66, 0.035, 0.10, (112, 94, 76)),
        ):
            left, right = round((x - rx) * w), round((x + rx) * w)
            top, bottom = round((y - ry) * h), round((y + ry) * h)
            cv2.rectangle(canvas, (left, top + 14), (right, bottom), tone, -1, cv2.LINE_AA)
            blob(canvas, (left + right) / 2, top + 14, (right - left) / 2, 15, tone)
        blob(canvas, w * 0.57, h * 0.60, 46, 40, (110, 150, 214), 12)
        for x0, y0, x1, y1, tone in (
            (0.53, 0.13, 0.63, 0.33, (150, 176, 150)),
            (0.67, 0.16, 0.74, 0.31, (176, 160, 200)),
        ):
            a, b = (round(x0 * w), round(y0 * h)), (round(x1 * w), round(y1 * h))
            cv2.rectangle(canvas, (a[0] - 7, a[1] - 7), (b[0] + 7, b[1] + 7), (70, 84, 96), -1)
            cv2.rectangle(canvas, a, b, tone, -1)
        limb(canvas, (w * 0.93, h * 0.80), (w * 0.93, h * 0.36), 6, (60, 66, 72))
        shade = np.array([[0.90, 0.37], [0.96, 0.37], [0.945, 0.26], [0.915, 0.26]]) * (w, h)
        cv2.fillPoly(canvas, [shade.astype(np.int32)], (190, 222, 244), cv2.LINE_AA)
        yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
        day = 1.06 - 0.34 * (((xx - w * 0.26) / w) ** 2 + ((yy - h * 0.45) / h) ** 2 * 0.9)
        soft = cv2.GaussianBlur(canvas, (3, 3), 0)
        return np.asarray(np.clip(soft * day[..., None], 0, 255), dtype=np.uint8)

    def light(self, picture: Image, second: float) -> Image:
        if 68 <= second < 72:  # somebody switched the lamp
            return np.asarray(cv2.convertScaleAbs(picture, alpha=1.16, beta=9), dtype=np.uint8)
        return picture


class PrintedCode(Scene):
    """A large printed code and something that keeps moving: for the canary test and for quick events."""

    noise = 1.5
    visits: tuple[Visit, ...] = tuple(
        Visit("block", s, s + 8, (0.1, 0.9), (0.9, 0.9), 0.22, 0.22, (40, 60, 200)) for s in range(5, 119, 14)
    )

    def place(self, canvas: Image) -> Image:
        canvas[:] = (225, 228, 230)
        scale = self.width / 640
        where = (round(self.width * 0.08), round(self.height * 0.4))
        cv2.putText(
            canvas, CODE, where, cv2.FONT_HERSHEY_DUPLEX, 2.4 * scale, (20, 20, 20), round(5 * scale), cv2.LINE_AA
        )
        return canvas


class Flat(Scene):
    """A plain wall with a small clock that ticks: nothing ever happens."""

    noise = 2.0

    def place(self, canvas: Image) -> Image:
        fade(canvas, 0, self.height, (150, 152, 154), (118, 120, 122))
        return canvas

    def stir(self, picture: Image, second: float, index: int) -> None:
        cv2.putText(picture, f"{second:06.2f}", (16, 32), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (90, 92, 94), 1, cv2.LINE_AA)
