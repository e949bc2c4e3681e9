"""Fourier transforms over several axes, one after the other as NumPy takes them, and those of Hermitian signals."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.pairing import conj
from edgewise.core.shapes import axes_from
from edgewise.families.samples import case, grid
from edgewise.maps.fourier import ADJOINT_NORM

V, X, CUBE = grid(5), grid(4, 3, seed=1), grid(2, 3, 4, seed=2)
PLANES = [case(X), case(CUBE), case(CUBE, (2, 5), (2, 0)), case(X, norm="ortho")]
SPACES = [
    case(X), case(CUBE), case(CUBE, axes=(2, 0)), case(CUBE, (3, -1), (1, -1), "forward"), case(CUBE, axes=(1, 1)),
    case(CUBE, (2, 6), (0, 2), norm="ortho"), case(V),
]  # fmt: skip

Transform = Callable[..., Any]


def _array(a: Any) -> Any:
    return a if hasattr(a, "__array_function__") else np.asarray(a)


def _planned(a: Any, s: Any, axes: Any, halved: bool = False) -> list[tuple[Any, int]]:
    """The number of points and the axis of each transform, in the order given.

    ``halved``: along the last of them the operand has only the frequencies up to the middle.
    """
    if axes is None:
        axes = range(-(a.ndim if s is None else len(s)), 0)
    if s is None:
        s = [a.shape[axis] for axis in axes]
        if halved:
            s[-1] = 2 * (s[-1] - 1)
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    return [(a.shape[axis] if n == -1 else n, axis) for n, axis in zip(s, axes, strict=True)]


def _each(a: Any, s: Any, axes: Any, norm: Any, transform: Transform) -> Any:
    a = _array(a)
    for n, axis in reversed(_planned(a, s, axes)):
        a = transform(a, n, axis, norm)
    return a


@functools.cache
def _first_axis_first() -> bool:
    """Whether ``np.fft.rfftn`` goes through the other axes from the first, as before NumPy 2.1.

    Of an axis named twice, with one and with three points, the result has those of the last transform.
    """
    return np.fft.rfftn(np.ones((1, 1)), (1, 3, 1), (0, 0, 1)).shape == (3, 1)


def _to_half(a: Any, s: Any, axes: Any, norm: Any) -> Any:
    a = _array(a)
    *others, (n, axis) = _planned(a, s, axes)
    a = np.fft.rfft(a, n, axis, norm)
    for n, axis in others if _first_axis_first() else reversed(others):
        a = np.fft.fft(a, n, axis, norm)
    return a


def _from_half(a: Any, s: Any, axes: Any, norm: Any) -> Any:
    a = _array(a)
    *others, last = _planned(a, s, axes, halved=True)
    for n, axis in others:
        a = np.fft.ifft(a, n, axis, norm)
    return np.fft.irfft(a, *last, norm)


@composition(np.fft.fft2, PLANES, "a", oracle="difference")
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: None = None) -> Any:
    return _each(a, s, axes, norm, np.fft.fft)


@composition(np.fft.ifft2, PLANES, "a", oracle="difference")
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: None = None) -> Any:
    return _each(a, s, axes, norm, np.fft.ifft)


@composition(np.fft.fftn, SPACES, "a", oracle="difference")
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: None = None) -> Any:
    return _each(a, s, axes, norm, np.fft.fft)


@composition(np.fft.ifftn, SPACES, "a", oracle="difference")
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: None = None) -> Any:
    return _each(a, s, axes, norm, np.fft.ifft)


@composition(np.fft.rfft2, PLANES, "a", oracle="difference")
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: None = None) -> Any:
    return _to_half(a, s, axes, norm)


@composition(np.fft.rfftn, SPACES, "a", oracle="difference")
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: None = None) -> Any:
    return _to_half(a, s, axes, norm)


@composition(np.fft.irfft2, PLANES, "a", oracle="difference")
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None, out: None = None) -> Any:
    return _from_half(a, s, axes, norm)


@composition(np.fft.irfftn, SPACES, "a", oracle="difference")
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None, out: None = None) -> Any:
    return _from_half(a, s, axes, norm)


HERMITIAN = [case(V), case(V, 7), case(X, 4, 0, "ortho"), case(X, norm="forward"), case(V, 3, norm="backward")]


def _other_way(norm: Any) -> Any:
    """Of a transform that is written with the one in the other direction; what is no norm is refused there."""
    return ADJOINT_NORM.get("backward" if norm is None else norm, norm)


@composition(np.fft.hfft, HERMITIAN, "a", oracle="difference")
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    return np.fft.irfft(conj(_array(a)), n, axis, _other_way(norm))


@composition(np.fft.ihfft, HERMITIAN, "a", oracle="difference")
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: None = None) -> Any:
    return np.conj(np.fft.rfft(a, n, axis, _other_way(norm)))


SHIFTS = [case(V), case(X), case(CUBE, 1), case(CUBE, (0, 2)), case(X, axes=(1,))]


def _shifted(x: Any, axes: Any, ahead: bool) -> Any:
    x = _array(x)
    axes = axes_from(tuple(range(x.ndim)) if axes is None else axes, x.ndim, repeated=True)
    return np.roll(x, tuple(x.shape[i] // 2 if ahead else -(x.shape[i] // 2) for i in axes), axes)


@composition(np.fft.fftshift, SHIFTS, "x")
def fftshift(x: Any, axes: Any = None) -> Any:
    return _shifted(x, axes, True)


@composition(np.fft.ifftshift, SHIFTS, "x")
def ifftshift(x: Any, axes: Any = None) -> Any:
    return _shifted(x, axes, False)
