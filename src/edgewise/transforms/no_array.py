"""What a linear operator is asked for by those who take it for an array or a function, and what to write instead."""

from __future__ import annotations

from typing import Any, NoReturn

from edgewise.errors import ArgumentError, ConversionError, StructureError

__all__ = ["NoArray"]


class NoArray:
    """The refusals of ``LinearOperator`` and of its adjoint, in words of ours: Python's offer no other way."""

    __slots__ = ()

    __array_ufunc__ = None  # NumPy: leave x @ J to us

    def __rmatmul__(self, other: Any) -> NoReturn:
        raise StructureError(
            "an array stands to the left of a linear operator, x @ J",
            "J maps tangents, which stand to its right",
            "use the adjoint: J.H @ x",
        )

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        # Without this NumPy makes an object array of it, which is wrong without a word.
        raise ConversionError(
            "a linear operator was to become an array",
            "it holds the maps of one recorded run, and makes its matrix only where that is asked for",
            "write J.todense()",
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refused: a product is written ``J @ t``."""
        raise ArgumentError(
            "a linear operator was called like a function",
            "it is linear in the tangent, and a product says so",
            "write J @ t, and J.H @ g for the adjoint",
        )

    def __getitem__(self, index: Any) -> NoReturn:
        raise ArgumentError(
            "a linear operator was asked for an entry, J[...]",
            "it holds the maps of one recorded run, and no matrix",
            "write J.todense()[...], or J @ t for one combination of the columns",
        )

    def _arithmetic(self, other: Any) -> NoReturn:
        raise ArgumentError(
            "a linear operator was added or scaled",
            "it is the derivative of one function, and has no arithmetic of its own",
            "linearize the function that adds or scales, or use SciPy's: J.as_scipy() has arithmetic",
        )

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __pow__ = _arithmetic

    def __neg__(self) -> NoReturn:
        self._arithmetic(None)
