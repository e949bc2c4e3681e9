"""``linearize`` and ``vjp``: record once, evaluate every map once, and keep the linear program as an operator.

A ``LinearOperator`` is what remains of a function at a point: the maps on its edges and their order. It multiplies
tangents (forwards) and cotangents (backwards), in the structure of the arguments and results, and speaks SciPy's
protocol for vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from edgewise.containers import Tree
from edgewise.core import walk
from edgewise.core.levels import differentiated
from edgewise.core.node import Node
from edgewise.core.pairing import conj
from edgewise.core.sweep import ancestors, has_cuts
from edgewise.core.traced import TRACED, Traced, fixed
from edgewise.errors import ArgumentError, EscapedError, StructureError, a_kind
from edgewise.modes import Batched, Recorded
from edgewise.transforms.border import Argument, Call, finish, function_of, number_output, outputs, split_aux
from edgewise.transforms.forward import seeds_for
from edgewise.transforms.gradient import has_nan, zeros_of
from edgewise.transforms.no_array import NoArray
from edgewise.transforms.seeds import alive_of, leaf_paths, matched, seed_like

__all__ = ["LinearOperator", "linearize", "vjp"]

# Entries a batch of seeds may have at the widest node: 512 KB of float64, so that a walk stays in the cache.
BATCH_ENTRIES = 2**16


class Linear:
    """A recorded program with its maps evaluated: the part that all linear transformations share.

    Attributes:
        inputs: nodes of the differentiated leaves.
        outputs: per output leaf, its node, or None where it does not depend on the inputs.
        order: the operations between them.
        nested: whether derivatives of this derivative may be taken, so that dead entries must be dropped right away.
    """

    __slots__ = ("cuts", "inputs", "nested", "order", "outputs")

    def __init__(self, mode: Recorded, inputs: list[Traced], leaves: list[Any]) -> None:
        mode.keeper.verify()
        self.inputs: list[Node] = [t.payload for t in inputs]
        own = [leaf if isinstance(leaf, Traced) and leaf.mode is mode else None for leaf in leaves]
        self.outputs: list[Node | None] = [None if t is None else t.payload for t in own]
        order = ancestors([n for n in self.outputs if n is not None])
        self.cuts = has_cuts(order)
        self.nested = any(differentiated(mode.lower(t)) for t in own if t is not None)
        copies: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for node in order:
                for kept in node.kept:
                    if type(kept) is np.ndarray and mode.keeper.holds(kept) and id(kept) not in copies:
                        copies[id(kept)] = kept.copy()
            ends = frozenset(n.serial for n in self.outputs if n is not None)
            self.order = walk.linearize(order, copies, ends)

    def pull(self, seeds: list[Any]) -> list[Any]:
        """Cotangents of the inputs (None: untouched) from those of the outputs (None: not seeded)."""
        return self._walk(walk.pull, walk.pull_alive, self.outputs, self.inputs, seeds)

    def push(self, seeds: list[Any]) -> list[Any]:
        """Tangents of the outputs from those of the inputs."""
        return self._walk(walk.push, walk.push_alive, self.inputs, self.outputs, seeds)

    def _walk(self, along: Any, along_alive: Any, begin: list[Any], end: list[Any], seeds: list[Any]) -> list[Any]:
        masks = [alive_of(s) for s in seeds]
        partial = self.cuts or any(m is not None for m in masks)
        with np.errstate(all="ignore"):
            if not (partial and (self.nested or any(differentiated(s) for s in seeds))):
                table = _table(begin, seeds)
                along(self.order, table)
                found = [None if n is None else table.get(n.serial) for n in end]
                if not (partial and any(g is not None and has_nan(g) for g in found)):
                    return found
            pairs = _table(begin, list(zip(seeds, masks, strict=True)))
            along_alive(self.order, pairs)
        ends = [None if n is None else pairs.get(n.serial) for n in end]
        return [None if pair is None else pair[0] for pair in ends]

    @property
    def complex_linear(self) -> bool:
        """Whether i · t goes to i · J t, by the kinds of the maps alone: a sufficient condition."""
        whole = all(n is None or n.dtype.kind == "c" for n in (*self.inputs, *self.outputs))
        return whole and all(edge.complex_linear for n in self.order for edge in n.edges)

    @property
    def widest(self) -> int:
        """Entries of the largest value between inputs and outputs."""
        shapes = [n.shape for n in self.order if n.primitive.outputs is None] + [n.shape for n in self.inputs]
        return max((int(np.prod(s)) for s in shapes), default=1)


def _table(nodes: list[Any], seeds: list[Any]) -> dict[int, Any]:
    table: dict[int, Any] = {}
    for node, seed in zip(nodes, seeds, strict=True):
        value = seed[0] if type(seed) is tuple else seed
        if node is None or value is None:
            continue
        before = table.get(node.serial)
        if before is None:
            table[node.serial] = seed
        elif type(seed) is tuple:  # two outputs that are one value
            table[node.serial] = (
                before[0] + seed[0],
                None if before[1] is None or seed[1] is None else before[1] | seed[1],
            )
        else:
            table[node.serial] = before + seed
    return table


class LinearOperator(NoArray):
    """The derivative of a function at a point, as a linear operator.

    ``J @ t`` pushes a tangent of the argument's structure (a tuple of them where there are several arguments), ``J.H @
    g`` pulls a cotangent of the result's structure. ``shape``, ``dtype``, ``matvec``, ``rmatvec``, ``matmat`` work on
    flat vectors, as SciPy's solvers want them; ``todense()`` gives the matrix.

    Where complex numbers are among arguments or results, the operator is linear over the complex numbers if ``f`` is
    built of complex-differentiable operations; then its matrix is complex. Otherwise it is linear over the real ones
    only, ``complex_linear`` is False, and on flat vectors each complex leaf stands for two: its real parts, and then
    its imaginary parts.

    Attributes:
        shape: (entries of the result, entries of the arguments).
        dtype: of its entries.
        tree: the structure of the result.
        results, arguments: how their leaves lie in flat vectors.
        complex_linear: whether ``J @ (1j * t)`` is ``1j * (J @ t)``, so that its matrix is complex.
    """

    def __init__(self, linear: Linear, arguments: list[Argument], values: list[Any], tree: Tree) -> None:
        self._linear = linear
        self._taken = arguments
        self._values = [np.broadcast_to(np.zeros((), v.dtype), v.shape) for v in values]  # shapes and dtypes alone
        self.tree = tree
        self.complex_linear = linear.complex_linear
        self.results = [Flat(v.shape, v.dtype, self.complex_linear) for v in self._values]
        self.arguments = [Flat(n.shape, n.dtype, self.complex_linear) for n in linear.inputs]
        self.shape = (sum(leaf.size for leaf in self.results), sum(leaf.size for leaf in self.arguments))
        dtype = np.result_type(*(n.dtype for n in linear.inputs), *(v.dtype for v in values))
        self.dtype = dtype if self.complex_linear else np.zeros((), dtype).real.dtype

    def __matmul__(self, tangent: Any) -> Any:
        several = len(self._taken) > 1
        tangents = tangent if several else (tangent,)
        if several and (not isinstance(tangent, tuple | list) or len(tangent) != len(self._taken)):
            raise StructureError(
                f"the operator takes {len(self._taken)} tangents, and was given {a_kind(tangent)}",
                "the function was linearized in that many arguments",
                f"give a tuple of them: J @ ({', '.join(f't{i}' for i in range(len(self._taken)))})",
            )
        seeds = [s for a, t in zip(self._taken, tangents, strict=True) for s in seeds_for(a, t)]
        return self.tree.build(finish(self._pushed(seeds), seeds))

    @property
    def H(self) -> Adjoint:
        """The adjoint. ``J.H @ g`` pulls a cotangent back."""
        return Adjoint(self)

    @property
    def T(self) -> Adjoint:
        """The transpose, which for a real operator is its adjoint.

        Raises:
            StructureError: the operator is complex.
        """
        if self.complex_linear:
            raise StructureError(
                "J.T was asked of a complex operator",
                "the transpose and the adjoint of a complex matrix differ, and cotangents go through the adjoint",
                "write J.H for the adjoint, or J.todense().T for the transposed matrix",
            )
        return self.H

    def pull(self, *cotangents: Any) -> tuple[Any, ...]:
        """Cotangents of the arguments, one per argument, from the cotangent of the result.

        Raises:
            StructureError: several cotangents, or none; the cotangent does not fit the result.
        """
        if len(cotangents) != 1:
            raise StructureError(
                f"the pullback was given {len(cotangents)} cotangents",
                "the function has one result, which has one cotangent",
                "give one, in the structure of the result: pull((g0, g1)) where it is a pair",
            )
        (cotangent,) = cotangents
        like = self.tree.build(list(self._values))
        leaves = matched(cotangent, like, self.tree, len(self._values), "cotangent")
        names = leaf_paths(like, len(leaves))
        seeds = [
            seed_like(g, v.shape, v.dtype if v.dtype.kind in "fc" else np.dtype(float), "cotangent", n)
            for g, v, n in zip(leaves, self._values, names, strict=True)
        ]
        rest = iter(finish(self._pulled(seeds), seeds))
        return tuple(a.structured([next(rest) for _ in a.moving]) for a in self._taken)

    def _pushed(self, seeds: list[Any]) -> list[Any]:
        found = self._linear.push(seeds)
        return [zeros_of(v) if t is None else t for t, v in zip(found, self._values, strict=True)]

    def _pulled(self, seeds: list[Any]) -> list[Any]:
        found = self._linear.pull(seeds)
        return [
            np.zeros(n.shape, n.dtype)[()] if g is None else g for g, n in zip(found, self._linear.inputs, strict=True)
        ]

    # -- SciPy's protocol, on flat vectors

    def matvec(self, v: Any) -> Any:
        """``J v`` for a flat vector of ``shape[1]`` entries."""
        seeds = _cut(np.ravel(v), self.arguments, self.shape[1], self.dtype, "matvec")
        return _flat(self._pushed(seeds), self.results)

    def rmatvec(self, v: Any) -> Any:
        """``J^H v`` for a flat vector of ``shape[0]`` entries."""
        seeds = _cut(np.ravel(v), self.results, self.shape[0], self.dtype, "rmatvec")
        return _flat(self._pulled(seeds), self.arguments)

    def matmat(self, V: Any) -> Any:
        """``J V`` for a matrix of ``shape[1]`` rows, all columns at once."""
        return self._in_batches(self.matvec, np.transpose(V), self.shape[0]).T

    def rmatmat(self, V: Any) -> Any:
        """``J^H V`` for a matrix of ``shape[0]`` rows, all columns at once."""
        return self._in_batches(self.rmatvec, np.transpose(V), self.shape[1]).T

    def todense(self) -> Any:
        """The matrix, of shape ``shape``; by columns or by rows, whichever are fewer."""
        m, n = self.shape
        return self.matmat(np.eye(n)) if n <= m else conj(self.rmatmat(np.eye(m))).T

    def _in_batches(self, product: Callable[[Any], Any], rows: Any, width: int) -> Any:
        """``product`` of every row, in batches small enough that the widest value of the program stays in bounds."""
        if not len(rows):
            return np.zeros((0, width), self.dtype)
        step = max(1, BATCH_ENTRIES // max(self._linear.widest, 1))
        done = []
        for start in range(0, len(rows), step):
            chunk = np.ascontiguousarray(rows[start : start + step])
            with Batched(len(chunk)) as batch:
                done.append(batch.spread(product(batch.lift(chunk))))
        return np.concatenate(done) if len(done) != 1 else done[0]

    def as_scipy(self) -> Any:
        """A ``scipy.sparse.linalg.LinearOperator`` of this operator."""
        from scipy.sparse.linalg import LinearOperator as Scipy  # noqa: PLC0415  SciPy is no dependency

        return Scipy(
            self.shape,
            matvec=self.matvec,
            rmatvec=self.rmatvec,
            matmat=self.matmat,
            rmatmat=self.rmatmat,
            dtype=self.dtype,
        )

    def __repr__(self) -> str:
        return f"<linear operator of shape {self.shape}, {self.dtype}, {len(self._linear.order)} operations>"

    def __reduce__(self) -> Any:
        raise EscapedError(
            "a linear operator cannot be pickled",
            "it holds the maps of one recorded run",
            "pickle J.todense(), or linearize on the other side",
        )


class Adjoint(NoArray):
    """``J.H``: the adjoint of a ``LinearOperator``, with the same protocol."""

    def __init__(self, of: LinearOperator) -> None:
        self._of = of
        self.shape = of.shape[::-1]
        self.dtype = of.dtype

    def __matmul__(self, cotangent: Any) -> Any:
        pulled = self._of.pull(cotangent)
        return pulled[0] if len(pulled) == 1 else pulled

    @property
    def H(self) -> LinearOperator:
        """The operator itself."""
        return self._of

    def matvec(self, v: Any) -> Any:
        """``J^H v``."""
        return self._of.rmatvec(v)

    def rmatvec(self, v: Any) -> Any:
        """``J v``."""
        return self._of.matvec(v)

    def todense(self) -> Any:
        """The matrix."""
        return conj(self._of.todense()).T

    def __repr__(self) -> str:
        return f"<adjoint of {self._of!r}>"


def operator_at(call: Call, f: Any, *, has_aux: bool = False) -> tuple[list[Any], LinearOperator, Any]:
    """Run a function once and linearize it: the values of its output leaves, the operator, and what went beside."""
    aux = None
    with Recorded() as mode:
        inputs = [mode.lift(v) for v in call.values]
        result = call.run(inputs)
        if has_aux:
            result, aux = split_aux(result, mode, f)
        leaves, tree = outputs(result, mode, f)
        leaves = [number_output(leaf, f) for leaf in leaves]
        linear = Linear(mode, inputs, leaves)
        values = [mode.lower(t) for t in leaves]
    # weights may be these very arrays: the user gets his own
    values = [v.copy() if type(v) is np.ndarray else fixed(v) if type(v) in TRACED else v for v in values]
    return values, LinearOperator(linear, call.arguments, values, tree), aux


class Flat(NamedTuple):
    """How a leaf lies in flat vectors: as its entries, or if it is complex and the operator real, as twice as many."""

    shape: tuple[int, ...]
    dtype: Any
    whole: bool

    @property
    def halved(self) -> bool:
        """Whether real and imaginary parts lie one after the other."""
        return self.dtype.kind == "c" and not self.whole

    @property
    def size(self) -> int:
        """Entries in a flat vector."""
        return math.prod(self.shape) * (2 if self.halved else 1)


def _cut(v: Any, leaves: list[Flat], size: int, dtype: Any, name: str) -> list[Any]:
    """A flat vector as the leaves it stands for."""
    if v.dtype.kind not in ("fiubc" if dtype.kind == "c" else "fiub"):
        raise StructureError(
            f"{name} got a vector of dtype {v.dtype}",
            "the operator is real, and multiplies real vectors",
            "multiply the real and the imaginary part one after the other",
        )
    if v.shape != (size,):
        raise StructureError(
            f"{name} got a vector of {v.shape[0]} entries, and the operator has {size} there",
            "it multiplies flat vectors, as SciPy's solvers give them",
            "use J @ t or J.H @ g for values in the structure of arguments and results",
        )
    parts: list[Any] = []
    at = 0
    for leaf in leaves:
        n = math.prod(leaf.shape)
        part: Any = v[at : at + n] + 1j * v[at + n : at + 2 * n] if leaf.halved else v[at : at + n]
        part = np.reshape(part, leaf.shape)
        parts.append(part.astype(leaf.dtype) if part.dtype != leaf.dtype and leaf.dtype.kind in "fc" else part)
        at += leaf.size
    return [p if p.shape or isinstance(p, Traced) else p[()] for p in parts]


def _flat(values: list[Any], leaves: list[Flat]) -> Any:
    parts: list[Any] = []
    for value, leaf in zip(values, leaves, strict=True):
        flat = np.ravel(value)
        parts += [np.real(flat), np.imag(flat)] if leaf.halved else [flat]
    return np.concatenate(parts) if parts else np.zeros(0)


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of ``f`` and its derivative there, as a linear operator.

    Args:
        f: a function in plain Python and NumPy, with any result.
        primals: its arguments.
        has_aux: whether ``f`` returns a pair (value, anything else).

    Returns:
        The value, and a ``LinearOperator`` J for ``J @ t``, ``J.H @ g``, ``J.todense()``, with SciPy's protocol; with
        ``has_aux``, the other result as a third.

    >>> value, J = linearize(lambda x: x[0] * x, np.array([2.0, 3.0]))
    >>> J @ np.array([1.0, 0.0])
    array([4., 3.])
    >>> J.todense()
    array([[4., 0.],
           [3., 2.]])
    """
    values, operator, aux = operator_at(_call(f, primals, "linearize"), f, has_aux=has_aux)
    value = operator.tree.build(values)
    return (value, operator, aux) if has_aux else (value, operator)


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of ``f`` and a function that pulls cotangents of the result back to the arguments.

    Args:
        f: a function in plain Python and NumPy, with any result.
        primals: its arguments.
        has_aux: whether ``f`` returns a pair (value, anything else).

    Returns:
        The value, and ``pull``, which takes a cotangent in the structure of the result and returns a tuple with one
        cotangent per argument. It may be called any number of times. With ``has_aux``, the other result comes as a
        third.

    >>> value, pull = vjp(lambda x, y: x * y, 3.0, 4.0)
    >>> pull(1.0)
    (np.float64(4.0), np.float64(3.0))
    """
    values, operator, aux = operator_at(_call(f, primals, "vjp"), f, has_aux=has_aux)
    value = operator.tree.build(values)
    return (value, operator.pull, aux) if has_aux else (value, operator.pull)


def _call(f: Callable[..., Any], primals: tuple[Any, ...], name: str) -> Call:
    if not primals:
        raise ArgumentError(
            f"ew.{name} was called without a point", "a derivative is taken at a point", f"write ew.{name}(f, x)"
        )
    function_of(f, name)
    return Call(f, primals, {}, tuple(range(len(primals))))
