"""What a row of the table is: a program written once for every library, its arguments, and the C that does the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Work:
    """What a row has to do at least.

    Attributes:
        read: bytes.
        written: bytes.
        sums: sums and products; a product that is added to something counts once.
        functions: exponentials, logarithms, sines, cosines, hyperbolic tangents.
        divisions: and square roots.
        chain: how many sums, or products, wait for the one before.
        called: how many functions wait for what is before them.
    """

    read: float = 0.0
    written: float = 0.0
    sums: float = 0.0
    functions: float = 0.0
    divisions: float = 0.0
    chain: float = 0.0
    called: float = 0.0


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Attributes:
        name: of the row.
        function: ``function(xp, scan)`` is what is differentiated; ``xp`` is whatever speaks NumPy, ``scan`` its
            library's loop.
        arguments: fresh ones, from a random generator.
        argnums: which are differentiated.
        transformation: ``value_and_grad``, ``hvp``, ``hessian``, ``jacobian``, or ``blocks``: a Jacobian for each entry
            along the first axis of what ``batch`` makes of the arguments.
        batch: ``batch(xp, *arguments)``, for ``blocks``.
        sources: of the C baselines, in ``baselines/``.
        sizes: what the C is compiled for: names and numbers.
        goal: how many times faster than JAX it is to be.
        against_c: how many times the time of the best C it may take.
        skips: libraries that cannot do it, or only in minutes.
        work: what has to be done at least.
        in_jax: ``function`` as somebody who knows JAX writes it, where that is faster than the program of all.
    """

    name: str
    function: Function
    arguments: Callable[[np.random.Generator], tuple[Any, ...]]
    argnums: int | tuple[int, ...] = 0
    transformation: str = "value_and_grad"
    batch: Function | None = None
    sources: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    goal: float | None = None
    against_c: float | None = None
    skips: tuple[str, ...] = ()
    work: Work = Work()
    in_jax: Function | None = None
