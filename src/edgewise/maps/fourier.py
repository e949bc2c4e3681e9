"""Fourier transforms along one axis: linear, and closed under adjoints.

With F the matrix exp(-2πi jk/n), the inverse transform is Fᴴ/n. So the adjoint of either is the other, with the factor
1/n on the other side: what NumPy calls norm="backward" in one direction is norm="forward" in the other. Padding with
zeros and leaving entries out are each other's adjoint.

The transform of real numbers keeps the frequencies up to n/2, for the others are their conjugates. Each kept frequency
but 0 and n/2 stands for two; the adjoint, which hears of it once, gives it half the weight, and the adjoint of the
inverse twice. The inverse reads no imaginary part at 0 and n/2, and its adjoint gives none.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from edgewise.maps.base import Map

__all__ = ["Fourier", "RealFourier"]

Norm = Literal["backward", "ortho", "forward"]
ADJOINT_NORM: dict[Norm, Norm] = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


class _Transform(Map):
    """What both have in common.

    Args:
        inverse: whether it is the inverse transform.
        n: how many points are transformed.
        axis: along which, counted from the end.
        norm: "backward", "ortho" or "forward", as in ``np.fft``.
        length: how many entries the operand has along the axis.
    """

    __slots__ = ("axis", "inverse", "length", "n", "norm")

    def __init__(self, inverse: bool, n: int, axis: int, norm: Norm, length: int) -> None:
        self.inverse = inverse
        self.n = n
        self.axis = axis
        self.norm = norm
        self.length = length

    @property
    def selects(self) -> bool:  # type: ignore[override]  # where entries of the operand are left out
        return self._sizes()[0] < self.length

    def _sizes(self) -> tuple[int, int]:
        """How many entries are read at most, and how many there are in the result."""
        return self.n, self.n

    def pattern(self) -> Map:
        read, made = self._sizes()
        return _Mixed(self.axis, self.length, read, made)


class Fourier(_Transform):
    """t -> ``np.fft.fft(t, n)``, or ``np.fft.ifft``."""

    __slots__ = ()
    complex_linear = True

    def push(self, t: Any) -> Any:
        return (np.fft.ifft if self.inverse else np.fft.fft)(t, self.n, self.axis, self.norm)

    def pull(self, g: Any) -> Any:
        back = (np.fft.fft if self.inverse else np.fft.ifft)(g, self.n, self.axis, ADJOINT_NORM[self.norm])
        return _resized(back, self.length, self.axis)


class RealFourier(_Transform):
    """t -> ``np.fft.rfft(t, n)`` of real numbers, or ``np.fft.irfft(t, n)``, which is real."""

    __slots__ = ()

    def push(self, t: Any) -> Any:
        return (np.fft.irfft if self.inverse else np.fft.rfft)(t, self.n, self.axis, self.norm)

    def pull(self, g: Any) -> Any:
        norm = ADJOINT_NORM[self.norm]
        if self.inverse:
            back = self._weighed(np.fft.rfft(g, self.n, self.axis, norm), 2)
        else:
            back = np.fft.irfft(self._weighed(g, 0.5), self.n, self.axis, norm)
        return _resized(back, self.length, self.axis)

    def _weighed(self, spectrum: Any, weight: float) -> Any:
        """``weight`` on the frequencies that stand for two."""
        weights = np.full(self.n // 2 + 1, weight, np.finfo(spectrum.dtype).dtype)
        weights[0] = 1
        if self.n % 2 == 0:
            weights[-1] = 1
        return spectrum * np.reshape(weights, (-1,) + (1,) * (-self.axis - 1))

    def _sizes(self) -> tuple[int, int]:
        kept = self.n // 2 + 1
        return (kept, self.n) if self.inverse else (self.n, kept)


class _Mixed(Map):
    """The pattern of a transform: along the axis, each of ``made`` entries is the sum of the first ``read``."""

    __slots__ = ("axis", "length", "made", "read")

    def __init__(self, axis: int, length: int, read: int, made: int) -> None:
        self.axis = axis
        self.length = length
        self.read = min(read, length)
        self.made = made

    def push(self, t: Any) -> Any:
        return self._spread(_resized(t, self.read, self.axis), self.made)

    def pull(self, g: Any) -> Any:
        return _resized(self._spread(g, self.read), self.length, self.axis)

    def _spread(self, x: Any, n: int) -> Any:
        return np.sum(x, axis=self.axis, keepdims=True) * np.ones((n,) + (1,) * (-self.axis - 1))


def _resized(x: Any, n: int, axis: int) -> Any:
    """The first ``n`` entries along an axis, and zeros where there are fewer."""
    missing = n - x.shape[axis]
    if missing > 0:
        at = x.ndim + axis
        return np.concatenate([x, np.zeros((*x.shape[:at], missing, *x.shape[at + 1 :]), x.dtype)], axis=axis)
    return x[(..., slice(n)) + (slice(None),) * (-axis - 1)] if missing else x
