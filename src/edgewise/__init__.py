"""edgewise: exact derivatives of the NumPy code you already have.

Write functions in plain Python and NumPy; ``grad``, ``jacobian``, ``hessian``, ``jvp``, ``vjp``, ``linearize`` and
``vmap`` transform them, in any nesting.

>>> import numpy as np, edgewise as ew
>>> ew.grad(lambda x: np.sum(np.sin(x) ** 2))(np.array([0.0, np.pi / 4]))
array([0., 1.])
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from edgewise import book, compositions, errors
from edgewise.compositions.bridge import stack
from edgewise.testing.check import check_grads
from edgewise.transforms.batching import vmap
from edgewise.transforms.buffers import traced_buffers
from edgewise.transforms.custom import primitive
from edgewise.transforms.elementwise import derivative
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad, value_and_grad
from edgewise.transforms.holomorphic import wirtinger
from edgewise.transforms.jacobian import hessian, hvp, jacfwd, jacobian, jacrev
from edgewise.transforms.operator import LinearOperator, linearize, vjp
from edgewise.transforms.stop import stop_gradient, value

__all__ = [
    "LinearOperator",
    "book",
    "check_grads",
    "compositions",
    "derivative",
    "errors",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "primitive",
    "stack",
    "stop_gradient",
    "traced_buffers",
    "value",
    "value_and_grad",
    "vjp",
    "vmap",
    "wirtinger",
]


def __getattr__(name: str) -> Any:
    if name == "linalg":
        return import_module("edgewise.linalg")  # from then on an ordinary attribute
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  read when asked for: it costs more than our import

        return version("edgewise")
    raise AttributeError(f"module 'edgewise' has no attribute {name!r}")
