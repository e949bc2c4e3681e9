"""Every region equals its inlined body: its values, all its derivatives, in every mode and nesting.

Each program below takes ``region``, which wraps some of its functions. It is run with ``ew.checkpoint`` and with no
region at all, and every way to differentiate it must give the same: with values captured from each enclosing level,
three deep, with cut branches, stores, branches of Python's, containers, masks and outputs that nobody uses.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import edgewise as ew

X = np.array([0.4, -0.7, 1.3])
V = np.array([1.0, -0.5, 2.0])
W = np.array([[0.3, -0.2, 0.1], [0.5, 0.1, -0.4], [0.2, 0.9, 0.6]])
ROWS = np.stack([X, X + 1, X - 0.9])


def total(f):
    return lambda x: np.sum(f(x) ** 2)


def slope(f):
    """A gradient along a direction: one more level."""
    return lambda x: np.sum(ew.grad(f)(x) * V)


WAYS = {
    "value": lambda f: f(X),
    "gradient": lambda f: ew.grad(total(f))(X),
    "jvp": lambda f: ew.jvp(f, (X,), (V,)),
    "jvp of one entry": lambda f: ew.jvp(f, (X,), (np.array([0.0, 1.0, 0.0]),)),
    "vjp": lambda f: ew.vjp(f, X)[1](V[: np.size(f(X))] if np.ndim(f(X)) else 1.5),
    "operator": lambda f: ew.linearize(f, X)[1].todense(),
    "operator on a vector": lambda f: ew.linearize(f, X)[1] @ V,
    "forward Jacobian": lambda f: ew.jacfwd(f)(X),
    "reverse Jacobian": lambda f: ew.jacrev(f)(X),
    "Hessian": lambda f: ew.hessian(total(f))(X),
    "Hessian-vector product": lambda f: ew.hvp(total(f), X, V),
    "reverse over reverse": lambda f: ew.grad(slope(total(f)))(X),
    "reverse over forward": lambda f: ew.grad(lambda x: np.sum(ew.jvp(f, (x,), (x * V,))[1]))(X),
    "forward over forward": lambda f: ew.jvp(lambda x: ew.jvp(f, (x,), (x * V,))[1], (X,), (V,)),
    "reverse over linearize": lambda f: ew.grad(lambda x: np.sum(ew.linearize(f, x)[1] @ (x * V)))(X),
    "three times reverse": lambda f: ew.grad(slope(slope(total(f))))(X),
    "forward over reverse over reverse": lambda f: ew.jvp(ew.grad(slope(total(f))), (X,), (V,)),
    "batch": lambda f: ew.vmap(f)(ROWS),
    "batch of gradients": lambda f: ew.vmap(ew.grad(total(f)))(ROWS),
    "gradient of a batch": lambda f: ew.grad(lambda rows: np.sum(ew.vmap(f)(rows) ** 3))(ROWS),
    "batch of Hessians": lambda f: ew.vmap(ew.hessian(total(f)))(ROWS),
    "batch of batches": lambda f: ew.vmap(ew.vmap(ew.grad(total(f))))(np.stack([ROWS, ROWS * 1.1])),
    "gradient of a batch of gradients": lambda f: ew.grad(lambda r: np.sum(ew.vmap(ew.grad(total(f)))(r) ** 2))(ROWS),
}


@dataclasses.dataclass
class State:
    position: object
    name: str


@ew.primitive(pull=lambda g, x: g * np.exp(x))
def opaque(x):
    return np.exp(x)


def one_call(region, x):
    return region(lambda x: np.tanh(W @ x) * x)(x)


def in_a_row(region, x):
    layer = region(lambda x, w: np.tanh(w @ x))
    for i in range(3):
        x = layer(x, W + i)
    return x


def captures(region, x):
    w = W * x[0]
    shift = np.sin(x)
    return region(lambda y: np.cos(w @ y + shift) + w[0])(x * x)


def captures_an_array(region, x):
    buffer = W.copy()
    y = region(lambda x: buffer @ np.sin(x))(x)
    buffer[...] = np.nan
    return y


def captures_a_number(region, x):
    factor = 2.5
    y = region(lambda x: x**3 * factor + np.float32(0.5))(x)
    factor = np.nan
    return y


def three_deep(region, x):
    a = np.sin(x)

    def outer(u):
        b = a * u + x[0]

        def middle(v):
            c = b * v + a

            def inner(w):
                return np.tanh(c * w + b * a + u * v + x)

            return region(inner)(v * c) * c

        return region(middle)(u + b) * b

    return region(outer)(x * x) + a


def levels_three_deep(region, x):
    """Each level is of another transformation, and the innermost body captures from all of them."""

    def energy(y):
        def along(z):
            return region(lambda t: np.sin(t * x) * y + z * t**2 + x * y * z)(z * y)

        return np.sum(ew.jvp(along, (x * y,), (y,))[1] * x)

    return ew.grad(lambda y: energy(y) * region(lambda y: np.sum(y * x))(y))(x * 0.5)


def containers(region, x):
    def body(state, *, scale):
        moved = State(state.position * scale["by"], state.name)
        return {"state": moved, "norm": (np.sum(state.position**2), None, "text", 3)}

    found = region(body)(State(x, "ball"), scale={"by": x[::-1] + 0.5, "unused": 7})
    assert found["state"].name == "ball"
    assert found["norm"][1:] == (None, "text", 3)
    return found["state"].position * found["norm"][0]


def some_outputs(region, x):
    """A mask, an integer, an output that nobody uses, one that is an operand, one that is a constant."""
    y, mask, place, _, same, one = region(lambda x: (np.exp(x), x > 0, np.argmax(x), np.sqrt(np.abs(x)), x, 1.0))(x)
    return np.where(mask, y, x) * same * one + x[place]


def branches(region, x):
    def body(x):
        y = x
        while np.sum(np.abs(y)) > 0.5:
            y = y * 0.5 if y[0] > 0.15 else y * np.cos(x)
        return y

    return region(body)(x)


def stores(region, x):
    def body(x):
        out = np.zeros_like(x)
        out[0] = x[1] * x[2]
        out[1:] = x[:-1] ** 2
        out *= x
        y = x.copy()
        y[0] = 5.0
        return out + y[0] * y

    return region(body)(x) + x[0]


def object_arrays(region, x):
    return region(lambda x: np.array([x[0] * x[1], x[2], 1.0]) * x)(x)


def index_arrays(region, x):
    def body(x):
        order = np.argsort(x)
        return x[order] * np.take(x, [2, 2, 0]) + x[np.array([0, 0, 1])]

    return region(body)(x)


def inner_gradient(region, x):
    return region(lambda x: ew.grad(lambda y: np.sum(np.sin(y) * x * y))(x * 2))(x)


def inner_batch(region, x):
    return region(lambda x: ew.vmap(lambda r: np.sum(np.exp(r) * x))(W * x))(x)


def inner_tangent(region, x):
    return region(lambda x: ew.jvp(lambda y: np.tanh(y) * x, (x,), (x * x,))[1])(x)


def stopped(region, x):
    return region(lambda x: x * ew.stop_gradient(x) + float(ew.value(1.0)))(x)


def of_a_rule(region, x):
    return region(lambda x: opaque(x) * x)(x)


def factorised(region, x):
    def body(x):
        w, v = np.linalg.eigh(W + W.T + np.diag(x))
        return v @ (w * (v.T @ x))

    return region(body)(x)


def joined(region, x):
    def body(x):
        return np.concatenate([x[:1], np.stack([x[1] * x[2], 4.0])]), np.cumsum(x)

    parts = region(body)(x)
    return parts[0] * parts[1]


PROGRAMS = [
    one_call, in_a_row, captures, captures_an_array, captures_a_number, three_deep, levels_three_deep, containers,
    some_outputs, branches, stores, object_arrays, index_arrays, inner_gradient, inner_batch, inner_tangent, stopped,
    of_a_rule, factorised, joined,
]  # fmt: skip


def python(f, init, xs):
    """What a scan is, in Python."""
    ys = []
    for x in xs:
        init, y = f(init, x)
        ys.append(y)
    return init, np.stack(ys)


SCANS = {
    "kept": lambda f, init, xs: ew.scan(f, init, xs, checkpoint=False),
    "recomputed": lambda f, init, xs: ew.scan(f, init, xs, checkpoint=True),
    "recomputed one by one": lambda f, init, xs: ew.scan(f, init, xs, checkpoint=1),
    "recomputed all at once": lambda f, init, xs: ew.checkpoint(lambda i, x: ew.scan(f, i, x))(init, xs),
    "recomputed in recomputed": lambda f, init, xs: ew.checkpoint(lambda i, x: ew.scan(f, i, x, checkpoint=2))(
        init, xs
    ),
}


def recurrent(scan, x):
    h, ys = scan(lambda h, e: (np.tanh(W @ h + e), h * e), x, ROWS)
    return h + np.sum(ys, axis=0)


def over_traced_entries(scan, x):
    w = W * x[1]
    h, ys = scan(lambda h, e: (np.sin(w @ h) * e, h[0] * e), x, np.concatenate([x, x * x]))
    return h * np.sum(ys)


def branching(scan, x):
    """Each step decides for itself, so that steps differ."""

    def step(h, e):
        return (h * x if e > 0.5 else np.cos(h)), np.sum(h) * e

    h, ys = scan(step, x, np.array([0.2, 0.9, 0.4, 0.7, 0.1]))
    return h * ys[-1]


def scans_three_deep(scan, x):
    """Each body captures from all that are around it."""

    def outer(a, e):
        def middle(b, f):
            def inner(c, g):
                return np.sin(c * x + b * e) * a, np.sum(c * f * g)

            c, ys = scan(inner, b * a, np.array([0.5, -1.5]))
            return c + b * x[0], np.sum(ys) * e

        b, ys = scan(middle, a * x, x[1:])
        return b * f(a), np.sum(ys)

    def f(a):
        return np.cos(a * x)

    a, ys = scan(outer, x, x[:2])
    return a + np.sum(ys)


def of_tangents(scan, x):
    """A transformation between the loop and what its body captures."""

    def f(y):
        return scan(lambda h, e: (np.sin(h) * y + x * e, h[0]), y * x, np.array([0.3, 0.8, -0.2]))[0]

    return ew.jvp(f, (x * x,), (x,))[1]


def with_stores(scan, x):
    def step(h, e):
        h[0] = h[1] * e
        h += x
        return h, h[2] * 1.0

    return scan(step, x * 1.0, np.array([0.3, 0.8, -0.2]))[0]


def with_a_counter(scan, x):
    """What is carried may be a number, and looked at: which entry is next."""

    def step(c, e):
        h, i, whole = c
        for _ in range(i % 2):
            h = np.sin(h) * x[i] * float(whole)
        return (h * x + e, (i + 1) % 3, np.floor(h[0]) + 2.0), h[int(i)]

    (h, i, _), ys = scan(step, (x, 0, 1.0), np.array([0.5, 0.1, -0.2, 0.9]))
    return h * ys[i]


LOOPS = [recurrent, over_traced_entries, branching, scans_three_deep, of_tangents, with_stores]


def leaves(result):
    return [np.asarray(part) for part in (result if isinstance(result, tuple) else (result,))]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda p: p.__name__)
def test_a_region_equals_its_inlined_body(program, way):
    if program is branches and "batch" in way:
        with pytest.raises(ew.errors.BatchError):
            WAYS[way](lambda x: program(ew.checkpoint, x))
        return
    inlined = leaves(WAYS[way](lambda x: program(lambda f: f, x)))
    found = leaves(WAYS[way](lambda x: program(ew.checkpoint, x)))
    assert len(found) == len(inlined)
    for a, b in zip(found, inlined, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("way", [w for w in WAYS if "batch" not in w])
def test_a_number_may_be_carried(way):
    inlined = leaves(WAYS[way](lambda x: with_a_counter(python, x)))
    for scan in SCANS.values():
        for a, b in zip(leaves(WAYS[way](lambda x, s=scan: with_a_counter(s, x))), inlined, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("program", LOOPS, ids=lambda p: p.__name__)
def test_a_scan_equals_a_loop(program, way):
    inlined = leaves(WAYS[way](lambda x: program(python, x)))
    for name, scan in SCANS.items():
        found = leaves(WAYS[way](lambda x, scan=scan: program(scan, x)))
        for a, b in zip(found, inlined, strict=True):
            assert a.dtype == b.dtype, name
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("way", [w for w in WAYS if w != "value"])
def test_regions_in_regions_in_regions(way):
    """The same for a body that is wrapped three times over."""
    inlined = leaves(WAYS[way](lambda x: in_a_row(lambda f: f, x)))
    found = leaves(WAYS[way](lambda x: in_a_row(lambda f: ew.checkpoint(ew.checkpoint(ew.checkpoint(f))), x)))
    for a, b in zip(found, inlined, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def captured(region, u, x):
    return region(lambda x: np.where(x > 0, u * x, 0.0))(x)


def beside_a_constant(region, x, then=lambda a: a):
    y, one = region(lambda x: (np.sqrt(x) * 2.0, np.full_like(x, 1.5) + 0 * np.floor(x)))(x)
    return y[1:] * then(one)[1:3]


def stored(u):
    u = u.copy()
    u[0] = 7.0
    return u * u


AT_ZERO = np.array([0.0, 4.0, 2.25])
CUTS = {
    "where": lambda region, x: region(lambda x: np.where(x > 0, np.sqrt(x), 0.0))(x),
    "singular before the region": lambda region, x: region(lambda y: y[1:] * 2.0)(np.sqrt(x)),
    "singular after the region": lambda region, x: np.sqrt(region(lambda x: x[::-1] * 1.0)(x))[:2],
    "only a sign": lambda region, x: region(lambda u, x: np.sign(u) * x)(np.sqrt(x), x),
    "an unused output": lambda region, x: region(lambda u, x: (u * 2.0, x * 3.0))(np.sqrt(x), x)[1],
    "one output of several": lambda region, x: region(lambda x: (np.sqrt(x)[1:], np.log(x), x[1:]))(x)[0],
    "an unused output behind a cut": lambda region, x: region(lambda u, x: (u * 2.0, x * 3.0))(np.sqrt(x), x)[1][1:],
    "an output that nothing reaches": lambda region, x: beside_a_constant(region, x) * 1.0,
    "joining what nothing reaches": lambda region, x: beside_a_constant(region, x, lambda a: np.concatenate([a, a])),
    "captured": lambda region, x: captured(region, np.sqrt(x), x),
    "in a region in a region": lambda region, x: region(lambda x: region(lambda u: u[1:])(np.sqrt(x)))(x),
    "a maximum": lambda region, x: region(lambda x: np.maximum(np.sqrt(x), 0.5))(x),
    "a store": lambda region, x: region(stored)(np.sqrt(x)),
}


SECOND = (
    "Hessian",
    "reverse over reverse",
    "forward over forward",
    "reverse over forward",
    "reverse over linearize",
    "three times reverse",
)
FIRST = ("gradient", "jvp", "operator", "forward Jacobian", "reverse Jacobian", "batch of gradients")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the user's own pass divides by zero, and is told so
@pytest.mark.parametrize("way", [*FIRST, *SECOND])
@pytest.mark.parametrize("cut", CUTS)
def test_cut_branches_end_where_they_would_without_the_region(cut, way, monkeypatch):
    """Entries that no live path reads contribute exactly nothing, within a region and across its borders."""
    monkeypatch.setitem(globals(), "X", AT_ZERO)
    monkeypatch.setitem(globals(), "V", np.array([0.0, 1.0, -2.0]))
    monkeypatch.setitem(globals(), "ROWS", np.stack([AT_ZERO, AT_ZERO[::-1]]))
    inlined = leaves(WAYS[way](lambda x: CUTS[cut](lambda f: f, x)))
    found = leaves(WAYS[way](lambda x: CUTS[cut](ew.checkpoint, x)))
    for a, b in zip(found, inlined, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)
    if way == "gradient":
        assert np.all(np.isfinite(found[0]))


def test_complex_numbers():
    z = np.array([0.3 + 0.4j, -1.1 + 0.2j])

    def f(region, z):
        return region(lambda z: np.exp(z) * np.conj(z) + np.abs(z))(z)

    def holomorphic(region, z):
        return region(lambda z: np.sin(z) * z)(z)

    for way in (
        lambda f: ew.grad(lambda z: np.sum(np.real(f(z)) ** 2))(z),
        lambda f: ew.linearize(f, z)[1].todense(),
        lambda f: ew.jvp(f, (z,), (z * 1j,))[1],
    ):
        np.testing.assert_allclose(way(lambda z: f(ew.checkpoint, z)), way(lambda z: f(lambda g: g, z)), rtol=1e-12)
    np.testing.assert_allclose(
        ew.jacobian(lambda z: holomorphic(ew.checkpoint, z))(z), np.diag(np.cos(z) * z + np.sin(z)), rtol=1e-12
    )
    assert ew.linearize(lambda z: holomorphic(ew.checkpoint, z), z)[1].complex_linear
    assert not ew.linearize(lambda z: f(ew.checkpoint, z), z)[1].complex_linear


def looks_at_numbers(region, x):
    """What depends on no operand differentiably is an ordinary number, as it is outside of regions."""

    def body(x):
        names = ["a", "b", "c"]
        n = int(np.floor(np.abs(x[2]) * 2)) + len(names[np.argmax(x)])
        for _ in range(np.argmax(x)):
            x = x * float(np.sign(x[0])) * n
        pair = region(lambda x: (np.argmin(x), x * 2.0, np.floor(x)))(x)
        return x[: int(pair[0]) + 3] * np.array([1, 2, 3])[pair[0]] * float(pair[2][2])

    return region(body)(x)


@pytest.mark.parametrize("way", [w for w in WAYS if "batch" not in w])
def test_numbers_without_a_derivative_are_ordinary_numbers(way):
    inlined = leaves(WAYS[way](lambda x: looks_at_numbers(lambda f: f, x)))
    found = leaves(WAYS[way](lambda x: looks_at_numbers(ew.checkpoint, x)))
    for a, b in zip(found, inlined, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11)
    for convert in (float, int, lambda v: np.float64(v).item()):
        with pytest.raises(ew.errors.ConversionError):
            ew.grad(ew.checkpoint(lambda x, f=convert: x * f(x * 2)))(2.0)


COMPILED = [one_call, captures, three_deep, levels_three_deep, branches, index_arrays, inner_gradient, in_a_row]


@pytest.mark.parametrize("way", ["value", "gradient", "Hessian", "reverse over reverse", "batch of gradients"])
@pytest.mark.parametrize("program", COMPILED, ids=lambda p: p.__name__)
def test_compiled_regions(program, way, monkeypatch):
    if program is branches and "batch" in way:
        return
    expected = leaves(WAYS[way](lambda x: program(lambda f: f, x)))
    jitted = ew.jit(lambda x, rows: _at(way, lambda x: program(ew.checkpoint, x), x, rows, monkeypatch))
    for _ in range(2):  # as it is recorded, and compiled
        found = leaves(jitted(X, ROWS))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def _at(way, f, x, rows, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(globals(), "X", x)
        patch.setitem(globals(), "ROWS", rows)
        return WAYS[way](f)


def test_a_compiled_region_reads_the_arrays_around_it():
    table = np.array([1.0, 2.0, 3.0])
    jitted = ew.jit(ew.grad(lambda x: np.sum(ew.checkpoint(lambda x: np.sin(x) * table + x @ table)(x))))
    for _ in range(2):
        np.testing.assert_allclose(jitted(X), np.cos(X) * table + 3 * table)
        table *= 2.0


@pytest.mark.parametrize("first", [ew.grad, ew.jacfwd])
def test_an_output_that_is_of_an_outer_level_alone(first):
    """Within, its tangent is nothing at all; around, it is differentiated."""

    def outer(region, w):
        def f(x):
            y, z = region(lambda x, w: (np.sqrt(x) * w, w * 1.5))(x, w)
            return np.where(w > 0, y, 0.0)[1:] * np.concatenate([z, z])[1:3]

        return np.sum(ew.linearize(f, AT_ZERO)[1] @ V)

    w = np.array([1.5, 0.5, -1.0])
    expected = first(lambda w: outer(lambda f: f, w))(w)
    found = first(lambda w: outer(ew.checkpoint, w))(w)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert np.all(np.isfinite(found))
