"""The table of functions, and the measure of what they cost."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

from edgewise.cli.functions import GROWING, REFUSED, SQUARING, Meter, functions, similar
from edgewise.core.registry import DECLARATIONS, spelling


def entries(value) -> int:
    if isinstance(value, list | tuple):
        return sum(map(entries, value))
    return 1 if isinstance(value, type) else np.size(value)


def test_every_declared_function_of_numpy_has_its_name():
    declared = {spelling(f) for f in DECLARATIONS if spelling(f).startswith("np.") and not hasattr(f, "__self__")}
    names = {s.rpartition(".")[2] for s in declared}
    assert names - set(functions()) <= REFUSED | {"reduce", "accumulate", "outer", "reduceat"}
    assert functions()["cross"].call is np.cross  # NumPy's own before those of its modules
    assert functions()["inv"].call is np.linalg.inv


def test_only_declared_functions_have_names():
    assert all(f.call in DECLARATIONS for f in functions().values())
    assert not {"eval", "open", "load", "save", "vectorize", "frompyfunc", "fromfile"} & set(functions())


def test_lists_of_costs_name_functions_that_exist():
    assert set(functions()) >= SQUARING
    assert not GROWING & SQUARING


@pytest.mark.parametrize("name", sorted(functions()))
def test_what_a_call_makes_is_within_what_was_measured(name):
    """Held against the samples of every declaration: a function that grows must be on the list."""
    function = functions()[name]
    for case in DECLARATIONS[function.call].samples:
        operands = [x for x in (*case.args, *case.kwargs.values()) if not isinstance(x, type)]
        meter = Meter()
        meter.call(function, operands)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = function.call(*copy.deepcopy(case.args), **copy.deepcopy(case.kwargs))
        parts = made if isinstance(made, list | tuple) else [made]
        assert max(map(entries, parts), default=0) <= 2 * max(meter.held, entries(operands), 2) + 1


def test_a_name_that_is_almost_right_is_offered():
    assert similar("sqr", list(functions())) == " (did you mean sqrt?)"
    assert similar("qqqqq", list(functions())) == ""
