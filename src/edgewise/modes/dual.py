"""Dual: compute the value and push the tangent at once. No graph, so memory does not grow with the program.

A tangent is the pair (t, alive), alive being None for "all of it" or a mask: entries that no seeded input reaches are
exactly zero, and stay so under an infinite weight (``maps.base``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.admission import admit
from edgewise.core.levels import beside, everywhere
from edgewise.core.mode import RECORDERS, Mode
from edgewise.core.shapes import FLOAT64, cast, expand
from edgewise.core.traced import TRACED, Traced, apply, fixed, wrap
from edgewise.core.updates import put_into
from edgewise.modes.recorded import NUMBERS, refuse_dtype

__all__ = ["Dual"]


class Dual(Mode):
    """One forward pass."""

    def lift(self, value: Any, tangent: Any, alive: Any = None) -> Traced:
        """An input with its tangent, of the same shape and dtype; copied, since the user may overwrite his arrays."""
        value, tangent = (
            a.copy("K") if type(a) is np.ndarray else fixed(a) if type(a) in TRACED else a for a in (value, tangent)
        )
        return wrap(value, self, (tangent, alive))

    def constant(self, value: Any) -> Traced:
        dtype = value.dtype if value.dtype.kind in "fc" else None
        return wrap(value, self, (np.zeros(value.shape, dtype), np.zeros(value.shape, bool)))

    def put(self, primitive: Any, x: Any, v: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Value, tangent and aliveness, each overwritten."""
        template, own = params["template"], v
        t, alive = x.payload
        moved: Any = 0
        reached: Any = False  # a number that is stored ends the dependence there
        if type(v) in TRACED and v.mode is self:
            own, (moved, reached) = v.value, v.payload
        x.value = put_into(x.value, own, arrays, template)
        t = put_into(t, moved, arrays, template)
        if alive is None and reached is not None:
            alive = np.ones(x.shape, bool)
        if alive is not None:
            alive = put_into(alive, True if reached is None else reached, arrays, template)
        x.payload = (t, alive)

    def map_payload(self, f: Any, payload: Any) -> Any:
        t, alive = payload
        return f(t), None if alive is None else f(alive)

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        values: list[Any] = []
        tangents: list[tuple[Any, Any] | None] = []
        for operand in operands:
            kind = type(operand)
            if kind in TRACED and operand.mode is self:
                values.append(operand.value)
                tangents.append(operand.payload)
            else:
                if kind not in NUMBERS:
                    admitted = admit(operand, operands)
                    if admitted is not operand and type(admitted) in TRACED:
                        return apply(primitive, tuple(map(admit, operands)), params)
                    operand = admitted  # noqa: PLW2901  the admitted form is the operand
                values.append(operand)
                tangents.append(None)
        compute = primitive.value
        if compute is None:
            both = primitive.family.forward(primitive, values, tangents, params)
            if both is not None:
                return tuple([y if pair is None else self._wrap(y, *pair) for y, pair in zip(*both, strict=True)])
        y = apply(primitive, tuple(values), params) if compute is None else compute(*values)
        if primitive.zero:
            return y
        if RECORDERS:
            values = [beside(v, y if primitive.outputs is None else y[0]) for v in values]
        with np.errstate(all="ignore"):
            total = self._push(primitive, values, tangents, params, y)
        if total is None:
            return y
        if primitive.outputs is not None:
            return tuple(
                part if t is None or i in primitive.zero_outputs else self._wrap(part, t, None)
                for i, (part, t) in enumerate(zip(y, total[0], strict=True))
            )
        return self._wrap(y, *total)

    def _push(self, primitive: Any, values: list[Any], tangents: list[Any], params: dict[str, Any], y: Any) -> Any:
        kept = (*values, y)
        family = primitive.family
        weights = primitive.weights
        total = None
        for i, pair in enumerate(tangents):
            if pair is None or not family.has_edge(primitive, i):
                continue
            t, alive = pair
            if weights is not None and alive is None:
                weight = weights[i]
                if weight.__class__ is tuple:
                    d, slot = weight
                    part = t * (kept[slot] if d is None else d(kept[slot]))
                elif weight.__class__ is int:
                    part = t if weight == 1 else t * weight
                else:
                    part = t * weight(kept)
            else:
                part, alive = family.edge(primitive, i, kept, params, np.shape(values[i])).push_alive(t, alive)
            total = (part, alive) if total is None else _join(total, (part, alive), primitive.outputs)
        return total

    def _wrap(self, y: Any, t: Any, alive: Any) -> Traced:
        shape, dtype = y.shape, y.dtype
        if dtype is not FLOAT64 and dtype.kind not in "fc":
            refuse_dtype(dtype)
        if t.shape != shape:
            t = expand(t, shape)
        if t.dtype is not dtype and t.dtype != dtype:
            t = cast(t, dtype)
        if alive is not None:
            alive = None if everywhere(alive) else np.broadcast_to(alive, shape)
        return wrap(y, self, (t, alive))


def _join(a: tuple[Any, Any], b: tuple[Any, Any], outputs: int | None) -> tuple[Any, Any]:
    if outputs is not None:
        return tuple(y if x is None else x if y is None else x + y for x, y in zip(a[0], b[0], strict=True)), None
    return a[0] + b[0], None if a[1] is None or b[1] is None else a[1] | b[1]
