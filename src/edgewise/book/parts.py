"""Parts of complex numbers: absolute value, real and imaginary part, angle, conjugate, sign.

None of them is complex-differentiable, so each declares the map on its edge and not a weight. Where the result is real,
the derivative is Re(d · t): the real part is taken when the tangent is brought to the dtype of its value, and the map
is the multiplication by d. The derivatives of conj and sign have a part in conj(t). On real operands every map is what
calculus says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.memory import view
from edgewise.core.operators import method
from edgewise.core.registry import Declaration, register
from edgewise.core.traced import Traced
from edgewise.families.elementwise import declare_elementwise, elementwise, in_dtype
from edgewise.families.samples import between, case, grid
from edgewise.maps import Conjugate, Diagonal, Identity

ONE = between(-2.3, 2.4)


def _size_slope(x: Any) -> Any:
    """d|z| = Re(conj(z)/|z| · t), 0 at 0; by a division, for NumPy's sign of complex numbers is slow."""
    if x.dtype.kind != "c":
        return Diagonal(np.sign(x))
    size = np.abs(x)
    return Diagonal(np.conjugate(x) / np.where(size == 0, 1, size))


def _imag_slope(x: Any) -> Any:
    """Im t = Re(-i·t), and 0 for real numbers."""
    return Diagonal(-1j if x.dtype.kind == "c" else 0.0)


def _angle_slope(x: Any) -> Any:
    """dθ = Im(t/z), and for real numbers, where the angle only jumps, 0."""
    return Diagonal(-1j / x if x.dtype.kind == "c" else 0.0)


def _sign_slope(x: Any) -> Any:
    """With s = z/|z|, ds = (t − s² conj(t)) / 2|z|; 0 at 0."""
    size = np.abs(x)
    half = np.where(size == 0, 0.0, 0.5 / np.where(size == 0, 1.0, size))
    return Diagonal(half, anti=-half * np.sign(x) ** 2)


absolute = elementwise(
    np.absolute,
    lambda x: _size_slope(x),
    ONE,
    op="__abs__",
    compute=abs,
    oracle="difference",
    note="0 at 0",
    kink=lambda x: x == 0,
    maps=True,
)
conjugate = elementwise(np.conjugate, lambda: Conjugate(), ONE, oracle="difference", maps=True)
for name in ("conj", "conjugate"):
    method(name, np.conjugate)

real_of = declare_elementwise("real", np.real, lambda: Identity(), 1, maps=True)
imag_of = declare_elementwise("imag", np.imag, lambda x: _imag_slope(x), 1, maps=True)
angle_of = declare_elementwise("angle", np.angle, lambda x: _angle_slope(x), 1, maps=True)


def _real(val: Any) -> Any:
    return view(real_of, val) if val.dtype.kind == "c" else val


def _imag(val: Any) -> Any:
    return view(imag_of, val) if val.dtype.kind == "c" else imag_of(val)


register(Declaration(np.real, "elementwise", ONE, real_of, "difference"), _real, ("val",))
register(Declaration(np.imag, "elementwise", ONE, imag_of, "difference", "of a real number: 0"), _imag, ("val",))
Traced.real = property(np.real)  # type: ignore[attr-defined]  # properties of ndarray, which NumPy's functions read
Traced.imag = property(np.imag)  # type: ignore[attr-defined]  # the same


def _angle(z: Any, deg: bool = False) -> Any:
    return angle_of(z) * (180 / np.pi) if deg else angle_of(z)


register(
    Declaration(
        np.angle,
        "elementwise",
        [*ONE, case(grid(2, 3), True)],
        angle_of,
        "difference",
        "of a real number: 0; of 0: NaN",
        kink=lambda x: x == 0,
    ),
    _angle,
    ("z",),
)

sign_of_real = declare_elementwise("sign", np.sign, (None,), 1, zero=True)
sign_of_complex = declare_elementwise("sign", np.sign, lambda x: _sign_slope(x), 1, maps=True)


def _sign(*inputs: Any, **options: Any) -> Any:
    (x,) = in_dtype(np.sign, inputs, options)
    return (sign_of_complex if x.dtype.kind == "c" else sign_of_real)(x)


register(Declaration(np.sign, "zero", ONE, sign_of_real, note="0, also at 0", kink=lambda x: x == 0), _sign)
method("sign", np.sign)
