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

from edgewise.core.registry import DECLARATIONS, Declaration, load, spelling
from edgewise.families.samples import Case
from edgewise.testing.fuzz.program import Line, Program, literal
from edgewise.testing.fuzz.vocabulary import ANALYTIC, KINKED, SCALAR, STORES

__all__ = ["program", "scalar_program"]

LARGEST, TAME = 60, 1e3


@functools.cache
def _vocabulary() -> list[tuple[str, bool]]:
    found = [(text, True) for text in ANALYTIC] + [(text, False) for text in KINKED]
    return found + ([(text, True) for text in STORES] if _stores() else [])


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
    load()
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
    value: Any = rng.uniform(-1.5, 1.5, shape)
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
    if (
        not isinstance(found, np.ndarray | np.generic)
        or found.dtype.kind != "f"
        or not 0 < found.size <= LARGEST
        or found.ndim > 4
    ):
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
    if "np.array([" in text and values[a].dtype != np.float64:
        return None  # an object array: NumPy makes Python numbers of what meets it, which take on its precision
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
    return (
        None
        if picked is None
        else Line(name, picked, row.oracle == "complex" and "np.float64" not in picked and ".real" not in picked)
    )


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


def scalar_program(seed: int) -> Program:
    """A random program of scalars that mpmath runs too."""
    rng = np.random.default_rng(seed)
    inputs = tuple(np.float64(v) for v in rng.uniform(-1.5, 1.5, rng.integers(1, 3)))
    values = {f"x{i}": v for i, v in enumerate(inputs)}
    lines: list[Line] = []
    for _ in range(int(rng.integers(2, 9))):
        a, b = (list(values)[-1 - int(rng.integers(min(3, len(values))))] for _ in "ab")
        c, k = round(float(rng.uniform(-0.9, 0.9)), 3), int(rng.integers(1, 4))
        line = Line(f"v{len(lines)}", SCALAR[rng.choice(len(SCALAR))].format(a=a, b=b, c=c, k=k))
        found = _value(line, values)
        if found is not None:
            lines.append(line)
            values[line.name] = found
    return Program(inputs, tuple(lines) or (Line("v0", "np.sin(x0)"),), (lines[-1].name if lines else "v0",)).pruned()
