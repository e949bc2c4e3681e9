"""A function, a point, secants through it and the tangent there, as a small SVG drawing."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN, SAMPLES = 560, 320, 34, 120


@dataclass(frozen=True)
class Slope:
    """What is drawn.

    Attributes:
        function: from a number to a number.
        between: the first and the last abscissa.
        at: the abscissa of the point, and
        slope: the slope of the tangent there.
        secants: abscissas that are joined with the point by a line.
        says: what stands beside the tangent.
        axes: what stands on the axes.
    """

    function: Callable[[float], float]
    between: tuple[float, float]
    at: float
    slope: float
    secants: Sequence[float] = ()
    says: str = ""
    axes: tuple[str, str] = ("", "")

    def svg(self) -> str:
        """The drawing. Colours are left to the style sheet, by classes."""
        first, last = self.between
        xs = [first + (last - first) * i / SAMPLES for i in range(SAMPLES + 1)]
        ys = [float(self.function(x)) for x in xs]
        top, bottom = max(ys), min(ys)
        rise = 1.12 * (top - bottom) or 1.0

        def place(x: float, y: float) -> tuple[float, float]:
            across = MARGIN + (x - first) / (last - first) * (WIDTH - 2 * MARGIN)
            return round(across, 1), round(HEIGHT - MARGIN - (y - bottom) / rise * (HEIGHT - 2 * MARGIN), 1)

        def line(kind: str, slope: float) -> str:
            """Through the point, from edge to edge; what leaves the drawing is cut off by its view."""
            (x1, y1), (x2, y2) = (place(x, here + slope * (x - self.at)) for x in (first, last))
            return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'

        def dot(kind: str, x: float) -> str:
            cx, cy = place(x, float(self.function(x)))
            return f'<circle class="{kind}" cx="{cx}" cy="{cy}" r="4.5"/>'

        here = float(self.function(self.at))
        x, y = place(self.at, here)
        steps = [(other, (float(self.function(other)) - here) / (other - self.at)) for other in self.secants]
        path = " ".join(f"{px} {py}" for px, py in (place(*point) for point in zip(xs, ys, strict=True)))
        floor, side = HEIGHT - MARGIN, WIDTH - MARGIN
        return "".join(
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" ',
                f'aria-label="{html.escape(self.says, quote=True)}">',
                f'<path class="axes" d="M{MARGIN} {MARGIN / 2}V{floor}H{side}"/>',
                f'<text x="{side}" y="{floor + 22}" text-anchor="end">{html.escape(self.axes[0])}</text>',
                f'<text x="{MARGIN + 8}" y="{MARGIN / 2 + 6}">{html.escape(self.axes[1])}</text>',
                *(line("secant", slope) for _, slope in steps),
                line("tangent", self.slope),
                f'<polyline class="graph" points="{path}"/>',
                *(dot("other", other) for other, _ in steps),
                dot("point", self.at),
                f'<text class="says" x="{x + 8}" y="{y + 26}">{html.escape(self.says)}</text>',
                "</svg>",
            )
        )
