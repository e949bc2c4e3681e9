"""gammaln and digamma: polynomials around their zeros, a recurrence that leads there, and Stirling's series.

Arguments below 0 are reflected, behind a branch. There the zeros lie where no double does, and the sum of the
reflection cancels: the bound is that of an absolute error of the size of a rounding of 1.
"""

from __future__ import annotations

from typing import Final

from edgewise.compile.ir import Value, fabs, fma, select
from edgewise.compile.maths import coefficients as c
from edgewise.compile.maths.double_double import (
    Pair,
    add,
    constant,
    divide,
    fast_two_sum,
    multiply,
    multiply_double,
    two_product,
    two_sum,
)
from edgewise.compile.maths.exponential import ROUND
from edgewise.compile.maths.logarithm import INFINITY, NAN, log_pair
from edgewise.compile.maths.polynomial import estrin
from edgewise.compile.maths.trigonometric import cosine, sine

__all__ = ["digamma", "gammaln"]

STIRLING_FROM: Final = 8.0
OVERFLOW: Final = 2.5599833278516383e305  # log Γ of more than this is infinite


def _sine_and_cosine(a: Value) -> tuple[Value, Pair, Pair]:
    """Whether a ≥ 0 is nearest to an odd multiple of 1/2, and sin and cos of π times the distance to the nearest."""
    doubled = a + a
    fractional = doubled < 2.0**52
    shifted = select(fractional, doubled + 2.0**52, doubled)  # rounded to an integer, which its last bits are
    distance = select(fractional, a - (shifted - 2.0**52) * 0.5, 0.0)  # exact, at most 1/4
    odd = (shifted.bits() & 1).differs(0) & (doubled < 2.0**53)
    r = multiply_double(constant(a, c.PI), distance)
    return odd, sine(r), cosine(r)


def _log_gamma(x: Value) -> Pair:
    """Log Γ(x) for a finite x > 0."""
    far = x >= STIRLING_FROM
    near = select(far, 2.0, x)
    n = (near - 2.0 + ROUND) - ROUND
    n = select(n < -2.0, -2.0, n)
    t = near - (n + 2.0)  # exact, and -1/2 ≤ t ≤ 1/2
    # Γ(x) = Γ(2 + t)·(x - 1)·…·(x - n), or, for n = -1 and -2, Γ(2 + t)/x and Γ(2 + t)/(x·(x + 1)).
    one = x.block.constant(1.0, x.kind)
    ends = n < -1.5
    product = two_product(select(n < 0.0, near, 1.0), select(ends, near + 1.0, one))
    lost = select(ends, near * ((near - (near + 1.0)) + 1.0), 0.0)
    product = fast_two_sum(product[0], product[1] + lost)
    for i in range(1, 7):
        product = multiply_double(product, select(n > i - 0.5, near - float(i), 1.0))
    high, low = log_pair(select(far, x, product[0]), select(far, 0.0, product[1]))
    main, e = two_product(t, c.ONE_LESS_EULER[0])
    rest = fma(t * t, estrin(t, c.LOG_GAMMA), fma(t, c.ONE_LESS_EULER[1], e))
    down = n < 0.0
    small = add(fast_two_sum(main, rest), (select(down, -high, high), select(down, -low, low)))
    # x·(log x - 1) - log(x)/2 + log(2π)/2 + tail/x
    less, e = two_sum(high, -one)
    large = multiply_double((less, e + low), x * 2.0**-64)  # splitting a factor of 10^300 would overflow
    large = large[0] * 2.0**64, large[1] * 2.0**64
    reciprocal = one / select(far, x, STIRLING_FROM)
    tail = reciprocal * estrin(reciprocal * reciprocal, c.STIRLING)
    large = add(large, two_sum(high * -0.5, one * c.HALF_LOG_TWO_PI[0]))
    large = fast_two_sum(large[0], large[1] + (tail + fma(low, -0.5, c.HALF_LOG_TWO_PI[1])))
    return select(far, large[0], small[0]), select(far, large[1], small[1])


def gammaln(x: Value) -> Value:
    """The logarithm of |Γ(x)|: ∞ at the poles 0, -1, -2, …, and -∞ of -∞, as in SciPy."""
    a = fabs(x)
    high, low = _log_gamma(a)
    below = x < 0.0
    y = high + low
    y = select(a <= OVERFLOW, y, a + INFINITY)  # NaN stays
    y = select(a.equals(0.0), INFINITY, y)

    def write() -> list[Value]:
        # |Γ(-a)| = π/(a·|sin(πa)|·Γ(a)); for a tiny a that is 1/a, as Γ(a) is.
        odd, s, z = _sine_and_cosine(a)
        s = select(odd, z[0], s[0]), select(odd, z[1], s[1])
        negative = s[0] < 0.0
        s = select(negative, -s[0], s[0]), select(negative, -s[1], s[1])
        product = multiply_double(s, select(a < 2.0**60, a, 1.0))
        of_sine = log_pair(*product)
        total = add(add(constant(a, c.LOG_PI), (-of_sine[0], -of_sine[1])), (-high, -low))
        reflected = select(product[0].equals(0.0), INFINITY, total[0])
        reflected = select(a < 2.0**-300, y, reflected)
        return [select(below, select(a < INFINITY, reflected, -a), y)]

    (y,) = x.block.rarely(below, [y], write)
    return y


def _digamma(x: Value) -> Pair:
    """ψ(x) for a finite x > 0."""
    far = x >= STIRLING_FROM
    near = select(far, 1.0, x)
    # ψ(x) = ψ(z) + 1/(x - 1) + … + 1/(x - n), 1 ≤ z < 2, or, below 1, ψ(x + 1) - 1/x. The sum is one of two
    # fractions: in a single one, the roundings of twelve steps would add up.
    low = near < 1.0
    one = x.block.constant(1.0, x.kind)
    fractions, z = [(select(low, -one, 0.0), select(low, near, one)), (x.block.constant(0.0, x.kind), one)], near
    for i in range(1, 7):
        factor = near - float(i)
        more = factor >= 1.0
        top, bottom = fractions[i // 4]
        fractions[i // 4] = select(more, fma(top, factor, bottom), top), select(more, bottom * factor, bottom)
        z = select(more, factor, z)
    first, second = (top / bottom for top, bottom in fractions)
    # Below 1, x + 1 would be rounded: what is subtracted from it is subtracted from x, less 1.
    root = c.DIGAMMA_ROOT
    t = z - select(low, one * 0.5, 1.5)
    d = (z - select(low, one * (root[0] - 1.0), root[0])) - root[1]
    polynomial, lost = fast_two_sum(one * c.DIGAMMA[0], t * fma(estrin(t, c.DIGAMMA[2:]), t, c.DIGAMMA[1]))
    main, e = two_product(d, polynomial)
    added, f = two_sum(main, first)
    added, g = two_sum(added, second)
    small = fast_two_sum(added, (f + g) + fma(d, lost, e))
    high, rest = log_pair(select(far, x, 1.0))
    reciprocal = one / select(far, x, 1.0)
    square = reciprocal * reciprocal
    large = fast_two_sum(high, rest - fma(square, estrin(square, c.DIGAMMA_TAIL), reciprocal * 0.5))
    return select(far, large[0], small[0]), select(far, large[1], small[1])


def digamma(x: Value) -> Value:
    """The derivative of log Γ(x): NaN at the poles -1, -2, …, and -∞ at 0, +∞ at -0, as in SciPy."""
    a = fabs(x)
    high, low = _digamma(a)
    y = select(a < INFINITY, high, a)
    below = x < 0.0

    def write() -> list[Value]:
        # ψ(-a) = ψ(a) + 1/a + π/tan(πa)
        odd, s, z = _sine_and_cosine(a)
        top = select(odd, -s[0], z[0]), select(odd, -s[1], z[1])
        bottom = select(odd, z[0], s[0]), select(odd, z[1], s[1])
        cotangent = multiply(divide(top, bottom), constant(a, c.PI))
        reflected = add(cotangent, add((high, low), (1.0 / a, x.block.constant(0.0, x.kind))))[0]
        reflected = select(bottom[0].equals(0.0), NAN, reflected)
        return [select(below, reflected, y)]

    (y,) = x.block.rarely(below, [y], write)
    return select(a < 2.0**-300, -1.0 / x, y)  # where x² may vanish and 1/x overflow, it is all there is
