"""Fourier transforms along one axis: linear, so the map on the edge is the transform itself.

Those over several axes are these, one after the other (``compositions.fourier``).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from edgewise.core.primitive import Primitive
from edgewise.core.shapes import negative_axes
from edgewise.families.samples import case, grid
from edgewise.families.structure import FOURIER, declare
from edgewise.maps import Fourier, RealFourier

EVEN, ODD, CUBE = grid(6), grid(5, seed=1), grid(2, 5, 3, seed=2)
SAMPLES = [
    case(EVEN), case(ODD), case(EVEN, 4), case(ODD, 3), case(EVEN, 9), case(ODD, 8), case(CUBE), case(CUBE, axis=0),
    case(CUBE, 4, 1, "ortho"), case(CUBE, 7, -2, norm="forward"), case(EVEN, norm="ortho"), case(ODD, norm="forward"),
    case(ODD, norm="backward"), case(EVEN, 1), case(grid(2)),
]  # fmt: skip


def _transform(
    primitive: Primitive, a: Any, n: Any = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Any:
    return _arranged(primitive, a, n, axis, norm, lambda length: length)


def _inverse_of_half(
    primitive: Primitive, a: Any, n: Any = None, axis: int = -1, norm: str | None = None, out: None = None
) -> Any:
    return _arranged(primitive, a, n, axis, norm, lambda length: 2 * (length - 1))


def _arranged(primitive: Primitive, a: Any, n: Any, axis: int, norm: str | None, points: Any) -> Any:
    """The call with every parameter given, the axis counted from the end."""
    a = a if hasattr(a, "__array_function__") else np.asarray(a)
    (one,) = negative_axes((axis,), a.ndim)
    n = points(a.shape[one]) if n is None else operator.index(n)
    return primitive(a, n=n, axis=one, norm="backward" if norm is None else norm)


def _linear(function: Any, entry: Any, rule: Any) -> Primitive:
    """A transform whose derivative is itself; one that a cut may stand behind, as padding and cutting drop entries."""
    return declare(function, FOURIER, SAMPLES, entry, rule, selects=True, oracle="difference")


fft = _linear(np.fft.fft, _transform, lambda n, axis, norm, shape: Fourier(False, n, axis, norm, shape[axis]))
ifft = _linear(np.fft.ifft, _transform, lambda n, axis, norm, shape: Fourier(True, n, axis, norm, shape[axis]))
rfft = _linear(np.fft.rfft, _transform, lambda n, axis, norm, shape: RealFourier(False, n, axis, norm, shape[axis]))
irfft = _linear(
    np.fft.irfft, _inverse_of_half, lambda n, axis, norm, shape: RealFourier(True, n, axis, norm, shape[axis])
)
