"""Random programs. Half of the lines are idioms with random axes, shapes and indices; half are calls of the registry.

A line is kept if plain NumPy runs it to finite, tame, real numbers; so nothing here needs to know which axis or shape
fits. A call of the registry is a sample of its row, whose arrays are moved a little by values of the program: they stay
in the domain of the function, and the derivative has somewhere to go.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from edgewise.core.registry import DECLARATIONS, Declaration, spelling
from edgewise.families.samples import Case
from edgewise.testing.fuzz.program import Line, Program, literal

__all__ = ["program", "scalar_program"]

LARGEST, TAME = 60, 1e3

# {a}, {b}: values of the program; {axis}, {axes}, {shape}, {i}, {cut}, {c}, {k}, {order}: drawn to fit {a}.
ANALYTIC = """
np.sin({a}) | np.cos({a}) | np.tanh({a}) | np.exp(-{a} * {a}) | np.sqrt(1 + {a} * {a}) | (1 + {a} * {a}) ** {c}
np.log1p({a} * {a}) | np.arctan({a}) | np.arcsinh({a}) | np.expm1(np.tanh({a})) | 1 / (2 + np.sin({a})) | {a} ** {k}
-{a} | +{a} | {a} - {c} | {c} * {a} | {c} - {a} | {c} / (1 + {a} ** 2) | np.sinc(np.tanh({a})) | {a}.copy() | {a} / {k}
np.tanh({a}) * {b} | {a} + {b} | {a} - {b} | {a} / (1 + {b} * {b}) | {a} * np.cos({b}) | (1 + {a} * {a}) ** np.tanh({b})
np.sum({a}) | np.sum({a}, axis={axis}) | {a}.sum({axis}, keepdims=True) | np.sum({a}, axis={axes}) | np.mean({a})
np.mean({a}, axis={axis}, keepdims=True) | {a}.mean(axis={axes}) | np.prod(np.tanh({a}), axis={axis}) | np.prod(1 + {a} / 9)
np.cumsum({a}, axis={axis}) | np.cumprod(np.tanh({a}), axis={axis}) | np.cumsum({a}) | np.diff({a}, axis={axis})
np.add.reduce({a}, axis={axis}) | np.multiply.accumulate(np.tanh({a}), axis={axis}) | np.gradient({a}, axis={axis})
np.ravel({a}) | np.transpose({a}) | {a}.T | np.reshape({a}, {shape}) | {a}.reshape({shape}) | np.expand_dims({a}, {axis})
np.swapaxes({a}, 0, {axis}) | np.moveaxis({a}, 0, {axis}) | np.transpose({a}, {order}) | np.flip({a}, {axis}) | {a}[None]
np.roll({a}, {k}) | np.roll({a}, {k}, axis={axis}) | {a}[..., ::-1] | {a}[{i}] | {a}[{cut}] | {a}[..., {cut}] | {a}[[0, -1, 0]]
{a}[np.array([[0, -1], [-1, 0]])] | np.take({a}, [0, -1], axis={axis}) | {a}[..., None] * {b} | np.repeat({a}, 2, axis={axis})
np.tile({a}, 2) | np.pad({a}, 1) | np.pad({a}, 1, mode="edge") | np.pad({a}, 1, mode="reflect") | np.broadcast_to({a}, (2, *{a}.shape))
np.concatenate([{a}, {b}]) | np.concatenate([{a}, {a}], axis={axis}) | np.stack([{a}, {a} * {c}], axis={axis}) | np.hstack([{a}, {a}])
{a} @ {b} | {a} @ {a}.T / (1 + {a}.size) | np.dot({a}, {b}) | np.outer({a}, {b}) | np.tensordot({a}, {b}, axes=1)
np.einsum("...i,...i->...", {a}, {b}) | np.einsum("ij,kj->ik", {a}, {b}) | np.einsum("i...->...", {a}) | np.inner({a}, {b})
np.einsum("ii->i", {a}[:2, :2]) | np.trace({a}) | np.diag({a}) | np.diagonal({a}) | np.tril({a}) | np.triu({a}, 1) | np.kron({a}, {b})
np.linalg.solve({a} @ {a}.T + 3 * np.eye(len({a})), {a}) | np.linalg.inv({a} @ {a}.T + 3 * np.eye(len({a})))
np.linalg.det({a} @ {a}.T / 4 + np.eye(len({a}))) | np.split({a}, 2)[1] | np.array_split({a}, 2, axis={axis})[0]
np.where({a} > {c}, {a}, {a} * {a}) | np.where({a} > {b}, {a}, {b}) | np.where({a} > {c}, np.log(np.where({a} > {c}, {a} - {c}, 1)), 0)
np.where({a} > 0.1, np.sqrt(np.where({a} > 0.1, {a}, 0)), 0) | np.where({a} > 0.2, 1 / np.where({a} > 0.2, {a}, 0), 0.5)
np.sqrt(np.where({a} > 0, {a}, 0))[{a} > 0] | np.array([{a}[0], {c} * {a}[-1]]) | np.stack([e * e for e in {a}])
sum(e for e in {a}) | np.array([np.sin(e) for e in {a}]) | {a} * ({a} > {c}) | {a}[{a} > {c}] | np.select([{a} > {c}], [{a} ** 2], {c} * {a})
{a} * {a}.shape[0] | np.convolve(np.ravel({a}), [1.0, {c}]) | np.interp({c}, [-2.0, 0.3, 2.0], [0.0, 1.0, 0.5]) * {a}
np.full_like({a}, {c}) * {a} | np.zeros_like({a}) + {a} | np.ones({a}.shape) * {a} | np.squeeze({a}) | np.atleast_2d({a}) | np.rot90({a})
{a} * np.sign({c}) | np.vander(np.ravel({a})[:3], 3) | np.cross({a}, {a} ** 2)
v = {a} + {c}; v += {a} * {a} | v = {a} * 1.0; v *= np.sum({a})
"""
KINKED = """
np.abs({a}) | np.fabs({a}) | np.maximum({a}, {b}) | np.minimum({a}, {c}) | np.clip({a}, -0.8, {c}) | np.clip({a}, {c}, None)
np.max({a}) | np.max({a}, axis={axis}) | np.min({a}, axis={axes}, keepdims=True) | np.ptp({a}, axis={axis}) | np.sort({a}, axis={axis})
np.median({a}) | np.quantile({a}, 0.3, axis={axis}) | np.std({a}, axis={axis}) | np.var({a}, axis={axis}) | np.linalg.norm({a})
np.linalg.norm({a}, axis={axis}) | np.logaddexp({a}, {b}) | np.hypot({a}, 1 + {b}) | np.arctan2({a}, 1 + {b} * {b}) | np.cbrt({a})
{a} % 0.7 | np.fmod({a}, 0.9) | np.max(np.where({a} > 0, np.sqrt(np.abs({a})), 0)) | np.sqrt(np.abs({a})) | np.cov({a}) | np.nansum({a})
np.partition({a}, 0, axis={axis}) | np.argmax({a}) * {a} | np.sort({a})[::-1] | np.real(np.fft.fft({a})) | np.abs(np.exp(1j * {a}) + {c})
np.real(np.exp(1j * {a}) * np.conj({c} + 1j * {a})) | np.angle(2 + np.exp(1j * {a})) | np.imag({a} * (1 + 2j) * {b}) | np.heaviside({a}, 0.5) * {a}
np.linalg.eigvalsh({a} @ {a}.T) | np.linalg.svd({a}, compute_uv=False) | np.percentile({a}, 40) | np.linalg.cholesky({a} @ {a}.T + np.eye(len({a})))
np.interp(np.tanh({a}), [-1.0, 0.3, 1.0], [0.0, 1.0, 0.5]) | np.ediff1d({a}) | np.floor({a}) + {a} | {a} - np.round({a}) | np.real({a}) | np.trapezoid({a}) | np.nan_to_num({a}) | np.average({a}, axis={axis})
"""
STORES = """
v = {a}.copy(); v[0] = {c} * v[-1] | v = np.copy({a}); v[..., 0] += v[..., -1] ** 2 | v = {a} * 1; v[::2] *= 2; v[0] = v[0] ** 2
v = {a} * 1; v[v > 0] = v[v > 0] ** 2 | v = {a} * 1; w = v[1:]; w += {c}; v = v * 1
"""


def _idioms(text: str) -> list[str]:
    return [part.strip() for line in text.strip().splitlines() for part in line.split(" | ")]


@functools.cache
def _vocabulary() -> list[tuple[str, bool]]:
    found = [(part, True) for part in _idioms(ANALYTIC)] + [(part, False) for part in _idioms(KINKED)]
    return found + ([(part, True) for part in _idioms(STORES)] if _stores() else [])


def _stores() -> bool:
    """Whether traced arrays can be stored into."""
    from edgewise.errors import NotYetError  # noqa: PLC0415  beside the question
    from edgewise.transforms.gradient import grad  # noqa: PLC0415  as above

    def f(x: Any) -> Any:
        y = x * 1.0
        y[0] = y[1]
        return np.sum(y)

    try:
        grad(f)(np.ones(2))
    except NotYetError:
        return False
    return True


@functools.cache
def _rows() -> list[tuple[Declaration, Case]]:
    """Calls of the registry that have a derivative."""
    return [
        (row, sample)
        for row in DECLARATIONS.values()
        if row.kind != "zero" and spelling(row.function).startswith("np.")
        for sample in row.samples
        if sample.wrt
    ]


def program(seed: int) -> Program:
    """A random program of 1 to 8 lines, on 1 to 3 inputs of up to two axes."""
    rng = np.random.default_rng(seed)
    inputs = tuple(_input(rng) for _ in range(rng.integers(1, 4)))
    values = {f"x{i}": v for i, v in enumerate(inputs)}
    lines: list[Line] = []
    wanted = int(rng.integers(1, 9))
    for _ in range(12 * wanted):
        name = f"v{len(lines)}"
        line = (_idiom if rng.random() < 0.6 else _call)(rng, name, values)
        if line is not None:
            found = _value(line, values)
            if found is not None:
                lines.append(line)
                values[name] = found
        if len(lines) == wanted:
            break
    made = [line.name for line in lines]
    if not made:
        return Program(inputs, (Line("v0", "np.sin(x0)"),), ("v0",))
    results = sorted({made[-1], *rng.choice(made, size=rng.integers(1, 4))})
    return Program(inputs, tuple(lines), tuple(results)).pruned()


def _input(rng: np.random.Generator) -> Any:
    shape = [(), (3,), (2, 3), (3, 3), (4,), (2,), (1, 3), (2, 1), (2, 2, 3), (1,)][rng.choice(10)]
    value = rng.uniform(-1.5, 1.5, shape)
    if rng.random() < 0.15:
        value = np.float32(value)
    return value[()] if shape == () else value


def _value(line: Line, values: dict[str, Any]) -> Any:
    """What plain NumPy makes of a line; None if it refuses it, or it is nothing to go on with."""
    scope: dict[str, Any] = {"np": np, **values}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            exec(line.source, scope)
        except Exception:  # noqa: BLE001  whatever NumPy says: such a line is not taken
            return None
    found = scope[line.name]
    if not isinstance(found, np.ndarray | np.generic) or found.dtype.kind != "f" or not 0 < found.size <= LARGEST or found.ndim > 4:
        return None
    return found if np.all(np.isfinite(found)) and np.max(np.abs(found)) <= TAME else None


def _recent(rng: np.random.Generator, values: dict[str, Any]) -> str:
    """A value, more likely one of the last: programs become deep."""
    return list(values)[max(0, len(values) - int(rng.geometric(0.4)))]


def _idiom(rng: np.random.Generator, name: str, values: dict[str, Any]) -> Line | None:
    vocabulary = _vocabulary()
    text, analytic = vocabulary[rng.choice(len(vocabulary))]
    a, b = _recent(rng, values), _recent(rng, values)
    shape = values[a].shape
    n = len(shape)
    if not n and any(word in text for word in ("{axis}", "{axes}", "{i}", "{cut}", "{order}", "for e in", "[0]")):
        return None
    axes = tuple(int(i) - n * int(rng.integers(2)) for i in rng.permutation(n)[: rng.integers(1, n + 1)]) if n else ()
    size = values[a].size
    shapes = [(size,), (-1, 1), (1, size), (-1,), *([(2, -1)] if size % 2 == 0 else [])]
    low, high = sorted(int(i) for i in rng.integers(-3, 4, 2))
    filled = text.format(
        a=a,
        b=b,
        axis=int(rng.integers(-n, n)) if n else 0,
        axes=axes,
        shape=shapes[rng.choice(len(shapes))],
        i=int(rng.integers(-shape[0], shape[0])) if n else 0,
        cut=f"{low if rng.random() < 0.5 else ''}:{high if rng.random() < 0.5 else ''}:{[1, 2, -1][rng.choice(3)]}",
        c=round(float(rng.uniform(-0.9, 0.9)), 3),
        k=int(rng.integers(1, 4)),
        order=tuple(int(i) for i in rng.permutation(n)),
    )
    if ";" in filled:
        filled = "\n".join(part.strip() for part in filled.split(";")).replace("v = ", f"{name} = ")
        filled = filled.replace("v +=", f"{name} +=").replace("v *=", f"{name} *=").replace("v[", f"{name}[")
    return Line(name, filled, analytic)


def _call(rng: np.random.Generator, name: str, values: dict[str, Any]) -> Line | None:
    rows = _rows()
    row, sample = rows[rng.choice(len(rows))]
    symmetric = row.oracle == "symmetric"

    def moved(value: Any) -> str:
        a = _recent(rng, values)
        value = np.round(np.asarray(value), 6)
        if not value.size:
            return literal(value)
        part = f"{literal(value if value.ndim else float(value))} + 0.05 * np.tanh("
        part += f"np.resize({a}, {value.shape}))" if value.ndim else f"np.sum({a}))"
        return f"(lambda s: 0.5 * (s + np.swapaxes(s, -1, -2)))({part})" if symmetric else part

    parts = []
    for i, arg in enumerate(sample.args):
        if i not in sample.wrt:
            parts.append(literal(arg))
        elif isinstance(arg, list | tuple):
            parts.append(f"[{', '.join(map(moved, arg))}]")
        else:
            parts.append(moved(arg))
    parts += [f"{key}={literal(value)}" for key, value in sample.kwargs.items()]
    text = f"{spelling(row.function)}({', '.join(parts)})"
    picked = _picked(rng, text, values)
    return None if picked is None else Line(name, picked, row.oracle == "complex" and ".real" not in picked)


def _picked(rng: np.random.Generator, text: str, values: dict[str, Any]) -> str | None:
    """The call, and which of its results is taken where there are several; the real part of a complex one."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = eval(text, {"np": np, **values})
        except Exception:  # noqa: BLE001  a sample that has no text, such as a function among its arguments
            return None
    for _ in range(2):
        if isinstance(found, list | tuple):
            fit = [i for i, y in enumerate(found) if isinstance(y, list | tuple) or np.asarray(y).dtype.kind in "fc"]
            if not fit:
                return None
            i = int(rng.choice(fit))
            text, found = f"{text}[{i}]", found[i]
    return f"({text}).real" if getattr(getattr(found, "dtype", None), "kind", "") == "c" else text


SCALAR = """
np.sin({a}) | np.cos({a}) | np.tan(np.tanh({a})) | np.exp({a} / 2) | np.log(2 + np.sin({a})) | np.sqrt(1.5 + np.cos({a}))
np.tanh({a}) | np.sinh(np.tanh({a})) | np.cosh(np.sin({a})) | np.arctan({a}) | np.arcsin(0.9 * np.sin({a})) | np.arccos(0.9 * np.sin({a}))
np.arcsinh({a}) | np.arccosh(2 + np.cos({a})) | np.arctanh(0.9 * np.sin({a})) | np.expm1(np.sin({a})) | np.log1p({a} * {a})
{a} + {b} | {a} - {b} | {a} * {b} | {a} / (2 + {b} * {b}) | {a} ** {k} | (2 + np.sin({a})) ** np.tanh({b}) | {c} * {a} | {c} - {a}
{a} / {k} | np.square({a}) | np.power(2 + np.cos({a}), {c}) | np.hypot({a}, 1 + {b} * {b}) | np.arctan2({a}, 2 + {b} * {b}) | -{a}
"""


def scalar_program(seed: int) -> Program:
    """A random program of scalars that mpmath runs too."""
    rng = np.random.default_rng(seed)
    inputs = tuple(np.float64(v) for v in rng.uniform(-1.5, 1.5, rng.integers(1, 3)))
    values = {f"x{i}": v for i, v in enumerate(inputs)}
    lines: list[Line] = []
    idioms = _idioms(SCALAR)
    for _ in range(int(rng.integers(2, 9))):
        a, b = (list(values)[-1 - int(rng.integers(min(3, len(values))))] for _ in "ab")
        c, k = round(float(rng.uniform(-0.9, 0.9)), 3), int(rng.integers(1, 4))
        line = Line(f"v{len(lines)}", idioms[rng.choice(len(idioms))].format(a=a, b=b, c=c, k=k))
        found = _value(line, values)
        if found is not None:
            lines.append(line)
            values[line.name] = found
    return Program(inputs, tuple(lines) or (Line("v0", "np.sin(x0)"),), (lines[-1].name if lines else "v0",)).pruned()
