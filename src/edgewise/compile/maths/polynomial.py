"""Polynomials from their coefficients, lowest first."""

from __future__ import annotations

from collections.abc import Sequence

from edgewise.compile.ir import Value, fma

__all__ = ["estrin", "horner"]


def horner(x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial by one chain of multiply-adds: fewest instructions and least rounding, longest wait."""
    total: Value | float = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = fma(total, x, c) if isinstance(total, Value) else fma(x, total, c)
    return total if isinstance(total, Value) else x.block.constant(total, x.kind)


def estrin(x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial by pairs (Estrin 1960): as many multiply-adds and a few squarings, in logarithmic depth."""
    terms: list[Value | float] = list(coefficients)
    power = x
    while len(terms) > 1:
        paired: list[Value | float] = []
        for low, high in zip(terms[::2], terms[1::2], strict=False):
            paired.append(fma(high, power, low) if isinstance(high, Value) else fma(power, high, low))
        if len(terms) % 2:
            paired.append(terms[-1])
        terms = paired
        if len(terms) > 1:
            power = power * power
    (total,) = terms
    return total if isinstance(total, Value) else x.block.constant(total, x.kind)
