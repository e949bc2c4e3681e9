"""All that a gate is made from, checked once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edgewise.compile.signature import Argument, Array, Constant, Result, Scalar, leaves
from edgewise.errors import CompileError

__all__ = ["Plan"]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The arguments of ``make_gate``.

    Raises:
        CompileError: something is no argument or no result that a kernel can have.
    """

    arguments: tuple[Argument, ...]
    result: Result
    address: int
    fallback: Callable[[int, tuple[Any, ...]], Any]
    captured: tuple[tuple[Any, Argument], ...]
    arena: int
    release: bool
    keep: Any
    name: str
    keywords: Callable[..., Any]

    def __post_init__(self) -> None:
        if not self.address:
            raise CompileError("a kernel without an address")
        if self.arena < 0:
            raise CompileError(f"an arena of {self.arena} bytes")
        for leaf in leaves(self.result):
            if isinstance(leaf, Array):
                _check_layout(leaf)
            elif isinstance(leaf, Scalar) and leaf.dtype.type is not leaf.type:
                raise CompileError(f"no kernel returns a Python {leaf.type.__name__}", "NumPy's scalars are returned")

    @property
    def leaves(self) -> list[Array | Scalar | Constant]:
        """The results, left to right."""
        return leaves(self.result)


def _check_layout(array: Array) -> None:
    """A fresh array is as large as its entries, so its strides must be those of some order of its axes."""
    if min(array.shape, default=0) < 0:
        raise CompileError(f"an array of shape {array.shape}")
    if array.strides is None or 0 in array.shape:
        return
    size = array.dtype.itemsize
    for stride, length in sorted(zip(array.strides, array.shape, strict=True)):
        if length > 1:
            if stride != size:
                raise CompileError(f"a result of shape {array.shape} cannot have strides {array.strides}")
            size *= length
