"""Object arrays are a bridge: what NumPy makes of an array of traced values, and of one with ordinary numbers in it.

Every cell of the table is the right derivative, or our error with the user's line and ``ew.stack``. The table in
``docs/errors.md`` is this one: ``EDGEWISE_UPDATE_SNAPSHOTS=1`` writes it anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import BatchError, ConversionError, EdgewiseError, NoRuleError

UPDATE = os.environ.get("EDGEWISE_UPDATE_SNAPSHOTS", "0") not in ("", "0")
DOCS = Path(__file__).parents[2] / "docs" / "errors.md"
X = np.array([1.3, 2.1, 0.7])
EYE = np.eye(3)

KINDS: dict[str, Callable[[Any], Any]] = {
    "all traced": lambda x: np.array([x[0], 2 * x[1], x[2] ** 2]),
    "mixed": lambda x: np.array([x[0], 2.0, x[2] ** 2]),
}


def floor(t: Any) -> int:
    return int(np.floor(t))


# o: the object array, x: the traced argument it was made of
TABLE: dict[str, dict[str, Callable[[Any, Any], Any]]] = {
    "made and made again": {
        "np.array([...])": lambda o, x: o,
        "np.asarray(o)": lambda o, x: np.asarray(o)[:],
        "np.asarray(o, dtype=float)": lambda o, x: np.asarray(o, dtype=float),
        "o.astype(float)": lambda o, x: o.astype(float),
        "o.copy()": lambda o, x: o.copy(),
        "np.array([[...], [...]])": lambda o, x: np.array([list(o), list(o)]),
        "np.array([o, o])": lambda o, x: np.array([o, o]),
        "np.array([x, o])": lambda o, x: np.array([x, o]),
        "np.array([x, x])": lambda o, x: np.array([x, x]),
        "np.array([x, np.ones(3)])": lambda o, x: np.array([x, np.ones(3)]),
        "np.full(3, t)": lambda o, x: np.full(3, o[0]),
        "np.full_like(o, t)": lambda o, x: np.full_like(o, o[0]),
        "np.zeros_like(o) + x": lambda o, x: np.zeros_like(o) + x,
        "o[0] = t": lambda o, x: (o.__setitem__(0, x[1]), o)[1],
        "o += 1.0": lambda o, x: o.__iadd__(1.0),
        "np.add(o, x, out=o)": lambda o, x: np.add(o, x, out=o),
        "np.copyto(o, x)": lambda o, x: (np.copyto(o, x), o)[1],
        "np.put(o, [0], t)": lambda o, x: (np.put(o, [0], x[1]), o)[1],
        "np.vectorize(f)(o)": lambda o, x: np.vectorize(lambda v: 2 * v)(o),
    },
    "indexed and moved": {
        "o[0]": lambda o, x: o[0],
        "o[1:]": lambda o, x: o[1:],
        "o[mask]": lambda o, x: o[[True, False, True]],
        "o[[0, 0, 2]]": lambda o, x: o[[0, 0, 2]],
        "o[int(np.floor(t))]": lambda o, x: o[floor(x[0])],
        "o[:, None]": lambda o, x: o[:, None],
        "o.reshape(3, 1).T": lambda o, x: o.reshape(3, 1).T,
        "np.take": lambda o, x: np.take(o, [0, 2]),
        "np.flip": lambda o, x: np.flip(o),
        "np.roll": lambda o, x: np.roll(o, 1),
        "np.tile": lambda o, x: np.tile(o, 2),
        "np.repeat": lambda o, x: np.repeat(o, 2),
        "np.diag": lambda o, x: np.diag(o),
        "np.broadcast_to": lambda o, x: np.broadcast_to(o, (2, 3)),
        "np.sort": lambda o, x: np.sort(o),
    },
    "summed": {
        "np.sum": lambda o, x: np.sum(o),
        "o.sum()": lambda o, x: o.sum(),
        "sum(o)": lambda o, x: sum(o),
        "np.add.reduce": lambda o, x: np.add.reduce(o),
        "np.mean": lambda o, x: np.mean(o),
        "o.mean()": lambda o, x: o.mean(),
        "np.average": lambda o, x: np.average(o),
        "np.median": lambda o, x: np.median(o),
        "np.var": lambda o, x: np.var(o),
        "np.std": lambda o, x: np.std(o),
        "np.prod": lambda o, x: np.prod(o),
        "np.max": lambda o, x: np.max(o),
        "np.argmax": lambda o, x: np.argmax(o),
        "np.cumsum": lambda o, x: np.cumsum(o),
        "np.diff": lambda o, x: np.diff(o),
        "np.quantile": lambda o, x: np.quantile(o, 0.3),
        "np.bincount": lambda o, x: np.bincount([0, 1, 1], o),
        "np.linalg.norm": lambda o, x: np.linalg.norm(o),
    },
    "calculated with": {
        "o + 1.0": lambda o, x: o + 1.0,
        "1.0 - o": lambda o, x: 1.0 - o,
        "o * o": lambda o, x: o * o,
        "o / 2.0": lambda o, x: o / 2.0,
        "o**2": lambda o, x: o**2,
        "2.0**o": lambda o, x: 2.0**o,
        "o // 2.0": lambda o, x: o // 2.0,
        "o % 2.0": lambda o, x: o % 2.0,
        "-o": lambda o, x: -o,
        "abs(o)": lambda o, x: abs(o),
        "o < 1.5": lambda o, x: np.sum(o < 1.5),
        "o == 1.3": lambda o, x: np.sum(o == 1.3),
    },
    "multiplied as matrices": {
        "o @ o": lambda o, x: o @ o,
        "A @ o": lambda o, x: EYE @ o,
        "np.dot": lambda o, x: np.dot(o, o),
        "np.inner": lambda o, x: np.inner(o, o),
        "np.outer": lambda o, x: np.outer(o, o),
        "np.vdot": lambda o, x: np.vdot(o, o),
        "np.matmul": lambda o, x: np.matmul(EYE, o),
        "np.tensordot": lambda o, x: np.tensordot(o, o, 1),
        "np.einsum": lambda o, x: np.einsum("i,i->", o, o),
        "np.kron": lambda o, x: np.kron(o, o),
        "np.cross": lambda o, x: np.cross(o, np.ones(3)),
        "np.linalg.inv": lambda o, x: np.linalg.inv(np.diag(o)),
        "np.linalg.solve": lambda o, x: np.linalg.solve(EYE, o),
    },
    "given to ufuncs": {
        "np.add": lambda o, x: np.add(o, 1.0),
        "np.multiply": lambda o, x: np.multiply(o, o),
        "np.power": lambda o, x: np.power(o, 2),
        "np.square": lambda o, x: np.square(o),
        "np.absolute": lambda o, x: np.absolute(o),
        "np.maximum": lambda o, x: np.maximum(o, 1.5),
        "np.less": lambda o, x: np.sum(np.less(o, 1.5)),
        "np.sign": lambda o, x: np.sign(o),
        "np.floor": lambda o, x: np.floor(o),
        "np.rint": lambda o, x: np.rint(o),
        "np.float_power": lambda o, x: np.float_power(o, 2),
        "np.heaviside": lambda o, x: np.heaviside(o, 0.5),
        "np.isnan": lambda o, x: np.sum(np.isnan(o)),
        "np.exp": lambda o, x: np.exp(o),
        "np.log": lambda o, x: np.log(o),
        "np.sin": lambda o, x: np.sin(o),
        "np.sqrt": lambda o, x: np.sqrt(o),
        "np.tanh": lambda o, x: np.tanh(o),
        "np.arctan2": lambda o, x: np.arctan2(o, o),
        "np.hypot": lambda o, x: np.hypot(o, 1.0),
        "np.logaddexp": lambda o, x: np.logaddexp(o, 1.0),
        "np.where(m, o, 0.0)": lambda o, x: np.where(x > 1, o, 0.0),
        "np.where(o > 1, x, 0.0)": lambda o, x: np.where(o > 1, x, 0.0),
        "np.clip": lambda o, x: np.clip(o, 0, 2),
    },
    "joined": {
        "np.stack([o, o])": lambda o, x: np.stack([o, o]),
        "np.stack([o, x])": lambda o, x: np.stack([o, x]),
        "np.concatenate([o, o])": lambda o, x: np.concatenate([o, o]),
        "np.concatenate([o, x])": lambda o, x: np.concatenate([o, x]),
        "np.concatenate([o, np.ones(2)])": lambda o, x: np.concatenate([o, np.ones(2)]),
        "np.vstack": lambda o, x: np.vstack([o, o]),
        "np.hstack([o, 1.0])": lambda o, x: np.hstack([o, 1.0]),
        "np.append(o, t)": lambda o, x: np.append(o, x[0]),
        "np.append(o, 1.0)": lambda o, x: np.append(o, 1.0),
    },
    "meeting a traced value": {
        "o * x": lambda o, x: o * x,
        "x * o": lambda o, x: x * o,
        "o + t": lambda o, x: o + x[0],
        "o @ x": lambda o, x: o @ x,
        "np.dot(o, x)": lambda o, x: np.dot(o, x) + 0.0,
        "np.maximum(x, o)": lambda o, x: np.maximum(x, o),
        "np.exp(o * x)": lambda o, x: np.exp(o * x),
        "ew.stack([o, x])": lambda o, x: ew.stack([o, x]),
        "np.exp(ew.stack(list(o)))": lambda o, x: np.exp(ew.stack(list(o))),
    },
}
ROWS = {name: row for rows in TABLE.values() for name, row in rows.items()}


def differences(f: Callable[[Any], Any], step: float = 1e-6) -> Any:
    """The Jacobian of an ordinary function by central differences."""
    columns = [np.subtract(f(X + e), f(X - e), dtype=float) / (2 * step) for e in step * EYE]
    return np.stack(columns, axis=-1)


def attempt(f: Callable[[Any], Any]) -> tuple[Any, EdgewiseError | None]:
    """The Jacobian, or the error in place of it."""
    try:
        return ew.jacobian(f)(X), None
    except EdgewiseError as error:
        return None, error


def outcome(name: str, kind: str) -> str:
    """What a cell of the table says, after it has been held against differences."""
    row, make = ROWS[name], KINDS[kind]

    def f(x: Any) -> Any:
        return row(make(x), x)

    found, error = attempt(f)
    if error is not None:
        assert type(error) is ConversionError
        assert error.where.endswith(f"test_bridge.py:{row.__code__.co_firstlineno}")
        assert "ew.stack" in error.instead
        return "`ew.stack`"
    expected = differences(f)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)
    assert found.dtype == float
    return "right"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ROWS)
def test_cell(name: str, kind: str) -> None:
    """The right derivative or our error; ``outcome`` asserts it."""
    assert outcome(name, kind) in ("right", "`ew.stack`")


STORES = ("np.asarray(o, dtype=float)", "o.astype(float)", "o[0] = t", "o += 1.0", "np.add(o, x, out=o)")
STORES += ("np.copyto(o, x)", "np.put(o, [0], t)")  # refused for traced arrays, however they are made


@pytest.mark.parametrize("name", [name for name in ROWS if name not in STORES])
def test_what_the_error_offers_works_wherever_there_is_a_rule(name: str) -> None:
    """``ew.stack`` in place of ``np.array``: right, or an operation that has no rule at all."""
    row = ROWS[name]
    found, error = attempt(lambda x: row(ew.stack([x[0], 2.0, x[2] ** 2]), x))
    if error is not None:
        assert type(error) is NoRuleError
    else:
        np.testing.assert_allclose(found, differences(lambda x: row(KINDS["mixed"](x), x)), rtol=1e-6, atol=1e-8)


def table() -> str:
    """The table of the documentation."""
    lines = []
    for group, rows in TABLE.items():
        lines += [f"| {group} | all traced | mixed |", "|---|---|---|"]
        lines += [f"| `{name}` | {outcome(name, 'all traced')} | {outcome(name, 'mixed')} |" for name in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def test_the_documentation_has_this_table() -> None:
    text = DOCS.read_text()
    before, rest = text.split("<!-- bridge -->\n")
    written, after = rest.split("<!-- end of bridge -->\n")
    if UPDATE:
        DOCS.write_text(f"{before}<!-- bridge -->\n{table()}<!-- end of bridge -->\n{after}")
    else:
        assert written == table(), "say EDGEWISE_UPDATE_SNAPSHOTS=1 if this is as it should be"


# -- the end of the user's function


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_array_may_be_returned_into_every_transformation(kind: str) -> None:
    f, expected = KINDS[kind], differences(KINDS[kind])
    direction = np.array([1.0, -1.0, 2.0])
    close = np.testing.assert_allclose
    close(ew.jacobian(f)(X), expected, rtol=1e-6)
    close(ew.jacrev(f)(X), expected, rtol=1e-6)
    close(ew.jvp(f, (X,), (direction,))[1], expected @ direction, rtol=1e-6)
    close(ew.vjp(f, X)[1](direction)[0], expected.T @ direction, rtol=1e-6)
    close(ew.linearize(f, X)[1].todense(), expected, rtol=1e-6)
    close(ew.vmap(f)(np.stack([X, 2 * X])), np.stack([f(X), f(2 * X)]))
    close(ew.vmap(ew.jacobian(f))(np.stack([X, X]))[1], expected, rtol=1e-6)
    close(ew.hessian(lambda x: np.sum(f(x) ** 2 * x[0]))(X), ew.hessian(lambda x: stacked(kind, x))(X), rtol=1e-12)
    value, aux = ew.grad(lambda x: (np.sum(x), f(x)), has_aux=True)(X)
    close(value, np.ones(3))
    assert aux.dtype == float
    close(aux, f(X))


def stacked(kind: str, x: Any) -> Any:
    second = 2 * x[1] if kind == "all traced" else 2.0
    return np.sum(ew.stack([x[0], second, x[2] ** 2]) ** 2 * x[0])


def test_an_object_array_inside_a_container_of_results() -> None:
    blocks = ew.jacobian(lambda x: {"a": np.array([x[0], 1.0]), "b": [np.array(x[1])]})(X)
    np.testing.assert_array_equal(blocks["a"], [[1, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(blocks["b"][0], [0, 1, 0])


def test_a_scalar_object_array_is_a_scalar() -> None:
    np.testing.assert_array_equal(ew.grad(lambda x: np.array(x[0] * x[1]))(X), [2.1, 1.3, 0.0])
    np.testing.assert_array_equal(ew.grad(lambda x: np.asarray(np.sum(x)))(X), np.ones(3))


@pytest.mark.parametrize("kind", KINDS)
def test_giving_the_derivative_of_an_object_array_up(kind: str) -> None:
    f = KINDS[kind]
    np.testing.assert_array_equal(ew.grad(lambda x: np.sum(ew.stop_gradient(f(x)) * x))(X), f(X))
    seen = []
    ew.grad(lambda x: (seen.append(ew.value(f(x))), np.sum(x))[1])(X)
    assert type(seen[0]) is np.ndarray
    assert seen[0].dtype == float
    np.testing.assert_array_equal(seen[0], f(X))


def test_an_object_array_as_an_argument_of_an_inner_transformation() -> None:
    def f(x: Any) -> Any:
        return np.sum(ew.grad(lambda y: np.sum(y**3))(np.array([x[0], 2.0 * x[1]])))

    np.testing.assert_allclose(ew.grad(f)(X), [6 * 1.3, 24 * 2.1, 0.0])


def test_a_division_by_zero_in_an_object_array() -> None:
    """Python's numbers raise, where those of NumPy give inf: nothing that would tell the user what to do."""

    def f(x: Any) -> Any:
        pair = np.array([x[0], 0.5 * x[1]])
        return np.sum(1 / np.where(pair > 1.2, pair, 0))

    with pytest.raises(ConversionError, match="object array of traced values was divided by"):
        ew.grad(f)(X)
    with pytest.raises(ZeroDivisionError):  # the user's own
        ew.grad(lambda x: (1 // (len(x) - 3)) * x[0])(X)


# -- what an array of objects cannot say: which dtype it has, and which imaginary part


def build(x: Any) -> Any:
    return np.array([x[0], x[1], 2 * x[2]])


def stored(z: Any, o: Any) -> Any:
    o[0] = z
    return o


def filled(x: Any) -> Any:
    """A buffer like an object array: its entries are no results of NumPy's calculation with objects."""
    buffer = np.empty_like(build(x))
    for i in range(3):
        buffer[i] = np.sin(x[i])
    return buffer


MADE_COMPLEX: dict[str, Callable[[Any], Any]] = {
    "np.real": lambda x: np.real(np.exp(1) ** (1j * build(x))),
    ".imag": lambda x: (1j * build(x)).imag,
    ".real": lambda x: (build(x) * (1 + 2j)).real,
    "a complex array": lambda x: np.real(build(x) * np.array([1j, 2, 3j])),
    "a complex scalar": lambda x: np.imag(np.complex128(1j) * build(x)),
    "np.conj": lambda x: np.imag(np.conj(build(x) + 1j)),
    "np.abs": lambda x: np.abs(build(x) + 1j),
    "np.angle": lambda x: np.angle(build(x) + 1j),
    "np.iscomplex": lambda x: np.where(np.iscomplex(build(x) + 1j), 1, 0) * x,
    "np.linalg.norm": lambda x: np.linalg.norm(build(x) + 1j),
    "np.vdot": lambda x: np.real(np.vdot(build(x) + 1j, build(x) + 2j)),
    "np.dot": lambda x: np.imag(np.dot(build(x), np.array([1j, 2j, 3j]))),
    "@": lambda x: np.imag(build(x) @ np.array([[1j, 2j], [1, 2], [3, 4]])),
    "**": lambda x: np.real(np.abs(build(x)) ** 1j),
    "a power": lambda x: np.real(1j ** build(x)),
    "entries": lambda x: np.array([1j * v for v in build(x)]).imag,
    "a buffer": lambda x: (filled(x) * 1j).imag,
    "np.vectorize": lambda x: np.imag(np.vectorize(lambda v: 1j * v)(x)),
    "a mixed array": lambda x: np.array([x[0], 1j]).real,
    "a mixed array summed": lambda x: np.array([x[0], 1j]).real.sum(),
    "a mixed array and a traced one": lambda x: np.array([x[0], 1j]) * x[:2],
    "an imaginary part": lambda x: np.array([x[0], 1j]).imag,
    "an imaginary part and a traced one": lambda x: np.imag(np.where([True, False, True], build(x), 1j)) * x,
    "a store": lambda x: stored(1j * x[0], build(x)),
}


# What NumPy 2.5 does right, with the Jacobian: it asks the entries for their parts. Older ones read 0 and ask nobody.
ASKED: dict[str, Any] = {
    "a mixed array": [[1, 0, 0], [0, 0, 0]],
    "a mixed array summed": [1, 0, 0],
    "an imaginary part": np.zeros((2, 3)),
    "an imaginary part and a traced one": np.diag([0, 1, 0]),
}
ASKS = np.array([1j], dtype=object).imag[0] == 1


@pytest.mark.parametrize("transform", [ew.jacrev, ew.jacfwd, ew.hessian], ids=["reverse", "forward", "second order"])
@pytest.mark.parametrize("name", MADE_COMPLEX)
def test_an_object_array_never_becomes_complex(name: str, transform: Any) -> None:
    """The derivative is right, or the error names the line: nothing follows from an imaginary part that NumPy lost."""
    if ASKS and name in ASKED:
        f, expected = MADE_COMPLEX[name], np.array(ASKED[name], dtype=float)
        if transform is ew.hessian:  # of f . X, all of whose outputs are linear: nothing is left
            np.testing.assert_array_equal(ew.hessian(lambda x: np.sum(f(x)))(X), np.zeros((3, 3)))
        else:
            np.testing.assert_array_equal(transform(f)(X), expected)
        return
    with pytest.raises(ConversionError, match=r"ew\.stack") as caught:
        transform(MADE_COMPLEX[name])(X)
    assert "test_bridge.py" in caught.value.where


def test_complex_numbers_beside_an_object_array() -> None:
    """What the error offers, and what nobody could mistake for an entry."""

    def f(x: Any) -> Any:
        z = x[0] + 1j * x[1]  # no object array yet
        pair = np.array([x[0], 2 * x[1]])
        w = np.multiply(1j, x[2]) * z  # a complex traced number is no entry
        return np.abs(w + ew.stack([x[0], 1j]) * x[1:]) ** 2 + pair

    step = [(f(X + e) - f(X - e)) / 2e-6 for e in 1e-6 * EYE]
    np.testing.assert_allclose(ew.jacobian(f)(X), np.stack(step, axis=-1), rtol=1e-6)


def test_a_list_that_meets_a_traced_value_is_no_object_array() -> None:
    """It becomes one traced array at once, whatever is in it, and nothing is refused afterwards."""

    def f(x: Any) -> Any:
        z = x * [x[0], 2j, 1j * x[1]] + np.reshape([[1.0], [2.0]], (2, 1))
        return np.real(z * (1j + x[0]) * 1j * x[1]) + np.imag(np.add(x[:2], [[1j, x[0]], [0, 1]])).sum()

    step = [(f(X + e) - f(X - e)) / 2e-6 for e in 1e-6 * EYE]
    np.testing.assert_allclose(ew.jacobian(f)(X), np.stack(step, axis=-1), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_an_object_array_has_no_dtype_to_promote(dtype: Any) -> None:
    """Beside a float64 array NumPy would calculate in that; Python's numbers, which objects meet, leave it as it is."""
    if np.dtype(dtype) == float:
        pytest.skip("the same as float64 here")
    x = X.astype(dtype)
    with pytest.raises(ConversionError, match=r"beside a float64 array it would still calculate in"):
        ew.jacobian(lambda x: np.ones(2) * np.array([x[0], x[1]]))(x)
    found = ew.jacobian(lambda x: np.ones(2) / 3 * ew.stack([x[0], x[1]]))(x)
    line = np.polynomial.Polynomial  # which makes object arrays of its own
    with pytest.raises(ConversionError, match=r"t\.astype\(float\)"):
        ew.grad(lambda x: line(x)(0.5))(x)
    assert ew.grad(lambda x: line(x.astype(float))(0.5))(x).dtype == dtype
    np.testing.assert_allclose(found, np.eye(2, 3) / 3, rtol=1e-3 if dtype is np.float16 else 1e-7)


@pytest.mark.parametrize("number", [np.int8(100), np.float32(0.1), np.uint16(3)])
def test_a_narrow_number_beside_a_traced_one(number: Any) -> None:
    """In an array it would be a float64; on its own, 100 * 2 is -56 in int8."""
    with pytest.raises(ConversionError, match=f"a number of dtype {number.dtype}"), np.errstate(all="ignore"):
        ew.jacobian(lambda x: np.array([x[0], number]) * 2)(X)
    for wide in (np.float64(0.1), np.int64(3), np.longdouble(0.1), True, 3):
        found = ew.linearize(lambda x, w=wide: np.array([x[0], w]) * 2, X)[0]
        np.testing.assert_array_equal(found, np.array([1.3, wide]) * 2)


def test_integers_of_a_batch_keep_their_dtype() -> None:
    """An int8 times 100 is beyond an int8, beside an int64 array it is not."""
    n = np.array([[1, 2], [3, 4]])
    pairs = ew.vmap(lambda n: np.array([n[0], n[1]]) * np.array([100, 1000]))
    np.testing.assert_array_equal(pairs(n), n * [100, 1000])
    with pytest.raises(ConversionError, match="int8"):
        pairs(n.astype(np.int8))


def test_a_batch_in_an_object_array() -> None:
    """What NumPy asks of the entries, a batch may refuse; the array is what is to be mended."""
    with pytest.raises(BatchError, match=r"np\.roots was given a batch, and works with objects") as caught:
        ew.vmap(lambda c: np.roots([1.0, c[0], c[1]]))(np.ones((2, 2)))
    assert "ew.stack" in caught.value.instead
    square = np.polynomial.Polynomial
    with pytest.raises(BatchError, match=r"np\.polynomial\.Polynomial was given a batch"):
        ew.vmap(lambda c: (square(c) * square(c)).coef)(np.ones((2, 2)))
    with pytest.raises(BatchError, match=r"np\.polynomial\.Polynomial was given a batch"):
        ew.vmap(ew.grad(lambda c: (square(c) + square(c)).coef[0]))(np.ones((2, 2)))
    with pytest.raises(TypeError, match="unsupported operand"):
        ew.vmap(lambda c: [square([1.0])(c), square([1.0]) * None])(np.ones((2, 2)))
    found = ew.vmap(lambda c: np.sum(np.array([c[0], c[1], 1.0]) * c[0]))(np.ones((2, 2)))
    np.testing.assert_array_equal(found, [3.0, 3.0])


def test_the_users_own_mistakes_beside_an_object_array() -> None:
    with pytest.raises(TypeError, match="object of type 'int' has no len"):
        ew.grad(lambda x: build(x)[0] * len(5))(X)  # type: ignore[arg-type]  # the mistake
