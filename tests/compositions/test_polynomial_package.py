"""``np.polynomial``: NumPy's own code, which asks nobody, on traced values; against differences."""

from __future__ import annotations

import numpy as np
import pytest

import edgewise as ew
from edgewise.errors import ConversionError

C, SHORT = np.array([0.3, 1.2, -0.7, 0.5]), np.array([0.4, -1.1])
MATRIX = np.outer(C, [1.0, -2.0, 0.5, 0.25])
package = np.polynomial
FAMILIES = {
    "poly": (package.polynomial, package.Polynomial),
    "cheb": (package.chebyshev, package.Chebyshev),
    "leg": (package.legendre, package.Legendre),
    "herm": (package.hermite, package.Hermite),
    "herme": (package.hermite_e, package.HermiteE),
    "lag": (package.laguerre, package.Laguerre),
}
CALLS = {
    "val at a number": lambda f, _: lambda c: f("val")(0.4, c),
    "val of numbers": lambda f, _: lambda x: f("val")(x, C),
    "val of both": lambda f, _: lambda x: f("val")(x, x),
    "val of a matrix": lambda f, _: lambda x: f("val")(x, MATRIX),
    "val of a matrix, paired": lambda f, _: lambda x: f("val")(x, MATRIX, tensor=False),
    "val of a matrix, by it": lambda f, _: lambda c: f("val")(SHORT, np.outer(c, SHORT)),
    "der": lambda f, _: lambda c: f("der")(c, 2),
    "int": lambda f, _: lambda c: f("int")(c, 2),
    "mul": lambda f, _: lambda c: f("mul")(c, SHORT),
    "mul by itself": lambda f, _: lambda c: f("mul")(c, c),
    "div": lambda f, _: lambda c: np.concatenate(f("div")(c, SHORT)),
    "add": lambda f, _: lambda c: f("add")(c, SHORT),
    "sub": lambda f, _: lambda c: f("sub")(SHORT, c),
    "mulx": lambda f, _: f("mulx"),
    "pow": lambda f, _: lambda c: f("pow")(c, 3),
    "fromroots": lambda f, _: f("fromroots"),
    "vander": lambda f, _: lambda c: f("vander")(c, 3),
    "line": lambda f, _: lambda c: f("line")(c[0], c[1]),
    "trim": lambda f, _: f("trim"),
    "companion": lambda f, _: f("companion"),
    "the class": lambda _, cls: lambda c: (cls(c) * cls(C) + 2)(0.3),
    "the class, at": lambda _, cls: cls(C),
    "the class, squared": lambda _, cls: lambda c: (cls(c) ** 2)(0.4),
    "deriv": lambda _, cls: lambda c: cls(c).deriv()(0.4),
    "integ": lambda _, cls: lambda c: cls(c).integ(1, lbnd=0.5)(0.4),
    "domain": lambda _, cls: cls(C, domain=[-2, 3]),
    "convert": lambda _, cls: lambda c: cls(c).convert(kind=package.Polynomial)(0.4),
}
CALLS_2D = {
    "val2d of coefficients": lambda f: lambda c: f("val2d")(0.3, 0.4, np.outer(c, c)),
    "val2d": lambda f: lambda x: f("val2d")(x, 2 * x, MATRIX),
    "grid2d": lambda f: lambda x: f("grid2d")(x, SHORT, MATRIX),
}


def right(f, x=C):
    def flat(x):
        return np.ravel(f(x))

    expected, h = np.asarray(f(x)), 1e-3
    slopes = [  # of fourth order, and these are polynomials
        (8 * (flat(x + h * e) - flat(x - h * e)) - flat(x + 2 * h * e) + flat(x - 2 * h * e)) / (12 * h)
        for e in np.eye(len(x))
    ]
    value, pull = ew.vjp(flat, x)
    np.testing.assert_allclose(value, np.ravel(expected), rtol=1e-13)
    assert np.shape(ew.value(ew.linearize(f, x)[0])) == expected.shape
    np.testing.assert_allclose(ew.jacobian(flat)(x), np.stack(slopes, -1), rtol=1e-7, atol=1e-8)
    g = np.linspace(0.5, 1.5, value.size)
    np.testing.assert_allclose(pull(g)[0], g @ np.stack(slopes, -1), rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("family", FAMILIES)
def test_right(family, call):
    module, cls = FAMILIES[family]
    right(CALLS[call](lambda name: getattr(module, family + name), cls))


@pytest.mark.parametrize("call", CALLS_2D)
@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "poly"])
def test_several_variables(family, call):
    right(CALLS_2D[call](lambda name: getattr(FAMILIES[family][0], family + name)))


@pytest.mark.parametrize("family", FAMILIES)
def test_what_needs_linear_algebra_on_objects_is_refused(family):
    module, _ = FAMILIES[family]
    for f in (lambda c: getattr(module, family + "fit")(C, c, 2), getattr(module, family + "roots")):
        with pytest.raises(ConversionError, match="object array"):
            ew.jacobian(f)(C)


def test_only_the_package_takes_a_traced_array_for_an_array():
    """Other duck arrays would no longer yield to it."""

    def f(x):
        assert not isinstance(x, np.ndarray)
        assert type(x) is x.__class__
        return np.sum(x)

    ew.grad(f)(C)
