"""What Python can say × every transformation × where ``jit`` stands: the same values, dtypes and errors as without it.

Each function is called at points that take it other ways, and each call is made twice: the first may record, the second
runs what was recorded.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import itertools
import math
import warnings

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import BatchError, CompileWarning

pytestmark = pytest.mark.needs("llvmlite")

X = np.array([0.4, -0.7, 1.3])
POINTS = [X, X * 0.9 + 0.05, X + 1, -X[::-1].copy(), np.array([2.5, 3.0, -4.0]), X]
TABLE = np.array([1.0, 2.0, 3.0])
FUNCTIONS = {}


def law(f):
    FUNCTIONS[f.__name__] = f
    return f


@law
def generators(x):
    def scaled():
        for i in range(3):
            yield x[i] * (i + 1)

    return sum(scaled()) * x + np.stack([a * b for a, b in itertools.product(x, x[:1])])


@law
def match_by_value(x):
    match int(np.floor(x[0])):
        case 0:
            return np.sin(x)
        case 1:
            return np.cos(x)
        case n if n < 0:
            return x * n
    return x**2


@law
def match_by_structure(x):
    match {"a": x[0], "rest": [x[1], x[2]]}:
        case {"a": a, "rest": [b, *c]}:
            return np.stack([a * b, *c])
    return x


@law
def early_return(x):
    for i in range(3):
        if x[i] < 0:
            return x * i
        if x[i] > 2:
            return np.exp(-x)
    return x**3


@law
def recursion(x):
    def halved(y, n):
        return y if np.sum(np.abs(y)) < 1 or n == 0 else halved(y / 2, n - 1) * x

    return halved(x, 6)


@law
def exceptions_inside(x):
    try:
        if x[0] > 1:
            raise ValueError("large")
        y = 1 / int(np.floor(abs(x[0])))
    except ValueError:
        return np.cos(x)
    except ZeroDivisionError:
        y = 3.0
    return x * y


@law
def exceptions_that_leave(x):
    if x[0] > 2:
        raise KeyError("too large")
    return x * x


@law
def contexts(x):
    with np.errstate(all="ignore"):
        y = np.sqrt(np.abs(x))
    with contextlib.suppress(KeyError):
        y = y * {}["a"]
    return np.where(x > 0, y, x)


@law
def defaults(x, a=2.0, b=TABLE, *, c=None):
    return x * a + b if c is None else x


@dataclasses.dataclass
class Pair:
    a: object
    b: object

    def norm(self):
        return np.sqrt(np.sum(self.a**2) + self.b**2 + 1)

    @property
    def twice(self):
        return 2 * self.a

    def __add__(self, other):
        return Pair(self.a + other.a, self.b + other.b)


Named = collections.namedtuple("Named", "u v")


@law
def objects(x):
    pair = Pair(x, x[0]) + Pair(x * 2, 1.0)
    named = Named(x, x[0])._replace(v=x[1])
    return pair.norm() * pair.twice + named.u * named.v + dataclasses.replace(pair, b=x[2]).b


class Model:
    scale = 3.0

    def __init__(self):
        self.weights, self.shift = np.array([1.0, 2.0, 3.0]), 2.0

    def __call__(self, x):
        return self.linear(x) + self.doubled(x) + self.scaled(x)

    def linear(self, x):
        return x * self.weights * self.shift

    @staticmethod
    def doubled(x):
        return x * 2

    @classmethod
    def scaled(cls, x):
        return np.sin(x) * cls.scale


FUNCTIONS["an object"] = Model()
FUNCTIONS["a method"] = Model().linear
FUNCTIONS["a partial"] = functools.partial(lambda a, x, b=1.0: a * x**2 + b, 2.0, b=3.0)


@law
def caches(x):
    @functools.lru_cache
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    return x * x * fibonacci(10)


@law
def builtins(x):
    best = max(x, key=abs)
    first, *rest = sorted(x)
    table = dict(zip("abc", x, strict=True))
    if any(v > 1 for v in x) and (total := np.sum(x)) > 1:
        return x * total * best
    return functools.reduce(lambda a, b: a * np.sin(b), rest) * first + np.stack([table[k] for k in "cab"])


@law
def state_inside(x):
    k, seen = 2.0, []

    def step(v):
        nonlocal k
        k *= 3
        seen.append(v)
        return k * v

    y = step(x) + step(x[0])
    seen.reverse()
    return y + np.array(seen[0]) * len(seen)


@law
def stores(x):
    out = np.zeros_like(x)
    out[:] = x
    out[1] *= 2
    tail = out[1:]
    tail += x[0]
    y = (x * 1).reshape(1, 3).T
    y[::-1][0, 0] = x[0]
    y *= 2
    picked = x.copy()
    picked[np.argsort(x)[0]] = 7 * x[1]
    picked[x > 1] = 0
    return out * y.ravel() + picked


@law
def loops(x):
    n = 0
    while np.linalg.norm(x) > 1 and n < 50:
        x, n = x * 0.7, n + 1
    return x * n + np.sin(x)


@law
def scans(x):
    c, ys = ew.scan(lambda c, e: (c * 0.5 + np.sin(e) * x, c * e), x, np.arange(5.0))
    return c + ys.sum(0) + ew.fori_loop(0, 4, lambda i, y: y * 0.9 + i * x, x)


@law
def conditions(x):
    y = ew.while_loop(lambda y: np.sum(y * y) > 1, lambda y: y * 0.8, x)
    y = ew.cond(np.sum(x) > 1, np.sin, lambda y: y**2, y)
    return ew.switch(np.argmax(x), [np.sin, np.cos, lambda y: y * 2], y)


@law
def recomputed(x):
    return ew.checkpoint(lambda y: np.sin(y) * y if y[0] > 0 else y**2)(x * 1.5)


@ew.primitive(d=lambda x, y: y * np.cos(x))
def expsin(x):
    return np.vectorize(lambda v: math.exp(math.sin(v)))(x)


@ew.primitive(pull=(lambda g, x, w, n: n * g * w, lambda g, x, w, n: n * np.sum(g * x)))
def weighted(x, w, *, n=2):
    return n * x * w


@law
def rules(x):
    return expsin(x) * x + weighted(x, x[0], n=3) + weighted(x, 2.0)


@law
def matrices(x):
    a = np.outer(x, x) + np.diag(np.arange(1.0, 4.0))
    return ew.linalg.matrix_function(a, np.sqrt) @ x + np.linalg.eigh(a)[0] * x + np.linalg.solve(a, x)


@law
def derivatives_inside(x):
    y, jacobian = ew.linearize(lambda z: np.tanh(z) * x, x)
    _, pull = ew.vjp(lambda z, w: z * w, x, x)
    g = ew.grad(lambda y: np.sum(y**3 * x))(x) + ew.jit(ew.grad(lambda y: np.sum(np.tanh(y) * x)))(x * 2)
    return g + jacobian @ y + jacobian.H @ x + sum(pull(y)) + ew.vmap(lambda a, b: a * b + x[0], (0, None))(x, x).sum(0)


@law
def complex_numbers(x):
    z = np.exp(1j * x) + (2 + 3j) * x
    return np.real(z * np.conj(z)) + np.abs(z) + np.angle(z + 9) + np.abs(np.fft.rfft(x))[:1]


@law
def precisions(x):
    return x.astype(np.float32).astype(x.dtype) * x + np.sum(x > 0) + (x > 0) * x.dtype.type(1.5)


@law
def decided_by_type(x):
    return (x * 2 if isinstance(x[0], float) else x * 3) * (x.shape[0] if isinstance(x, np.ndarray) else 1)


@law
def nothing_of_it(x):
    return np.arange(3.0)


@law
def itself(x):
    return x


def total(f):
    def whole(x):
        y = f(x)
        return np.sum(np.sin(y) * (1 + np.arange(np.size(y)).reshape(np.shape(y))))

    return whole


def batch(f):
    return lambda x: ew.vmap(f)(np.stack([x, x * 0.9 + 0.05, x * 1.01]))


WAYS = {
    "value": lambda f: f,
    "value and gradient": lambda f: ew.value_and_grad(total(f)),
    "jvp": lambda f: lambda x: ew.jvp(f, (x,), (x * 0 + 1,)),
    "Hessian": lambda f: ew.hessian(total(f)),
    "batch": batch,
    "batch of Hessians": lambda f: batch(ew.hessian(total(f))),
}
PLACES = {
    "jit(way(f))": lambda way, f: ew.jit(way(f)),
    "way(jit(f))": lambda way, f: way(ew.jit(f)),
    "jit(way(jit(f)))": lambda way, f: ew.jit(way(ew.jit(f))),
}


def outcome(f, x):
    try:
        found = f(x)
    except (KeyError, BatchError) as error:
        return type(error)
    return [np.asarray(part) for part in (found if isinstance(found, tuple) else (found,))]


CASES = [
    (name, way)
    for name in FUNCTIONS
    for way in WAYS
    if way == "value" or name != "decided_by_type"  # a transformation shows a type of its own
]


@pytest.mark.parametrize(("name", "way"), CASES)
def test_the_function_and_nothing_else(name, way):
    f, dtypes = FUNCTIONS[name], (np.float64, np.float32) if way == "value" else (np.float64,)
    if name in ("state_inside", "scans"):
        dtypes = (np.float64,)  # an array of traced float32 numbers, and a carry that becomes float64, are refused
    plain = WAYS[way](f)
    for place in PLACES.values():
        made = place(WAYS[way], f)
        for dtype, x in itertools.product(dtypes, POINTS):
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("error", CompileWarning)
                expected = outcome(plain, x.astype(dtype))
                found = [outcome(made, x.astype(dtype)) for _ in range(2)]
            for one in found:
                same(one, expected, 1e-9 if dtype is np.float64 else 2e-3)


def same(found, expected, tight):
    if isinstance(expected, type):
        assert found is expected
        return
    assert not isinstance(found, type), found
    for a, b in zip(found, expected, strict=True):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        scale = 1 + np.max(np.abs(b[np.isfinite(b)]), initial=0)
        np.testing.assert_allclose(a, b, rtol=tight, atol=tight * scale)
