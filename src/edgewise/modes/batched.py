"""Batched: values with a leading batch axis that the user does not see; the function runs once for the whole batch.

What a leading axis means for an operation is its family's to know (``Family.batch``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.admission import admit
from edgewise.core.mode import Mode
from edgewise.core.traced import TRACED, Traced, apply, fixed, wrap
from edgewise.core.updates import put_into

__all__ = ["Batched"]


class Batched(Mode):
    """One batch of ``size`` members."""

    lead = 1
    differentiates = False

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def lift(self, value: Any) -> Traced:
        """A batch: an array whose leading axis runs over the members."""
        return wrap(fixed(value) if type(value) in TRACED else value, self, None)

    def constant(self, value: Any) -> Traced:
        if np.ndim(value) > 1 and value.flags.fnc:  # each member lies as the value does: last axis first
            made = np.empty((self.size, *value.T.shape), value.dtype).transpose(0, *range(value.ndim, 0, -1))
        else:
            made = np.empty((self.size, *value.shape), value.dtype)
        made[...] = value
        return wrap(made, self, None)

    def put(self, primitive: Any, x: Any, v: Any, arrays: tuple[Any, ...], params: dict[str, Any]) -> None:
        """The same index of every member, or one for each."""
        operands = (v, *arrays)
        batched = [type(a) in TRACED and a.mode is self for a in operands]
        values = [a.value if b else a for a, b in zip(operands, batched, strict=True)]
        v, arrays, template = primitive.family.batched_store(values, batched, self.size, params)
        x.value = put_into(x.value, v, arrays, template)

    def interpret(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        values: list[Any] = []
        batched: list[bool] = []
        for operand in operands:
            if type(operand) in TRACED and operand.mode is self:
                values.append(operand.value)
                batched.append(True)
            else:
                admitted = admit(operand, operands)
                if admitted is not operand and type(admitted) in TRACED:
                    return apply(primitive, tuple(map(admit, operands)), params)
                values.append(admitted)
                batched.append(False)
        y = primitive.family.batch(primitive, values, batched, self.size, params)
        if primitive.outputs is not None:
            return tuple(wrap(part, self, None) for part in y)
        return wrap(y, self, None)

    def spread(self, value: Any) -> Any:
        """The array behind a result: its own batch, or a value that all members share, repeated."""
        if isinstance(value, Traced) and value.mode is self:
            return value.value
        return np.broadcast_to(value, (self.size, *np.shape(value)))
