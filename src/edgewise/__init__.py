"""edgewise: exact derivatives of the NumPy code you already have.

Write functions in plain Python and NumPy; ``grad``, ``jacobian``, ``hessian``, ``jvp``, ``vjp``, ``linearize`` and
``vmap`` transform them, in any nesting. ``report`` tells what a derivative means where it is a matter of convention.

>>> import numpy as np, edgewise as ew
>>> ew.grad(lambda x: np.sum(np.sin(x) ** 2))(np.array([0.0, np.pi / 4]))
array([0., 1.])
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from edgewise import errors
from edgewise.core.registry import LATER
from edgewise.testing.check import check_grads
from edgewise.transforms.batching import vmap
from edgewise.transforms.buffers import traced_buffers
from edgewise.transforms.checkpoint import checkpoint
from edgewise.transforms.custom import primitive
from edgewise.transforms.elementwise import derivative
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad, value_and_grad
from edgewise.transforms.holomorphic import wirtinger
from edgewise.transforms.jacobian import hessian, hvp, jacfwd, jacobian, jacrev
from edgewise.transforms.operator import LinearOperator, linearize, vjp
from edgewise.transforms.stop import stop_gradient, value

if TYPE_CHECKING:
    from edgewise import book, compositions
    from edgewise.compile.jit import jit
    from edgewise.compile.pool import threads
    from edgewise.compositions.bridge import stack
    from edgewise.control.branches import cond, switch
    from edgewise.control.loops import fori_loop, while_loop
    from edgewise.control.scan import scan
    from edgewise.explain import explain, explain_nan
    from edgewise.reporting import report

__all__ = [
    "LinearOperator",
    "book",
    "check_grads",
    "checkpoint",
    "compositions",
    "cond",
    "derivative",
    "errors",
    "explain",
    "explain_nan",
    "fori_loop",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linearize",
    "primitive",
    "report",
    "scan",
    "stack",
    "stop_gradient",
    "switch",
    "threads",
    "traced_buffers",
    "value",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
    "wirtinger",
]


# The rows of the registry are most of the package. The first transformation that is called loads them.
LATER.extend(partial(import_module, f"edgewise.{name}") for name in ("book", "compositions"))


_CONTROL = {"cond": "branches", "fori_loop": "loops", "scan": "scan", "switch": "branches", "while_loop": "loops"}


def __getattr__(name: str) -> Any:
    if name in ("book", "compositions", "linalg"):
        return import_module(f"edgewise.{name}")  # from then on an ordinary attribute
    if name == "stack":
        from edgewise.compositions.bridge import stack  # noqa: PLC0415  as above

        return stack
    if name in _CONTROL:
        return getattr(import_module(f"edgewise.control.{_CONTROL[name]}"), name)
    if name == "jit":
        return import_module("edgewise.compile.jit").jit  # on first use: most programs are not compiled
    if name == "threads":
        return import_module("edgewise.compile.pool").threads
    if name == "report":
        return import_module("edgewise.reporting").report
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415  read when asked for: it costs more than our import

        return version("edgewise")
    if name in ("explain", "explain_nan"):
        package = import_module("edgewise.explain")  # on first use; the package can be called
        return package if name == "explain" else package.explain_nan
    raise AttributeError(f"module 'edgewise' has no attribute {name!r}")
