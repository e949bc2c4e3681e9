"""The family of convolutions: along the last axis, so a batch is one more axis in front, aligned by broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.core.primitive import Family, Primitive

__all__ = ["CONVOLUTION"]


class Convolution(Family):
    """Bilinear; each edge is the convolution with the other operand."""

    name = "convolution"

    def batch(
        self, primitive: Primitive, values: list[Any], batched: list[bool], size: int, params: dict[str, Any]
    ) -> Any:
        rank = max(v.ndim - b for v, b in zip(values, batched, strict=True))
        aligned = [
            np.reshape(v, v.shape[:1] + (1,) * (rank - v.ndim + 1) + v.shape[1:]) if b else v
            for v, b in zip(values, batched, strict=True)
        ]
        return primitive(*aligned, **params)


CONVOLUTION = Convolution()
