"""Exponentials and logarithms."""

from __future__ import annotations

import numpy as np

from edgewise.families.elementwise import elementwise
from edgewise.families.samples import between, pairs

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))

exp = elementwise(np.exp, lambda y: y, between(-3, 3))
exp2 = elementwise(np.exp2, lambda y: LN2 * y, between(-3, 3))
expm1 = elementwise(np.expm1, lambda y: y + 1, between(-3, 3))
log = elementwise(np.log, lambda x: 1 / x, between(0.1, 9))
log2 = elementwise(np.log2, lambda x: 1 / (LN2 * x), between(0.1, 9))
log10 = elementwise(np.log10, lambda x: 1 / (LN10 * x), between(0.1, 9))
log1p = elementwise(np.log1p, lambda x: 1 / (1 + x), between(-0.7, 9))
logaddexp = elementwise(
    np.logaddexp,
    (lambda x1, y: np.exp(x1 - y), lambda x2, y: np.exp(x2 - y)),
    pairs((-3, 3), (-3, 3)),
    oracle="mpmath",
)
logaddexp2 = elementwise(
    np.logaddexp2,
    (lambda x1, y: np.exp2(x1 - y), lambda x2, y: np.exp2(x2 - y)),
    pairs((-3, 3), (-3, 3)),
    oracle="mpmath",
)
