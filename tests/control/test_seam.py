"""A mode may take a loop or a branch as one operation."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.modes import Batched

CALLS = {
    "cond": (lambda x: ew.cond(x > 0, np.sin, np.cos, x), {}),
    "switch": (lambda x: ew.switch(1, [np.sin, np.cos], x), {}),
    "while_loop": (lambda x: ew.while_loop(lambda c: c > 0, np.sin, x), {}),
    "fori_loop": (lambda x: ew.fori_loop(1, 4, lambda i, c: c * i, x), {"lower": 1, "upper": 4}),
    "scan": (lambda x: ew.scan(lambda c, x: (c, x), x, np.ones(3), reverse=True), {"length": 3, "reverse": True}),
}


class Taking(Batched):
    def control(self, form, functions, operands, options):
        return form, len(functions), self, options


@pytest.mark.parametrize("form", CALLS)
def test_the_highest_mode_among_the_operands_is_asked(form):
    call, options = CALLS[form]
    with Batched(2) as low, Taking(2) as high:
        x = high.lift(low.lift(np.ones((2, 2))))
        functions = 2 if form in ("cond", "switch", "while_loop") else 1
        assert call(x) == (form, functions, high, options)
        call(low.lift(np.zeros(2)))  # which leaves it to Python
