"""An angle as n quarter turns and a rest: x = n·π/2 + r + low with |r| ≤ π/4 (and a little), for every double.

Up to |x| = 2^20, π/2 is subtracted in four parts of which the first three give exact products (Cody and Waite 1980).
Beyond that, behind a branch, the method of M. H. Payne and R. N. Hanek ("Radian reduction for trigonometric
functions", SIGNUM Newsletter 18, 1983): of 2/π only the 192 bits are multiplied whose product with x has a weight
below 4 and above 2^-137. No double comes closer than 2^-62 to a multiple of π/2 (Muller et al., *Handbook of
Floating-Point Arithmetic*, 11.3), so r + low is good to about 2^-75 of itself.
"""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Block, Module, Value, fabs, fma, select, vector
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import Pair, constant, fast_two_sum, multiply, two_sum
from edgewise.compile.maths.exponential import ROUND

__all__ = ["reduce", "reduce_single"]

FAR: Final = 2.0**20
LEAST: Final = 1075 + 2 - 64
SYMBOL: Final = "ew_quadrant_far"
PACK: Final = "{ i64, double, double }"
TABLE: Final = "ew_two_over_pi"


def reduce(x: Value) -> tuple[Value, Pair]:
    """n, as integers of 64 bits of which the last two count, and (r, low). NaN for what is not finite."""
    shifted = fma(x, c.TWO_OVER_PI, ROUND)
    k = shifted - ROUND
    first, second, third, fourth = c.HALF_PI_SPLIT
    high, e1 = two_sum(fma(k, -first, x), k * -second)  # the first two products, and their sum with x, are exact
    high, e2 = two_sum(high, k * -third)
    high, low = fast_two_sum(high, fma(k, -fourth, e1 + e2))
    usual = (shifted.bits(), high, low)
    far = fabs(x) > FAR

    def write() -> list[Value]:
        found = _far_lanes(x)
        return [select(far, f, u) for f, u in zip(found, usual, strict=True)]

    n, high, low = x.block.rarely(far, usual, write)
    return n, (high, low)


def reduce_single(x: Value) -> tuple[Value, Value]:
    """The same for a double that is a float's value: n, and r without a second part, good to about 2^-50 of itself."""
    shifted = fma(x, c.TWO_OVER_PI, ROUND)
    k = shifted - ROUND
    first, second, third, _ = c.HALF_PI_SPLIT
    r = fma(k, -third, fma(k, -second, fma(k, -first, x)))
    far = fabs(x) > FAR

    def write() -> list[Value]:
        n, high, _ = _far_lanes(x)
        return [select(far, n, shifted.bits()), select(far, high, r)]

    n, r = x.block.rarely(far, [shifted.bits(), r], write)
    return n, r


def _far_lanes(x: Value) -> tuple[Value, Value, Value]:
    """The far reduction of every lane, one after the other."""
    block, lanes = x.block, x.kind.lanes
    symbol = block.module.need(SYMBOL, lambda: _far_function(block.module))
    kinds = [vector("i64", lanes), x.kind, x.kind]
    results = ["poison"] * 3
    for lane in range(lanes):
        scalar = x.lane(lane)
        pack = block.fresh()
        block.lines.append(f"  %{pack} = call {PACK} @{symbol}(double {scalar.text})")
        for k, kind in enumerate(kinds):
            part = block.emit(f"extractvalue {PACK} %{pack}, {k}", vector(kind.element, 1))
            if lanes > 1:
                inserted = f"insertelement {kind.text} {results[k]}, {part.kind.text} {part.text}, i64 {lane}"
                part = block.emit(inserted, kind)
            results[k] = part.text
    n, high, low = (block.name(text, kind) for text, kind in zip(results, kinds, strict=True))
    return n, high, low


def _far_function(module: Module) -> str:
    """The definition of the scalar reduction, for |x| ≥ 2^-9."""
    words = ", ".join(f"i64 {w}" for w in c.TWO_OVER_PI_WORDS)
    size = len(c.TWO_OVER_PI_WORDS)
    module.need(TABLE, lambda: f"@{TABLE} = internal constant [{size} x i64] [{words}]")
    block = Block(module)
    x = block.name("%x", vector("double", 1))
    bits = x.bits()
    exponent = bits.unsigned_shift(52) & 0x7FF
    # x = mantissa·2^(exponent - 1075). Bits of 2/π behind the point before number exponent - 1075 - 1 give multiples
    # of 4: the window of three words begins there, 64 bits further on in the table. What is not finite, or not far (a
    # lane beside one that is), reads from the first word on.
    finite = exponent < 0x7FF
    start = select(finite & (exponent > LEAST), exponent - LEAST, 0)
    word, offset = start.unsigned_shift(6), start & 63
    w = [_load(word + k, size) for k in range(4)]
    f0, f1, f2 = (_funnel(w[k], w[k + 1], offset) for k in range(3))
    mantissa = (bits & 0xFFFFFFFFFFFFF) | (1 << 52)
    lowest = _wide(mantissa) * _wide(f2)
    middle = _wide(mantissa) * _wide(f1) + lowest.unsigned_shift(64)
    top = mantissa * f0 + _narrow(middle.unsigned_shift(64))
    # top:middle:lowest is x·2/π modulo 4, with the point behind two bits: round those to the nearest integer.
    quarter = (top + (1 << 61)).unsigned_shift(62)
    middle_low = _narrow(middle)
    whole = (_wide(_funnel(top, middle_low, 2)) << 64) | _wide(_funnel(middle_low, _narrow(lowest), 2))
    negative = whole < 0
    size_of = select(negative, -whole, whole)
    # 128 bits, the first of them 0, as three doubles of 43 bits each, exactly.
    parts = [_narrow(size_of.unsigned_shift(shift)) & (2**43 - 1) for shift in (86, 43, 0)]
    units = (2.0 ** (86 - 128), 2.0 ** (43 - 128), 2.0**-128)
    d2, d1, d0 = (p.cast("uitofp", "double") * unit for p, unit in zip(parts, units, strict=True))
    high, low = fast_two_sum(d2, d1)
    high, low = multiply(fast_two_sum(high, low + d0), constant(x, c.HALF_PI))
    below = x < 0.0
    turned = negative ^ below
    high = select(finite, select(turned, -high, high), float("nan"))
    low = select(turned, -low, low)
    n = select(below, -quarter, quarter)
    block.lines.append(f"  %p1 = insertvalue {PACK} poison, i64 {n.text}, 0")
    block.lines.append(f"  %p2 = insertvalue {PACK} %p1, double {high.text}, 1")
    block.lines.append(f"  %p3 = insertvalue {PACK} %p2, double {low.text}, 2")
    return (
        f"define internal {PACK} @{SYMBOL}(double %x) noinline nounwind {{\nentry:\n"
        f"{block.text()}\n  ret {PACK} %p3\n}}"
    )


def _load(index: Value, size: int) -> Value:
    """A word of the table."""
    at = index.block.emit(f"getelementptr [{size} x i64], ptr @{TABLE}, i64 0, i64 {index.text}", index.kind)
    return index.block.emit(f"load i64, ptr {at.text}", index.kind)


def _funnel(high: Value, low: Value, shift: Value | int) -> Value:
    """The upper 64 bits of high:low shifted to the left by less than 64."""
    amount = shift.text if isinstance(shift, Value) else str(shift)
    return high.block.emit(f"call i64 @llvm.fshl.i64(i64 {high.text}, i64 {low.text}, i64 {amount})", high.kind)


def _wide(a: Value) -> Value:
    return a.cast("zext", "i128")


def _narrow(a: Value) -> Value:
    return a.cast("trunc", "i64")
