"""What a traced value tells of itself as an array does: its shape, its dtype, its size."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Shaped"]


class Shaped:
    """The base of ``Traced``. Leading axes that belong to its mode, a batch, are not part of what the user sees."""

    __slots__ = ()
    value: Any
    mode: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape the user sees: leading axes of a mode (a batch) are not part of it."""
        shape: tuple[int, ...] = self.value.shape
        return shape[1:] if self.mode.lead else shape

    @property
    def ndim(self) -> int:
        """The number of axes the user sees."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements the user sees."""
        return math.prod(self.shape)

    @property
    def dtype(self) -> Any:
        """The dtype of the value."""
        return self.value.dtype

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return int(self.value.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        """Bytes the user's elements take."""
        return self.size * self.itemsize
