"""Containers and keywords go the short way, as long as they are what was compiled for."""

from __future__ import annotations

import collections
import sys
import threading

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile import jit as module

pytestmark = pytest.mark.needs("llvmlite")

X, Y = np.array([0.4, -0.7, 1.3]), np.array([2.0, 3.0])


@pytest.fixture
def slow(monkeypatch):
    """How many calls went the long way."""
    calls = []
    long_way = module.Jitted._call

    def counted(self, *args, **kwargs):
        calls.append(1)
        return long_way(self, *args, **kwargs)

    monkeypatch.setattr(module.Jitted, "_call", counted)
    return calls


def same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        for key in expected:
            same(found[key], expected[key])
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            same(a, b)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-14)


SHORT = {
    "a list of one": (lambda p: p[0] * 2, ([X],), {}),
    "a list": (lambda p: p[0] * p[1][0], ([X, Y],), {}),
    "a tuple": (lambda p, n: p[0] * n + p[1][0], ((X, Y), 3), {}),
    "a dictionary": (lambda p: {"z": p["w"] * 2, "a": p["b"]}, ({"w": X, "b": Y},), {}),
    "its order": (lambda p: next(iter(p.values())) * 2, ({"w": X, "b": Y},), {}),
    "one in another": (lambda p: [p["w"][0] * p["b"]["c"], (p["w"][1],)], ({"w": [X, Y], "b": {"c": 2.0}},), {}),
    "keywords": (lambda x, *, n=2, scale=1.0: x**n * scale, (X,), {"scale": 2.0}),
    "keywords of positions": (lambda x, y: x * y[0], (), {"y": Y, "x": X}),
    "any keywords": (lambda **p: next(iter(p.values())) * 2, (), {"y": Y, "x": X}),
    "text and None": (lambda p: p["x"] * len(p["name"]), ({"x": X, "name": "abc", "rest": [None, True]},), {}),
    "empty ones": (lambda p: (p["x"] + 1, [], {}, ()), ({"x": X, "l": [], "d": {}, "t": ()},), {}),
    "a gradient": (ew.grad(lambda p: np.sum(p["w"] ** 2) * p["b"][0]), ({"w": X, "b": Y},), {}),
    "a value and a gradient": (ew.value_and_grad(lambda p: np.sum(p[0]) * p[1]), ([X, 2.0],), {}),
}


@pytest.mark.parametrize("name", SHORT)
def test_the_short_way(name, slow):
    f, args, kwargs = SHORT[name]
    made = ew.jit(f)
    for _ in range(4):
        same(made(*args, **kwargs), f(*args, **kwargs))
    before = len(slow)
    for _ in range(5):
        same(made(*args, **kwargs), f(*args, **kwargs))
    assert len(slow) == before


def test_another_structure_goes_the_long_way(slow):
    def f(p, *, scale=1.0):
        parts = list(p.values()) if isinstance(p, dict) else list(p)
        return parts[0] * scale + len(parts)

    made = ew.jit(f)
    usual = {"w": X, "b": X}
    others = [
        {"b": X * 2, "w": X}, {"w": X}, {"w": X, "b": X, "c": X}, {"w": X, "c": X}, [X, X], (X, X), [X],
        {"w": X, "b": Y}, collections.OrderedDict(w=X, b=X), collections.defaultdict(float, w=X, b=X), {1: X, "b": X},
        {"w": X, "b": [X]}, {"w": X.astype(np.float32), "b": X}, {"w": np.float64(1.5), "b": np.float64(2.5)},
    ]  # fmt: skip
    for other in others:
        for _ in range(3):
            same(made(usual), f(usual))
        same(made(other), f(other))
        same(made(other, scale=2.0), f(other, scale=2.0))
        same(made(usual, scale=3.0), f(usual, scale=3.0))
    with pytest.raises(TypeError):
        made()
    with pytest.raises(TypeError):
        made(usual, X)
    with pytest.raises(TypeError):
        made(usual, shift=2.0)


def test_a_container_that_changes_is_read_anew():
    made, p = ew.jit(lambda p: p["w"] * p["l"][0]), {"w": X, "l": [1.0, X]}
    for i in range(8):
        p["w"] = p["w"] + 1
        p["l"][0] = float(i)
        same(made(p), p["w"] * float(i))
        if i == 5:
            p["l"].append(2.0)
        if i == 6:
            p["l"].pop()


def test_results_are_fresh():
    made = ew.jit(lambda p: {"a": p["x"] * 2, "l": [1, []]})
    first, second = [made({"x": X}) for _ in range(6)][-2:]
    first["a"][:] = 0
    first["l"][1].append(5)
    same(made({"x": X}), second)


def test_ways_by_value(slow):
    made = ew.jit(lambda p: p["x"] * 2 if p["x"][0] > 0 else p["x"] * 3)
    for _ in range(8):
        same(made({"x": X}), X * 2)
        same(made({"x": -X}), -X * 3)
    before = len(slow)
    same(made({"x": X}), X * 2)
    same(made({"x": -X}), -X * 3)
    assert len(slow) == before


def test_another_thread_changes_the_container():
    """Whatever a call finds, it holds: it returns, or raises what Python would of such a container."""
    p, stop, f = {"a": [X, Y], "b": X}, False, lambda p: sum(np.sum(v) for v in p["a"]) + np.sum(p["b"])
    made, failed = ew.jit(f), []
    for _ in range(4):
        made(p)

    def change():
        i = 0
        while not stop:
            i += 1
            p["a"] = [X * i, Y] if i % 3 else [X * i]
            p["a"].append(Y)
            p["b"] = X * i

    def work():
        try:
            for _ in range(300):
                assert np.isfinite(made(p))
        except BaseException as error:
            failed.append(error)
            raise

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(3)]
        changer = threading.Thread(target=change)
        for thread in (*threads, changer):
            thread.start()
        for thread in threads:
            thread.join()
        stop = True
        changer.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failed
