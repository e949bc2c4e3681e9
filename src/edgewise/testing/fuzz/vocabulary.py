"""The idioms that random programs are made of, parted by bars.

``{a}`` and ``{b}`` are values of the program; ``{axis}``, ``{axes}``, ``{shape}``, ``{i}``, ``{cut}``, ``{c}``, ``{k}``
and ``{order}`` are drawn to fit ``{a}``.
"""

from __future__ import annotations

__all__ = ["ANALYTIC", "KINKED", "SCALAR", "STORES"]


def _parted(text: str) -> list[str]:
    return [part.strip() for line in text.strip().splitlines() for part in line.split(" | ")]


# Continued by NumPy into the complex plane, so that a complex step differentiates them.
ANALYTIC = _parted("""
np.sin({a}) | np.cos({a}) | np.tanh({a}) | np.exp(-{a} * {a}) | np.sqrt(1 + {a} * {a}) | (1 + {a} * {a}) ** {c}
np.log1p({a} * {a}) | np.arctan({a}) | np.arcsinh({a}) | np.expm1(np.tanh({a})) | 1 / (2 + np.sin({a})) | {a} ** {k}
-{a} | +{a} | {a} - {c} | {c} * {a} | {c} - {a} | {c} / (1 + {a} ** 2) | np.sinc(np.tanh({a})) | {a}.copy()
{a} / {k} | np.tanh({a}) * {b} | {a} + {b} | {a} - {b} | {a} / (1 + {b} * {b}) | {a} * np.cos({b})
(1 + {a} * {a}) ** np.tanh({b}) | np.sum({a}) | np.sum({a}, axis={axis}) | {a}.sum({axis}, keepdims=True)
np.sum({a}, axis={axes}) | np.mean({a}) | np.mean({a}, axis={axis}, keepdims=True) | {a}.mean(axis={axes})
np.prod(np.tanh({a}), axis={axis}) | np.prod(1 + {a} / 9) | np.cumsum({a}, axis={axis})
np.cumprod(np.tanh({a}), axis={axis}) | np.cumsum({a}) | np.diff({a}, axis={axis}) | np.add.reduce({a}, axis={axis})
np.multiply.accumulate(np.tanh({a}), axis={axis}) | np.gradient({a}, axis={axis}) | np.ravel({a}) | np.transpose({a})
{a}.T | np.reshape({a}, {shape}) | {a}.reshape({shape}) | np.expand_dims({a}, {axis}) | np.swapaxes({a}, 0, {axis})
np.moveaxis({a}, 0, {axis}) | np.transpose({a}, {order}) | np.flip({a}, {axis}) | {a}[None] | np.roll({a}, {k})
np.roll({a}, {k}, axis={axis}) | {a}[..., ::-1] | {a}[{i}] | {a}[{cut}] | {a}[..., {cut}] | {a}[[0, -1, 0]]
{a}[np.array([[0, -1], [-1, 0]])] | np.take({a}, [0, -1], axis={axis}) | {a}[..., None] * {b}
np.repeat({a}, 2, axis={axis}) | np.tile({a}, 2) | np.pad({a}, 1) | np.pad({a}, 1, mode="edge")
np.pad({a}, 1, mode="reflect") | np.broadcast_to({a}, (2, *{a}.shape)) | np.concatenate([{a}, {b}])
np.concatenate([{a}, {a}], axis={axis}) | np.stack([{a}, {a} * {c}], axis={axis}) | np.hstack([{a}, {a}]) | {a} @ {b}
{a} @ {a}.T / (1 + {a}.size) | np.dot({a}, {b}) | np.outer({a}, {b}) | np.tensordot({a}, {b}, axes=1)
np.einsum("...i,...i->...", {a}, {b}) | np.einsum("ij,kj->ik", {a}, {b}) | np.einsum("i...->...", {a})
np.inner({a}, {b}) | np.einsum("ii->i", {a}[:2, :2]) | np.trace({a}) | np.diag({a}) | np.diagonal({a}) | np.tril({a})
np.triu({a}, 1) | np.kron({a}, {b}) | np.linalg.solve({a} @ {a}.T + 3 * np.eye(len({a})), {a})
np.linalg.inv({a} @ {a}.T + 3 * np.eye(len({a}))) | np.linalg.det({a} @ {a}.T / 4 + np.eye(len({a})))
np.split({a}, 2)[1] | np.array_split({a}, 2, axis={axis})[0] | np.where({a} > {c}, {a}, {a} * {a})
np.where({a} > {b}, {a}, {b}) | np.where({a} > {c}, np.log(np.where({a} > {c}, {a} - {c}, 1)), 0)
np.where({a} > 0.1, np.sqrt(np.where({a} > 0.1, {a}, 0)), 0)
np.where({a} > 0.2, 1 / np.where({a} > 0.2, {a}, 0), 0.5) | np.sqrt(np.where({a} > 0, {a}, 0))[{a} > 0]
np.array([{a}[0], {c} * {a}[-1]]) | np.stack([e * e for e in {a}]) | sum(e for e in {a})
np.array([np.sin(e) for e in {a}]) | {a} * ({a} > {c}) | {a}[{a} > {c}]
np.select([{a} > {c}], [{a} ** 2], {c} * {a}) | {a} * {a}.shape[0] | np.convolve(np.ravel({a}), [1.0, {c}])
np.interp({c}, [-2.0, 0.3, 2.0], [0.0, 1.0, 0.5]) * {a} | np.full_like({a}, {c}) * {a} | np.zeros_like({a}) + {a}
np.ones({a}.shape) * {a} | np.squeeze({a}) | np.atleast_2d({a}) | np.rot90({a}) | {a} * np.sign({c})
np.vander(np.ravel({a})[:3], 3) | np.cross({a}, {a} ** 2) | v = {a} + {c}; v += {a} * {a}
v = {a} * 1.0; v *= np.sum({a})
""")
# Not so: absolute values, order, rounding, parts of complex numbers.
KINKED = _parted("""
np.abs({a}) | np.fabs({a}) | np.maximum({a}, {b}) | np.minimum({a}, {c}) | np.clip({a}, -0.8, {c})
np.clip({a}, {c}, None) | np.max({a}) | np.max({a}, axis={axis}) | np.min({a}, axis={axes}, keepdims=True)
np.ptp({a}, axis={axis}) | np.sort({a}, axis={axis}) | np.median({a}) | np.quantile({a}, 0.3, axis={axis})
np.std({a}, axis={axis}) | np.var({a}, axis={axis}) | np.linalg.norm({a}) | np.linalg.norm({a}, axis={axis})
np.logaddexp({a}, {b}) | np.hypot({a}, 1 + {b}) | np.arctan2({a}, 1 + {b} * {b}) | np.cbrt({a}) | {a} % 0.7
np.fmod({a}, 0.9) | np.max(np.where({a} > 0, np.sqrt(np.abs({a})), 0)) | np.sqrt(np.abs({a})) | np.cov({a})
np.nansum({a}) | np.partition({a}, 0, axis={axis}) | np.argmax({a}) * {a} | np.sort({a})[::-1]
np.real(np.fft.fft({a})) | np.abs(np.exp(1j * {a}) + {c}) | np.real(np.exp(1j * {a}) * np.conj({c} + 1j * {a}))
np.angle(2 + np.exp(1j * {a})) | np.imag({a} * (1 + 2j) * {b}) | np.heaviside({a}, 0.5) * {a}
np.linalg.eigvalsh({a} @ {a}.T) | np.linalg.svd({a}, compute_uv=False) | np.percentile({a}, 40)
np.linalg.cholesky({a} @ {a}.T + np.eye(len({a}))) | np.interp(np.tanh({a}), [-1.0, 0.3, 1.0], [0.0, 1.0, 0.5])
np.ediff1d({a}) | np.floor({a}) + {a} | {a} - np.round({a}) | np.real({a}) | np.trapezoid({a}) | np.nan_to_num({a})
np.average({a}, axis={axis})
""")
# Several statements; v is the name of the result.
STORES = _parted("""
v = {a}.copy(); v[0] = {c} * v[-1] | v = np.copy({a}); v[..., 0] += v[..., -1] ** 2
v = {a} * 1; v[::2] *= 2; v[0] = v[0] ** 2 | v = {a} * 1; v[v > 0] = v[v > 0] ** 2
v = {a} * 1; w = v[1:]; w += {c}; v = v * 1
""")
# For programs of scalars, in functions that mpmath has under a name like NumPy's.
SCALAR = _parted("""
np.sin({a}) | np.cos({a}) | np.tan(np.tanh({a})) | np.exp({a} / 2) | np.log(2 + np.sin({a}))
np.sqrt(1.5 + np.cos({a})) | np.tanh({a}) | np.sinh(np.tanh({a})) | np.cosh(np.sin({a})) | np.arctan({a})
np.arcsin(0.9 * np.sin({a})) | np.arccos(0.9 * np.sin({a})) | np.arcsinh({a}) | np.arccosh(2 + np.cos({a}))
np.arctanh(0.9 * np.sin({a})) | np.expm1(np.sin({a})) | np.log1p({a} * {a}) | {a} + {b} | {a} - {b} | {a} * {b}
{a} / (2 + {b} * {b}) | {a} ** {k} | (2 + np.sin({a})) ** np.tanh({b}) | {c} * {a} | {c} - {a} | {a} / {k}
np.square({a}) | np.power(2 + np.cos({a}), {c}) | np.hypot({a}, 1 + {b} * {b}) | np.arctan2({a}, 2 + {b} * {b}) | -{a}
""")
