"""Elementwise operations: one weight an edge, broadcasting between operands.

This family is the hot path, so what can be decided once is decided at declaration: which operands each weight needs
(``keepers``, one small function for every set of active operands) and how to fetch them (``weights``). A weight may be
a number where it does not depend on anything. The first-order sweep multiplies by weights and builds no map.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.operators import install
from edgewise.core.primitive import Family, Primitive, Rule, compiled
from edgewise.core.registry import Declaration, register, spelling
from edgewise.core.traced import UFUNCS
from edgewise.errors import NotYetError
from edgewise.families.methods import declare_methods
from edgewise.maps import Diagonal, Identity, Map, Mask

__all__ = [
    "ELEMENTWISE",
    "Elementwise",
    "declare_elementwise",
    "elementwise",
    "in_dtype",
    "selection",
    "zero_derivative",
]


class Elementwise(Family):
    """y = f(x1, x2, …), entry by entry."""

    name = "elementwise"

    def slots(self, primitive: Primitive, edge: int, arity: int) -> frozenset[int]:
        rule = primitive.rules[edge]
        return rule.slots if isinstance(rule, Rule) else frozenset()

    def edge(
        self, primitive: Primitive, edge: int, kept: Sequence[Any], params: dict[str, Any], shape: tuple[int, ...]
    ) -> Map:
        rule = primitive.rules[edge]
        if not isinstance(rule, Rule):
            return Identity() if rule == 1 else Diagonal(rule)
        weight = rule(kept, params, shape)
        if isinstance(weight, Map):
            return weight
        if primitive.selects and getattr(weight, "dtype", None) == np.bool_:  # x * mask is a product: it drops nothing
            return Mask(weight)
        return Diagonal(weight, primitive.selects)

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        rank = max(np.ndim(v) - b for v, b in zip(values, batched, strict=True))
        for i, value in enumerate(values):
            missing = rank - value.ndim + 1 if batched[i] else 0
            if missing:
                values[i] = np.reshape(value, value.shape[:1] + (1,) * missing + value.shape[1:])
        return primitive(*values, **params)


ELEMENTWISE = Elementwise()


def declare_elementwise(
    name: str,
    function: Callable[..., Any],
    d: Any,
    arity: int,
    *,
    compute: Callable[..., Any] | None = None,
    selects: bool = False,
    zero: bool = False,
    maps: bool = False,
) -> Primitive:
    """Make an elementwise primitive. ``d`` is a rule or a number, or a tuple of them with None for "no derivative".

    ``maps``: the rule gives the map itself, where for complex operands that is no multiplication.
    """
    given = d if isinstance(d, tuple) else (d,)
    rules = tuple(Rule(r, arity, i, name) if callable(r) else r for i, r in enumerate(given))
    primitive = Primitive(name, function, ELEMENTWISE, rules, selects=selects, zero=zero)
    primitive.value = compute or function
    if not selects and not maps:  # choosing needs its maps, which drop entries
        primitive.weights = tuple(_weight(rule) if isinstance(rule, Rule) else rule for rule in rules)
    primitive.active = sum(1 << i for i, rule in enumerate(rules) if rule is not None)
    primitive.keepers = tuple(_keeper(rules, mask, arity) for mask in range(1 << arity)) if not zero else ()
    return primitive


def elementwise(
    function: np.ufunc,
    d: Any,
    samples: Sequence[Any],
    *,
    op: str = "",
    compute: Callable[..., Any] | None = None,
    oracle: str = "complex",
    note: str = "",
    selects: bool = False,
    zero: bool = False,
    maps: bool = False,
    kink: Callable[..., Any] | None = None,
) -> Primitive:
    """Declare a ufunc.

    Args:
        function: the ufunc.
        d: the partial derivative with respect to each operand, in plain NumPy; parameter names say what it needs. A
            number where it is constant; None for an operand without derivative; a boolean array for "chosen or not".
        samples: calls that show it.
        op: the Python operator it is (``"add"`` for ``__add__``).
        compute: a faster spelling of the function for scalars, such as ``operator.mul``.
        oracle: where the laws take an independent derivative from.
        note: the convention at kinks.
        selects: zeros of ``d`` mean that an operand is not chosen.
        zero: no derivative anywhere; ``d`` is ignored.
        maps: ``d`` gives the map itself.
        kink: where that convention applies, as a mask: ``lambda x: x == 0``.
    """
    primitive = declare_elementwise(
        function.__name__, function, d, function.nin, compute=compute, selects=selects, zero=zero, maps=maps
    )

    def entry(*inputs: Any, **kwargs: Any) -> Any:
        return primitive(*(in_dtype(function, inputs, kwargs) if kwargs else inputs))

    kind = "zero" if zero else "elementwise"
    register(Declaration(function, kind, samples, primitive, oracle, note, kink=kink), entry)
    UFUNCS[function] = primitive
    if function.nin == 2:
        declare_methods(function, samples, oracle, note, zero)
    if op:
        install(op, primitive, function.nin)
    if function.nin == 1:
        install(function.__name__, primitive, 1)  # object arrays call methods of the ufunc's name on their elements
    return primitive


def selection(function: np.ufunc, d: Any, samples: Sequence[Any], **options: Any) -> Primitive:
    """Declare an elementwise operation that chooses between its operands (where, maximum, clip)."""
    return elementwise(function, d, samples, selects=True, **options)


def zero_derivative(function: np.ufunc, samples: Sequence[Any], **options: Any) -> Primitive:
    """Declare a ufunc whose derivative is zero wherever it exists: comparisons, rounding, signs."""
    return elementwise(function, (None,) * function.nin, samples, zero=True, **options)


def in_dtype(function: np.ufunc, inputs: Sequence[Any], options: dict[str, Any]) -> Sequence[Any]:
    """The operands, converted as ``dtype=`` asks; no keyword of a ufunc's is dropped.

    Raises:
        NotYetError: a keyword that would leave entries undefined (``where=``), or that is not supported.
        TypeError: NumPy's own, where the function does not exist in that dtype.
    """
    harmless = {"casting": "same_kind", "order": "K", "subok": True, "where": True, "dtype": None, "signature": None}
    left = {k: v for k, v in options.items() if not (k in harmless and v is harmless[k])}
    dtype = left.pop("dtype", None)
    if left:
        raise NotYetError(
            f"{spelling(function)} with {', '.join(f'{k}=' for k in left)} is not differentiated yet",
            "entries that where= leaves out would be undefined"
            if "where" in left
            else "edgewise refuses arguments that it does not know, and never drops one",
            "choose the entries afterwards: np.where(mask, f(x), other)"
            if "where" in left
            else f"leave out {', '.join(f'{k}=' for k in left)}",
        )
    if dtype is None:
        return inputs
    weak = (int, float)
    operands = [x if hasattr(x, "dtype") or type(x) in weak else np.asarray(x) for x in inputs]
    wanted = function.resolve_dtypes(
        (*(type(x) if type(x) in weak else x.dtype for x in operands), *(None,) * function.nout),
        signature=(None,) * function.nin + (np.dtype(dtype),) * function.nout,
        casting="same_kind",
    )
    return [
        target.type(x) if type(x) in weak else x if x.dtype == target else x.astype(target)
        for x, target in zip(operands, wanted, strict=False)
    ]


def _weight(rule: Rule) -> Any:
    """How the sweep gets a weight out of ``kept``.

    ``(d, slot)`` for a rule that needs one value, ``(None, slot)`` where it is that value, else a function of ``kept``.
    """
    slots = [at for _, at in rule.sources]
    if len(slots) == 1:
        return (None if rule.function.__code__.co_code == _SAME else rule.function, slots[0])
    arguments = ", ".join(f"kept[{at}]" for at in slots)
    return compiled(f"lambda d: lambda kept: d({arguments})")(rule.function)


_SAME = (lambda x: x).__code__.co_code


def _keeper(rules: tuple[Any, ...], mask: int, arity: int) -> tuple[Callable[..., tuple[Any, ...]], frozenset[int]]:
    """For one set of active operands: ``(*operands, output) -> kept``, and which operands are in it."""
    needed = frozenset(
        slot for i, rule in enumerate(rules) if mask >> i & 1 and isinstance(rule, Rule) for slot in rule.slots
    )
    names = [f"v{i}" for i in range(arity)] + ["y"]
    fields = [name if slot in needed else "None" for name, slot in zip(names, (*range(arity), -1), strict=True)]
    keep = compiled(f"lambda {', '.join(names)}: ({', '.join(fields)})")
    return keep, needed - {-1}
