"""Options that NumPy reads in its own way: ``keepdims`` as a number, axes as an array, ``clip`` told twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import edgewise as ew

X = np.array([[1.5, -0.7, 2.2], [0.4, 3.1, -1.9]])
NAMES = ("sum", "prod", "max", "min", "mean", "var", "std", "ptp", "median", "average", "argmax", "any", "nansum")
REDUCTIONS: dict[str, Any] = {name: getattr(np, name) for name in (*NAMES, "nanmean", "nanvar", "nanmedian")} | {
    "quantile": lambda x, **k: np.quantile(x, 0.3, **k),
    "a weighted quantile": lambda x, **k: np.quantile(x, 0.3, method="inverted_cdf", weights=np.ones((2, 3)), **k),
    "norm": np.linalg.norm,
    "norm by another order": lambda x, **k: np.linalg.norm(x, 3, **k),
    "norm of matrices": lambda x, axis, **k: np.linalg.norm(x, 2, (0, 1), **k),
    "vector_norm": np.linalg.vector_norm,
    "matrix_norm": lambda x, axis, **k: np.linalg.matrix_norm(x, **k),
    "hypot.reduce": np.hypot.reduce,
}


def outcome(f: Any) -> Any:
    """The shape of a result, or what kind of error there is."""
    try:
        return np.shape(f())
    except Exception as error:  # noqa: BLE001  which one, is the question
        return type(error)


@pytest.mark.parametrize("keepdims", [1, 0, -1, np.int64(1), np.True_, 1.5, "a", None, np.array(1)], ids=repr)
@pytest.mark.parametrize("name", REDUCTIONS)
def test_keepdims_is_read_as_numpy_reads_it(name: str, keepdims: Any) -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(outcome(lambda: REDUCTIONS[name](x, axis=0, keepdims=keepdims)))
        return np.sum(x)

    ew.grad(f)(X)
    assert seen[0] == outcome(lambda: REDUCTIONS[name](X, axis=0, keepdims=keepdims))


ACCEPTED: dict[str, Any] = {
    "np.roll along an array of axes": lambda x: np.roll(x, 1, np.array([0, 1])),
    "np.roll by a float": lambda x: np.roll(x, 2.0, axis=1),
    "np.median over an array of axes": lambda x: np.median(x, axis=np.array([0, 1])),
    "np.tile by an array": lambda x: np.tile(x, np.array([2, 1])),
    "np.take of floats": lambda x: np.take(x, [1.0, 2.0], axis=1),
    "np.take of nothing": lambda x: np.take(x, []),
    "np.reshape without an order": lambda x: np.reshape(x, (3, 2), order=None),
    "np.correlate by a number": lambda x: np.correlate(x[0], x[1], np.int64(1)),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(name: str) -> None:
    f = ACCEPTED[name]
    try:
        f(X)
    except TypeError as error:
        pytest.skip(f"NumPy {np.__version__} refuses it: {error}")
    steps = [(f(X + e) - f(X - e)) / 2e-6 for e in 1e-6 * np.eye(6).reshape(6, 2, 3)]
    expected = np.reshape(np.stack(steps, -1), (*np.shape(f(X)), 2, 3))
    np.testing.assert_allclose(ew.jacobian(f)(X), expected, atol=1e-8)


REFUSED: dict[str, tuple[Any, type[Exception]]] = {
    "a mask with more axes": (lambda x: np.sum(x[0], where=np.ones((2, 3), bool)), ValueError),
    "a mask that is longer": (lambda x: np.sum(x[:1], axis=0, where=np.ones((2, 3), bool)), ValueError),
    "an axis that only the mask has": (lambda x: np.prod(x[0, 0], axis=1, where=np.ones((2, 3), bool)), ValueError),
    "np.cov in integers": (lambda x: np.cov(x, dtype=int), TypeError),
    "np.correlate of a number": (lambda x: np.correlate(x[0], x[0, 0]), ValueError),
    "np.correlate by a truth value": (lambda x: np.correlate(x[0], x[1], True), TypeError),
    "np.frexp in another dtype": (lambda x: np.frexp(x, dtype=np.float32), TypeError),
    "np.vander of a float": (lambda x: np.vander(x[0], 2.0), TypeError),
    "np.vander of fewer than none": (lambda x: np.vander(x[0], -1), ValueError),
    "np.insert at a float": (lambda x: np.insert(x[0], 1.5, 0.5), TypeError),
    "np.tile by a float": (lambda x: np.tile(x, 1.5), TypeError),
    "np.ediff1d ends that do not fit": (lambda x: np.ediff1d(x, 1j), TypeError),
    "np.compress by a number": (lambda x: np.compress(1, x), ValueError),
    "np.take_along_axis in other axes": (lambda x: np.take_along_axis(x, np.array([0]), 1), ValueError),
}
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    REFUSED["np.clip told twice"] = (lambda x: np.clip(x, 0, 1, min=0.5), ValueError)
    REFUSED["np.vecdot told a number"] = (lambda x: np.vecdot(x, x, keepdims=1), TypeError)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    f, kind = REFUSED[name]
    for call in (lambda: f(X), lambda: ew.jacobian(f)(X)):
        with pytest.raises(kind):
            call()


def test_keywords_of_frexp_are_not_dropped() -> None:
    with pytest.raises(ew.errors.NotYetError, match="where="):
        ew.grad(lambda x: np.sum(np.frexp(x, where=X > 0)[0]))(X)
