"""The constants of ``edgewise.compile.maths``: ``python scripts/fit_maths.py`` writes ``coefficients.py`` anew.

A polynomial interpolates its function at Chebyshev nodes, in 120 digits; that is within a factor of two or three of
the best one in the largest error (Trefethen, *Approximation Theory and Approximation Practice*, chapter 4), and needs
no iteration. The error of each fit, after its coefficients were rounded to doubles, is printed and written beside it.
What the function is multiplied by (r³, x, …) is in the row, so the error is relative to what the polynomial returns.
"""

import sys
from pathlib import Path

import mpmath as mp

mp.mp.dps = 120

TARGET = Path(__file__).parent.parent / "src" / "edgewise" / "compile" / "maths" / "coefficients.py"


def interpolate(f, low, high, degree):
    """Coefficients, lowest first, of the polynomial that equals f at the Chebyshev nodes of an interval."""
    low, high = mp.mpf(low), mp.mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    n = degree + 1
    angles = [mp.pi * (j + mp.mpf(1) / 2) / n for j in range(n)]
    values = [f(middle + half * mp.cos(a)) for a in angles]
    chebyshev = [2 * sum(v * mp.cos(k * a) for v, a in zip(values, angles, strict=True)) / n for k in range(n)]
    chebyshev[0] /= 2
    older, old = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]  # T_0, T_1 in powers of u = (x - middle)/half
    in_u = [mp.mpf(0)] * n
    for k, c in enumerate(chebyshev):
        basis = older if k == 0 else old
        for i, b in enumerate(basis):
            in_u[i] += c * b
        if k:
            following = [mp.mpf(0), *(2 * b for b in old)]
            for i, b in enumerate(older):
                following[i] -= b
            older, old = old, following
    in_x = [mp.mpf(0)] * n
    power = [mp.mpf(1)]  # ((x - middle)/half)^i in powers of x
    for c in in_u:
        for i, b in enumerate(power):
            in_x[i] += c * b
        shifted = [mp.mpf(0), *(b / half for b in power)]
        for i, b in enumerate(power):
            shifted[i] -= b * middle / half
        power = shifted
    return in_x


def continued(f):
    """``f``, continued to 0 by its value close by, where its formula is 0/0."""
    return lambda x: f(x) if abs(x) > mp.mpf(10) ** -20 else f(mp.mpf(10) ** -20)


def root(f):
    """A function of u = x² from one of x."""
    return lambda u: f(mp.sqrt(u))


def erfc_scaled(t):
    """(1 + 2x)·exp(x²)·erfc(x) at x = 4·(1 + t)/(1 - t): smooth from 0 to infinity (Shepherd and Laframboise 1981)."""
    x = 4 * (1 + t) / (1 - t)
    if x > 1000:
        return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * (1 - 1 / (2 * x * x) + 3 / (4 * x**4))
    with mp.workdps(120 + int(x * x / 2)):
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


DIGAMMA_ROOT = mp.findroot(mp.digamma, mp.mpf("1.4616321449683623"))


def stirling(u):
    """(log Γ(x) - (x - 1/2)·log x + x - log(2π)/2)·x at u = 1/x²."""
    x = 1 / mp.sqrt(u)
    return (mp.loggamma(x) - (x - mp.mpf(1) / 2) * mp.log(x) + x - mp.log(2 * mp.pi) / 2) * x


def digamma_tail(u):
    """(log x - 1/(2x) - ψ(x))·x² at u = 1/x²."""
    x = 1 / mp.sqrt(u)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


LN2 = mp.log(2)
# name: what it is, the function, the interval, the degree
POLYNOMIALS = {
    "EXP": ("(exp(r) - 1 - r - r²/2)/r³", lambda r: (mp.expm1(r) - r - r * r / 2) / r**3, -LN2 / 2, LN2 / 2, 9),
    "LOG": ("(2·atanh(s) - 2s)/s³, of s²", root(lambda s: 2 * (mp.atanh(s) - s) / s**3), 0, mp.mpf("0.02945"), 7),
    "LOG_TAIL": (
        "(2·atanh(s) - 2s - 2s³/3)/s⁵, of s²",
        root(lambda s: 2 * (mp.atanh(s) - s - s**3 / 3) / s**5),
        0,
        mp.mpf("0.02945"),
        7,
    ),
    "EXP_SINGLE": ("(exp(r) - 1)/r", lambda r: mp.expm1(r) / r, -LN2 / 2, LN2 / 2, 7),
    "LOG_SINGLE": ("log(1 + f)/f", lambda f: mp.log1p(f) / f, mp.sqrt(0.5) - 1, mp.sqrt(2) - 1, 13),
    "SIN_SINGLE": ("sin(r)/r, of r²", root(lambda r: mp.sin(r) / r), 0, (mp.pi / 4) ** 2, 4),
    "COS_SINGLE": ("cos(r), of r²", root(mp.cos), 0, (mp.pi / 4) ** 2, 5),
    "ASIN_SINGLE": ("asin(x)/x, of x²", root(lambda x: mp.asin(x) / x), 0, mp.mpf("0.25"), 8),
    "ATAN_SINGLE": ("atan(t)/t, of t²", root(lambda t: mp.atan(t) / t), 0, (mp.sqrt(2) - 1) ** 2, 7),
    "SIN": ("(sin(r) - r)/r³, of r²", root(lambda r: (mp.sin(r) - r) / r**3), 0, (mp.pi / 4) ** 2, 6),
    "COS": (
        "(cos(r) - 1 + r²/2)/r⁴, of r²",
        root(lambda r: (mp.cos(r) - 1 + r * r / 2) / r**4),
        0,
        (mp.pi / 4) ** 2,
        6,
    ),
    "ATAN": ("(atan(t) - t)/t³, of t²", root(lambda t: (mp.atan(t) - t) / t**3), 0, (mp.sqrt(2) - 1) ** 2, 12),
    "ASIN": ("(asin(x) - x)/x³, of x²", root(lambda x: (mp.asin(x) - x) / x**3), 0, mp.mpf("0.25"), 13),
    "ERF": (
        "(erf(x)/x - 2/√π)/x², of x²",
        root(lambda x: (mp.erf(x) / x - 2 / mp.sqrt(mp.pi)) / x**2),
        0,
        mp.mpf("0.25"),
        8,
    ),
    "ERFC": ("(1 + 2x)·exp(x²)·erfc(x), of (x - 4)/(x + 4)", erfc_scaled, -mp.mpf("0.778"), mp.mpf("0.7501"), 21),
    "LOG_GAMMA": (
        "(log Γ(2 + t) - (1 - γ)t)/t²",
        lambda t: (mp.loggamma(2 + t) - (1 - mp.euler) * t) / t**2,
        -mp.mpf("0.5"),
        mp.mpf("0.5"),
        18,
    ),
    "STIRLING": (
        "(log Γ(x) - (x - 1/2)·log x + x - log(2π)/2)·x, of 1/x²",
        stirling,
        mp.mpf(10) ** -12,
        mp.mpf(1) / 64,
        8,
    ),
    "DIGAMMA": (
        "ψ(1.5 + t)/(1.5 + t - its root)",
        lambda t: mp.digamma(mp.mpf("1.5") + t) / (mp.mpf("1.5") + t - DIGAMMA_ROOT),
        -mp.mpf("0.5"),
        mp.mpf("0.5"),
        22,
    ),
    "DIGAMMA_TAIL": ("(log x - 1/(2x) - ψ(x))·x², of 1/x²", digamma_tail, mp.mpf(10) ** -12, mp.mpf(1) / 64, 8),
    "CBRT": ("m^(-1/3)", lambda m: 1 / mp.cbrt(m), mp.sqrt(0.5) / 2, mp.sqrt(0.5), 5),
}

# Each as a sum of doubles, the nearest first.
EXPANSIONS = {
    "LOG2_E": ("log2(e)", 1 / LN2, 2),
    "LOG10_E": ("log10(e)", 1 / mp.log(10), 2),
    "LN2": ("log(2)", LN2, 2),
    "TWO_OVER_PI": ("2/π", 2 / mp.pi, 1),
    "ROOT_OF_HALF": ("cube root of 1/2", 1 / mp.cbrt(2), 1),
    "PI": ("π", mp.pi, 2),
    "HALF_PI": ("π/2", mp.pi / 2, 2),
    "QUARTER_PI": ("π/4", mp.pi / 4, 2),
    "LOG_PI": ("log(π)", mp.log(mp.pi), 2),
    "HALF_LOG_TWO_PI": ("log(2π)/2", mp.log(2 * mp.pi) / 2, 2),
    "ONE_LESS_EULER": ("1 - γ", 1 - mp.euler, 2),
    "TWO_OVER_ROOT_PI": ("2/√π", 2 / mp.sqrt(mp.pi), 2),
    "DIGAMMA_ROOT": ("the positive root of ψ", DIGAMMA_ROOT, 3),
    "TWO_THIRDS": ("2/3", mp.mpf(2) / 3, 2),
}

# Each as a sum of doubles of so many bits, the last of them full: the product with a small integer is exact.
SPLITS = {
    "LN2_SPLIT": ("log(2)", LN2, (32, 53)),
    "HALF_PI_SPLIT": ("π/2", mp.pi / 2, (33, 33, 33, 53)),
}


def leading(value, bits):
    """The ``bits`` leading bits of a number, the rest cut off."""
    mantissa, exponent = mp.frexp(value)
    return mp.ldexp(mp.floor(mp.ldexp(mantissa, bits)), int(exponent) - bits)


def tuple_of(numbers):
    return "(\n" + "".join(f"    {float(n)!r},\n" for n in numbers) + ")"


def text():
    """The file, as it should be."""
    lines = [
        '"""Constants, each with what it is. Written by ``scripts/fit_maths.py``: change that, not this."""',
        "",
        "from typing import Final",
        "",
    ]
    for name, (meaning, f, low, high, degree) in POLYNOMIALS.items():
        safe = continued(f)
        coefficients = [float(c) for c in interpolate(safe, low, high, degree)]
        points = [mp.mpf(low) + (mp.mpf(high) - low) * (k + mp.mpf(1) / 3) / 200 for k in range(200)]
        error = max(abs(sum(c * p**i for i, c in enumerate(map(mp.mpf, coefficients))) / safe(p) - 1) for p in points)
        line = f"{name}: {meaning}, on [{mp.nstr(low, 5)}, {mp.nstr(high, 5)}], to 2^{mp.nstr(mp.log(error, 2), 4)}"
        lines += [f"# {line}", f"{name}: Final = {tuple_of(coefficients)}"]
    for name, (meaning, value, terms) in EXPANSIONS.items():
        parts, rest = [], value
        for _ in range(terms):
            parts.append(mp.mpf(float(rest)))
            rest -= parts[-1]
        lines += [
            f"# {name}: {meaning}, as a sum",
            f"{name}: Final = {tuple_of(parts) if terms > 1 else repr(float(parts[0]))}",
        ]
    for name, (meaning, value, widths) in SPLITS.items():
        parts, rest = [], value
        for bits in widths[:-1]:
            parts.append(leading(rest, bits))
            rest -= parts[-1]
        lines += [
            f"# {meaning}, in parts of {widths} bits",
            f"{name}: Final = {tuple_of([*parts, mp.mpf(float(rest))])}",
        ]
    with mp.workprec(1500):  # the bits of 2/π, behind 64 zeros, in words of 64
        whole = int(mp.floor(mp.ldexp(2 / mp.pi, 64 * 19)))
    words = [0, *((whole >> (64 * (18 - k))) & (2**64 - 1) for k in range(19))]
    lines += ["# 64 zeros and the first 1216 bits of 2/π behind the point, as integers of 64 bits"]
    lines += ["TWO_OVER_PI_WORDS: Final = (\n" + "".join(f"    0x{w:016X},\n" for w in words) + ")"]
    return "\n".join(lines) + "\n"


def main() -> int:
    TARGET.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
