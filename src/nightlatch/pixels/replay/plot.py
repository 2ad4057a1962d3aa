"""Writes small SVG plots by hand: no plotting library, no fonts but the reader's own, readable on dark and light."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#444}.title{font-size:15px;font-weight:600;fill:#222}"
    ".axis{stroke:#999;stroke-width:1}.grid{stroke:#ddd;stroke-width:1}.limit{stroke:#c33;stroke-dasharray:5 4}"
    ".open{fill:#ffe3b3}.true{fill:#3a8f5c}.false{fill:#c33}.track{fill:#4a74b8}.look{fill:#777}.moved{fill:#d2691e}"
)


@dataclass(slots=True)
class Svg:
    """A drawing `width` by `height` pixels; shapes lie on each other in order."""

    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def rect(self, x: float, y: float, wide: float, high: float, kind: str, title: str = "") -> None:
        told = f"<title>{escape(title)}</title>" if title else ""
        size = f'width="{max(0.6, wide):.1f}" height="{high:.1f}"'
        self.parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" {size}>{told}</rect>')

    def line(self, x0: float, y0: float, x1: float, y1: float, kind: str) -> None:
        self.parts.append(f'<line class="{kind}" x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"/>')

    def dot(self, x: float, y: float, radius: float, kind: str, title: str = "") -> None:
        told = f"<title>{escape(title)}</title>" if title else ""
        self.parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">{told}</circle>')

    def text(self, x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> None:
        self.parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>')

    def __str__(self) -> str:
        size = f'viewBox="0 0 {self.width} {self.height}" width="{self.width}" height="{self.height}"'
        paper = '<rect width="100%" height="100%" fill="#fff"/>'
        body = "\n".join(self.parts)
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{paper}\n{body}\n</svg>\n'


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Milliseconds of a film to pixels."""

    left: float
    right: float
    length_ms: int

    def at(self, ms: float) -> float:
        """x of a moment."""
        return self.left + (self.right - self.left) * min(max(ms, 0), self.length_ms) / max(1, self.length_ms)

    def draw(self, svg: Svg, y: float, top: float) -> None:
        """The axis at `y` with some eight ticks, and grid lines up to `top`."""
        svg.line(self.left, y, self.right, y, "axis")
        steps_s = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200)
        step_s = next((s for s in steps_s if self.length_ms / 1000 / s <= 9), 14_400)
        for second in range(0, self.length_ms // 1000 + 1, step_s):
            x = self.at(second * 1000)
            svg.line(x, y, x, top, "grid")
            svg.text(x, y + 16, f"{second // 60}:{second % 60:02}", anchor="middle")
