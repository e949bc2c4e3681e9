"""A declaration at one sample, as a function of numbers alone: what laws and oracles take apart, vary and compare.

A ``Case`` is a call in NumPy's signature, with lists, index arrays and options among the arguments. ``Subject`` singles
out the arrays that are differentiated (its ``leaves``) and returns real and complex outputs as a flat tuple, so that a
law need not know which function it looks at. Helpers below make variants of a point, and matrices of linear
functions. To all of them a complex array is two real ones, its real and its imaginary parts one after the other: then
⟨g, t⟩ is the dot product of ``flat(g)`` and ``flat(t)``, and the adjoint of a map has the transposed matrix.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.pairing import paired
from edgewise.core.registry import Declaration, spelling
from edgewise.errors import ConversionError, StoreError
from edgewise.families.samples import Case
from edgewise.modes import Recorded

__all__ = ["Subject", "flat", "matrix_of", "output_leaves", "symmetric", "unflat"]


class Subject:
    """A function of leaves.

    Attributes:
        declaration, case: what it was made from.
        leaves: the differentiated values: NumPy scalars and arrays.
        result: what NumPy's own function returns on them.
        smooth: positions of the outputs that are real or complex numbers, among the leaves of the result.
        name: how messages call it.

    Args:
        declaration: a row of the registry.
        case: one of its samples.

    >>> from edgewise.families.samples import case
    >>> row = Declaration(np.split, "composition", [case(np.arange(4.0), 2)])
    >>> Subject(row, row.samples[0])(np.ones(4))
    (array([1., 1.]), array([1., 1.]))
    """

    def __init__(self, declaration: Declaration, case: Case) -> None:
        self.declaration = declaration
        self.case = case
        self.name = f"{spelling(declaration.function)}{_brief(case)}"
        self._at([np.asarray(leaf)[()] for i in case.wrt for leaf in _several(case.args[i])])

    def _at(self, leaves: list[Any]) -> None:
        self.leaves = leaves
        self.result = self.call(*leaves)
        made = output_leaves(self.result)
        self.smooth = [i for i, y in enumerate(made) if getattr(getattr(y, "dtype", None), "kind", "O") in "fc"]

    def in_single(self, positions: Sequence[int]) -> Subject:
        """The same with some leaves in float32."""
        other = copy.copy(self)
        other.name = f"{self.name}, operands {list(positions)} in float32"
        other._at(
            [v.astype(np.float32) if i in positions and v.dtype.kind == "f" else v for i, v in enumerate(self.leaves)]
        )
        return other

    def call(self, *leaves: Any) -> Any:
        """The declared function, on these leaves in place of the sample's: whatever it returns."""
        args, kwargs = self.arguments(leaves)
        return self.declaration.function(*args, **kwargs)

    def __call__(self, *leaves: Any) -> tuple[Any, ...]:
        """The outputs that are real or complex numbers."""
        made = output_leaves(self.call(*leaves))
        return tuple(made[i] for i in self.smooth)

    def arguments(self, leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The call with these leaves in it. A dtype that is asked for follows leaves that are complex."""
        rest = iter(leaves)
        args = list(self.case.args)
        for i in self.case.wrt:
            args[i] = [next(rest) for _ in args[i]] if isinstance(args[i], list | tuple) else next(rest)
        kwargs = dict(self.case.kwargs)
        if any(v.dtype.kind == "c" for v in leaves):
            args = [_complex_dtype(a) for a in args]
            kwargs = {k: _complex_dtype(v) for k, v in kwargs.items()}
        return args, kwargs

    @property
    def differentiable(self) -> bool:
        """Whether there is a derivative to ask for."""
        return bool(self.leaves and self.smooth) and self.declaration.kind != "zero"

    @property
    def may_refuse_batches(self) -> bool:
        """Where one answer must serve all members (a length, a truth value), and no derivative is at stake."""
        return self.declaration.kind == "composition" and (self.declaration.ragged or not self.smooth)

    def dispatches(self, chosen: Sequence[int]) -> bool:
        """Whether NumPy hands the call to us when only these leaves are traced: np.full_like looks at its first alone.

        Where it does not, the call ends in an ordinary array, which is refused aloud.
        """
        if len(chosen) == len(self.leaves):
            return True
        try:
            with Recorded() as mode:
                self.call(*(mode.lift(v) if i in chosen else v for i, v in enumerate(self.leaves)))
        except (StoreError, ConversionError):
            return False
        return True

    def scalar(self, weights: Sequence[Any]) -> Callable[..., Any]:
        """⟨weights, outputs⟩, a function with a scalar result."""

        def weighted(*leaves: Any) -> Any:
            total: Any = 0.0
            for w, y in zip(weights, self(*leaves), strict=True):
                total = total + paired(w, y)
            return total

        weighted.__name__ = self.name
        return weighted

    def random(self, rng: np.random.Generator, like: str = "leaves") -> list[Any]:
        """A direction in the space of the leaves, or of the ``"outputs"``; entries at most 1, none near 0."""
        values = self.leaves if like == "leaves" else self(*self.leaves)
        return [_entries(rng, v.shape) + (1j * _entries(rng, v.shape) if v.dtype.kind == "c" else 0) for v in values]

    def variants(self, count: int) -> list[list[Any]]:
        """Other points where the function is as regular.

        They have the entries of each leaf in another order, so that choices (an extreme, a sorting) fall differently;
        where that leaves the domain, they are nearby points.
        """
        points = []
        for k in range(count):
            near = [(v * (1 - 0.01 * k)).astype(v.dtype) for v in self.leaves]
            moved = [np.roll(v, k) if v.ndim else w for v, w in zip(self.leaves, near, strict=True)]
            if self.declaration.oracle == "symmetric":
                moved = [symmetric(v) for v in moved]
            points.append(moved if self._regular(moved) else near)
        return points

    def _regular(self, leaves: Sequence[Any]) -> bool:
        try:
            made = output_leaves(self.call(*leaves))
        except np.linalg.LinAlgError:
            return False
        return all(np.all(np.isfinite(y)) for y in made if getattr(getattr(y, "dtype", None), "kind", "O") == "f")


def _entries(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return (rng.uniform(0.3, 1.0, shape) * rng.choice([-1.0, 1.0], shape))[()]


def symmetric(a: Any) -> Any:
    """The symmetric part of matrices.

    >>> symmetric(np.array([[1.0, 2.0], [0.0, 1.0]]))
    array([[1., 1.],
           [1., 1.]])
    """
    return ((a + np.swapaxes(a, -1, -2)) / 2).astype(a.dtype)


def output_leaves(result: Any) -> list[Any]:
    """The leaves of a result: NumPy's functions return arrays, and tuples and lists of them.

    >>> output_leaves((1, [2, 3]))
    [1, 2, 3]
    """
    if isinstance(result, list | tuple):
        return [leaf for item in result for leaf in output_leaves(item)]
    return [result]


def flat(leaves: Sequence[Any]) -> Any:
    """All entries in one real vector.

    >>> flat([1.0, np.ones((2, 1))]), flat([np.array([1 + 2j, 3])])
    (array([1., 1., 1.]), array([1., 3., 2., 0.]))
    """
    parts = [np.ravel(part) for leaf in leaves for part in _real_parts(leaf)]
    return np.concatenate(parts) if parts else np.zeros(0)


def _real_parts(leaf: Any) -> tuple[Any, ...]:
    return (np.real(leaf), np.imag(leaf)) if _is_complex(leaf) else (leaf,)


def _is_complex(leaf: Any) -> bool:
    return np.result_type(leaf).kind == "c"


def unflat(vector: Any, like: Sequence[Any]) -> list[Any]:
    """A vector cut into pieces of the shapes of ``like``, complex where those are.

    >>> unflat(np.arange(3.0), [1.0, np.ones((2, 1))])
    [np.float64(0.0), array([[1.],
           [2.]])]
    """
    parts, at = [], 0
    for leaf in like:
        n = int(np.size(leaf))
        part = vector[at : at + n]
        if _is_complex(leaf):
            part = part + 1j * vector[at + n : at + 2 * n]
            at += n
        parts.append(np.reshape(part, np.shape(leaf))[()])
        at += n
    return parts


def matrix_of(linear: Callable[[Sequence[Any]], Sequence[Any]], like: Sequence[Any]) -> Any:
    """The matrix of a linear function of leaves of the shapes of ``like``, column by column.

    >>> matrix_of(lambda ts: [2 * ts[0]], [np.zeros(2)])
    array([[2., 0.],
           [0., 2.]])
    """
    basis = np.eye(sum(int(np.size(leaf)) * (1 + _is_complex(leaf)) for leaf in like))
    columns = [flat(linear(unflat(e, like))) for e in basis]
    return np.stack(columns, axis=1) if columns else np.zeros((flat(linear(list(like))).size, 0))


def _several(argument: Any) -> Sequence[Any]:
    return argument if isinstance(argument, list | tuple) else (argument,)


def _complex_dtype(argument: Any) -> Any:
    try:
        asked = isinstance(argument, type | np.dtype) and np.dtype(argument).kind == "f"
    except TypeError:  # a class that is no dtype
        return argument
    return np.complex128 if asked else argument


def _brief(case: Case) -> str:
    """The call with arrays shortened to their shapes."""

    def say(value: Any) -> str:
        if isinstance(value, np.ndarray):
            return f"<{value.dtype} {'×'.join(map(str, value.shape))}>"
        if isinstance(value, list | tuple):
            inside = ", ".join(map(say, value))
            return f"[{inside}]" if isinstance(value, list) else f"({inside})"
        return repr(value)

    said = [*map(say, case.args), *(f"{k}={say(v)}" for k, v in case.kwargs.items())]
    return f"({', '.join(said)})"
