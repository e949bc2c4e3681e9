"""What a function finds around itself: a change of any of it shows in the next call."""

from __future__ import annotations

import types
from argparse import Namespace
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple
from functools import lru_cache, partial

import numpy as np
import pytest

import edgewise as ew
from edgewise.compile.surroundings import Surroundings
from edgewise.errors import CompileWarning

X = np.array([0.5, 2.0])
FACTOR = 1.0
Pair = namedtuple("Pair", "rates name")


def scaled(x):
    return x * FACTOR


class Settings:
    factor = 1.0

    @classmethod
    def by_class(cls, x):
        return x * cls.factor

    @staticmethod
    def by_static(x):
        return x * FACTOR

    @property
    def twice(self):
        return 2 * FACTOR

    def method(self, x):
        return scaled(x) * self.factor

    def __call__(self, x):
        return self.method(x)


class Below(Settings):
    pass


class Slotted:
    __slots__ = ("factor", "unset")


def follows(f, change):
    """The compiled function sees each change of what it reads."""
    made = ew.jit(f)
    for value in (1.0, 3.0, 4.0):
        change(value)
        for _ in range(3):
            np.testing.assert_allclose(made(X), f(X), rtol=1e-15)


@pytest.mark.parametrize("f", [Settings.by_class, lambda x: 1 * Settings.by_class(x), lambda x: x * Settings.factor])
def test_attributes_of_a_class(f, monkeypatch):
    follows(f, lambda value: monkeypatch.setattr(Settings, "factor", value))


@pytest.mark.parametrize("make", [Settings, Below])
def test_attributes_of_the_class_of_an_object(make, monkeypatch):
    one = make()
    follows(one, lambda value: monkeypatch.setattr(Settings, "factor", value))
    follows(one.method, lambda value: monkeypatch.setattr(make, "factor", value))
    follows(one.method, lambda value: setattr(one, "factor", value))


def test_globals_of_what_a_function_calls(monkeypatch):
    one, cached = Settings(), lru_cache(lambda n: n * FACTOR)
    entrywise, inner = np.vectorize(lambda a: a * FACTOR), ew.jit(lambda a: a * FACTOR)
    for f in (
        one,
        one.method,
        Settings.by_static,
        lambda x: x * one.twice,
        lambda x: x * Below.by_static(1.0),
        lambda x: entrywise(x) + 1,
        lambda x: inner(x) + 1,
    ):
        follows(f, lambda value: monkeypatch.setitem(globals(), "FACTOR", value))
    follows(lambda x: x * cached(2.0), lambda value: cached.cache_clear())


def test_a_method_that_is_replaced(monkeypatch):
    one = Settings()
    follows(one, lambda value: monkeypatch.setattr(Settings, "method", lambda self, x: x * value))


def test_containers_of_every_kind():
    for container in (OrderedDict(a=1.0), defaultdict(float, a=1.0), UserDict(a=1.0), {"a": 1.0}):
        follows(lambda x, c=container: x * c["a"], partial(container.__setitem__, "a"))
    for row in (deque([1.0]), [1.0]):
        follows(lambda x, r=row: x * r[0], partial(row.__setitem__, 0))
    rates = [1.0]
    pair = Pair(rates, "text")
    follows(lambda x: x * pair.rates[0], partial(rates.__setitem__, 0))
    members = {1.0}
    follows(lambda x: x * sum(members), lambda value: (members.clear(), members.add(value)))


def test_a_default_is_not_put_into_a_dict():
    counts = defaultdict(float, a=2.0)
    around = Surroundings(lambda x: x * counts["a"])
    del counts["a"]
    counts["b"] = 1.0
    assert around.changed() == "counts['a']"
    assert "a" not in counts


def test_objects_with_slots_and_namespaces():
    slotted = Slotted()
    follows(lambda x: x * slotted.factor, lambda value: setattr(slotted, "factor", value))
    for space in (types.SimpleNamespace(), Namespace()):
        follows(lambda x, s=space: x * s.factor, lambda value, s=space: setattr(s, "factor", value))


def test_a_module_in_a_closure_is_not_watched():
    def made(xp):
        return lambda x: xp.sum(xp.sin(x))

    assert not Surroundings(made(np)).watches  # nor is one among the globals


def test_attributes_of_functions_and_modules():
    outer, inner = types.ModuleType("settings"), types.ModuleType("settings.inner")
    outer.inner, inner.outer = inner, outer
    space = {"settings": outer}
    exec("def f(x):\n    return x * settings.inner.factor * f.factor", space)
    f = space["f"]
    f.factor = inner.factor = 1.0
    follows(f, lambda value: setattr(inner, "factor", value))
    follows(f, lambda value: setattr(f, "factor", value))


def test_an_attribute_is_not_taken_for_a_global_of_that_name():
    space = {"one": types.SimpleNamespace(number=2.0), "number": 1}
    exec("def f(x):\n    return x * one.number", space)
    around = Surroundings(space["f"])
    space["number"] = 2
    assert not around.changed()
    space["one"].number = 3.0
    assert around.changed() == "one.number"


def test_more_than_can_be_watched_is_left_to_python():
    rates = [1.0] * 5000
    made = ew.jit(lambda x: x * rates[4999])
    with pytest.warns(CompileWarning, match="more around it than can be watched"):
        made(X)
    rates[4999] = 3.0
    assert list(made(X)) == [1.5, 6.0]
