"""The laws notice: wrong rules, maps, families and values are planted, and some law has to raise.

A law that cannot fail proves nothing. Each line below is a mistake one could make; the same planting with the right
rule passes, so it is the mistake that is noticed and not the planting.
"""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise import maps
from edgewise.core.index import gather
from edgewise.core.primitive import Rule
from edgewise.core.recurrence import recurrence
from edgewise.core.registry import DECLARATIONS, ENTRIES, spelling
from edgewise.core.traced import UFUNCS
from edgewise.errors import CheckError
from edgewise.families import structure
from edgewise.families.elementwise import ELEMENTWISE, declare_elementwise
from edgewise.testing.laws import LAWS, applies
from edgewise.transforms import forward


def judge(declaration, laws=tuple(LAWS)):
    """The laws that a declaration breaks."""
    broken = set()
    for name in laws:
        law = LAWS[name]
        for case in declaration.samples:
            if applies(name, declaration, case):
                try:
                    law(declaration, case)
                except (CheckError, ValueError):  # where a shape is wrong, NumPy may be the first to say so
                    broken.add(name)
    return broken


def planted(monkeypatch, function, d, compute=None, **options):
    """The row of a ufunc with another rule, or another value, in place of its own."""
    primitive = declare_elementwise(function.__name__, function, d, function.nin, compute=compute, **options)
    monkeypatch.setitem(ENTRIES, function, lambda *operands, **kwargs: primitive(*operands))
    monkeypatch.setitem(UFUNCS, function, primitive)
    return DECLARATIONS[function]._replace(primitive=primitive)


RULES = [
    pytest.param(function, i, id=f"{spelling(function)}-{i}")
    for function, declaration in DECLARATIONS.items()
    if isinstance(function, np.ufunc) and declaration.kind == "elementwise"
    for i, rule in enumerate(declaration.primitive.rules)
    if rule is not None
]
RIGHT = [
    (np.sin, lambda x: np.cos(x)),  # noqa: PLW0108  the name of the parameter says what the rule needs
    (np.tanh, lambda y: 1 - y * y),
    (np.divide, (lambda x2: 1 / x2, lambda x2, y: -y / x2)),
]
WRONG = {
    "a factor": (np.sin, lambda x: 1.001 * np.cos(x), "first_order"),
    "a sign": (np.cos, lambda x: np.sin(x), "first_order"),  # noqa: PLW0108  as above
    "x for y": (np.tanh, lambda x: 1 - x * x, "first_order"),
    "y for x": (np.exp, lambda x: x, "first_order"),
    "the other operand": (np.multiply, (lambda x1: x1, lambda x2: x2), "first_order"),
    "a constant's sign": (np.subtract, (1, 1), "first_order"),
    "one of two rules": (np.divide, (lambda x2: 1 / x2, lambda x2, y: y / x2), "first_order"),
    "an operand forgotten": (np.add, (1, None), "first_order"),
    "right at first order, constant at second": (np.sqrt, lambda y: 0.5 / ew.stop_gradient(y), "second_order"),
    "right in float64 alone": (np.exp, lambda y: y + np.where(y.dtype == np.float32, 1.0, 0.0), "single_precision"),
    "entries mixed": (np.square, lambda x: 2 * x[..., ::-1] if x.ndim else 2 * x, "first_order"),
    "the mean of the batch": (np.log, lambda x: 1 / x + 0 * np.sum(x), None),  # right: the control of the next line
}


OFF = 1.0000001


def mistaken(weight):
    """Wrong in the seventh digit; where it is a choice, the other choice."""
    if isinstance(weight, maps.Map):
        return maps.Diagonal(OFF) @ weight
    return ~weight if getattr(weight, "dtype", np.dtype(float)).kind == "b" else weight * OFF


def off(d):
    if d is None or not isinstance(d, Rule):
        return d if d is None else mistaken(d)
    code = d.function.__code__
    names = ", ".join(code.co_varnames[: code.co_argcount])  # they say what the rule needs
    return eval(f"lambda {names}: mistaken(d({names}))", {"d": d.function, "mistaken": mistaken})


@pytest.mark.parametrize(("function", "position"), RULES)
def test_laws_catch_every_rule_in_its_seventh_digit(monkeypatch, function, position):
    declaration = DECLARATIONS[function]
    rules = tuple(off(rule) if i == position else rule for i, rule in enumerate(declaration.primitive.rules))
    rules = tuple(rule.function if isinstance(rule, Rule) else rule for rule in rules)
    gives_maps = declaration.primitive.weights is None and not declaration.primitive.selects
    wrong = planted(monkeypatch, function, rules, selects=declaration.primitive.selects, maps=gives_maps)
    assert "first_order" in judge(wrong, ["first_order"])


@pytest.mark.parametrize(("function", "d"), RIGHT, ids=[spelling(f) for f, _ in RIGHT])
def test_planting_alone_breaks_nothing(monkeypatch, function, d):
    assert judge(planted(monkeypatch, function, d)) == set()


@pytest.mark.parametrize("mistake", WRONG)
def test_laws_catch_wrong_rules(monkeypatch, mistake):
    function, d, law = WRONG[mistake]
    broken = judge(planted(monkeypatch, function, d))
    assert law in broken if law else not broken


def test_laws_catch_a_wrong_value(monkeypatch):
    assert "value" in judge(planted(monkeypatch, np.sin, lambda x: -np.sin(x), compute=np.cos))


def test_laws_catch_a_derivative_where_there_is_none(monkeypatch):
    assert "zero" in judge(planted(monkeypatch, np.floor, 1))


def test_laws_catch_a_missing_derivative(monkeypatch):
    declaration = planted(monkeypatch, np.sin, None, zero=True)
    assert "first_order" in judge(declaration._replace(primitive=None))


MAPS = {
    "a sum's adjoint repeats": (maps.Sum, "pull", lambda self, g: np.zeros(self.shape) + np.sum(g), np.sum),
    "a broadcast's adjoint sums": (maps.Broadcast, "pull", lambda self, g: np.zeros(self.shape), np.broadcast_to),
    "axes go back by the inverse": (maps.Transpose, "pull", lambda self, g: np.transpose(g, self.axes), np.transpose),
    "a reshape keeps the order": (
        maps.Reshape, "pull", lambda self, g: np.reshape(g, self.shape, order="F"), np.reshape,
    ),
    "a cumulative sum runs back": (maps.CumulativeSum, "pull", lambda self, g: self.push(g), np.cumsum),
    "a cumulative sum reaches far": (maps.CumulativeSum, "pattern", lambda self: maps.Identity(), np.cumsum),
    "a recurrence runs back": (maps.Recurrence, "pull", lambda self, g: self.push(g), recurrence),
    "a recurrence reaches far": (maps.Recurrence, "pattern", lambda self: maps.Identity(), recurrence),
    "a mask is a cut": (maps.Mask, "pull_alive", lambda self, g, alive: (g, alive), np.where),
    "a sentence turns around": (
        maps.Compose, "H", property(lambda self: maps.Compose(tuple(m.H for m in self.maps))), np.cumprod,
    ),
    "a product pulls by letters": (
        maps.Contract,
        "pull",
        lambda self, g: maps.Contract(self.other + 1, self.out, self.others, self.letters).push(g),
        np.matmul,
    ),
    "dead entries stay dead": (
        maps.Diagonal, "push_alive", lambda self, t, alive: (t * self.weight, None), np.maximum,
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MAPS)
def test_laws_catch_wrong_maps(monkeypatch, mistake):
    cls, name, wrong, function = MAPS[mistake]
    monkeypatch.setattr(cls, name, wrong)
    assert "edges" in judge(DECLARATIONS[function])


def test_laws_catch_an_adjoint_that_overwrites(monkeypatch):
    """Entries that an index names twice add up."""
    right = maps.Index.pull

    def pull(self, g):
        return right(self, g) / np.maximum(right(self, np.ones(self.push(np.zeros(self.shape)).shape)), 1)

    monkeypatch.setattr(maps.Index, "pull", pull)
    assert judge(DECLARATIONS[gather]) >= {"first_order", "adjointness", "edges"}


def test_laws_catch_wrong_batching(monkeypatch):
    """The batch axis of an operand with fewer axes belongs in front of all of them."""
    monkeypatch.setattr(
        type(ELEMENTWISE), "batch", lambda self, primitive, values, batched, size, params: primitive(*values, **params)
    )
    with pytest.raises((CheckError, ValueError)):
        LAWS["batching"](DECLARATIONS[np.add], DECLARATIONS[np.add].samples[1])
    monkeypatch.setattr(
        structure.Contraction,
        "batch",
        lambda self, primitive, values, batched, size, params: primitive(
            values[0], values[1] * 1.01, spec=params["spec"]
        ),
    )
    with pytest.raises((CheckError, ValueError)):
        LAWS["batching"](DECLARATIONS[np.matmul], DECLARATIONS[np.matmul].samples[0])


def test_laws_catch_a_batch_that_is_taken_for_another(monkeypatch):
    monkeypatch.setattr(structure, "fresh_letter", lambda used: "Z")
    assert "nested_batches" in judge(DECLARATIONS[np.matmul], ["batching", "nested_batches"])
    assert "batching" not in judge(DECLARATIONS[np.matmul], ["batching"])


def test_laws_catch_results_that_are_views(monkeypatch):
    monkeypatch.setattr(forward, "finish", lambda values, foreign=(): list(values))
    assert judge(DECLARATIONS[np.broadcast_to]) == {"ownership"}
