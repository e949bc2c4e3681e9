"""Every example gives the numbers it promises, and runs as a program."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NEEDS = {"breast_cancer": ("rich", "scipy", "sklearn")}


def parameter(path):
    marks = [pytest.mark.needs(*NEEDS[path.stem])] if path.stem in NEEDS else []
    return pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.parametrize("path", [parameter(p) for p in sorted(EXAMPLES.glob("*.py"))])
def test_runs_as_a_program_and_prints(path, capsys):
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        assert not end.code, end.code  # noqa: PT017  the program's own exit status
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) >= 2
    assert not printed.err


def test_cubic(example):
    assert example("cubic").main() == (23.0, 24.0, 24.0, 12.0, 0.0)


def test_product(example, capsys):
    assert example("product").main() == (-4.0, -4.0, 3.0)
    assert "along (1, 0, 1): -1" in capsys.readouterr().out


def test_square(example):
    assert example("square").main() == (49.0, {"a": 28.0, "b": 42.0, "c": 14.0})


def test_named_intermediates(example, capsys):
    seen, gradient = example("named_intermediates").main()
    assert seen == {"x4": 4.0, "x5": 12.0, "x6": 48.0}
    assert gradient == (48.0, 16.0, 12.0)
    assert "x6 = 48" in capsys.readouterr().out


def test_taylor_sine_is_differentiated_as_the_polynomial_that_was_summed(example):
    module = example("taylor_sine")
    value, derivative = module.main()
    assert value == pytest.approx(np.sin(np.pi), abs=1e-3)
    assert derivative == pytest.approx(np.cos(np.pi), abs=1e-3)
    assert derivative == pytest.approx(-0.9998995297042174, abs=1e-14)
    h = 1e-5
    assert derivative == pytest.approx(
        (module.taylor_sine(np.pi + h) - module.taylor_sine(np.pi - h)) / (2 * h), abs=1e-8
    )


def test_logistic_four_rows(example):
    module = example("logistic_four_rows")
    before, after, weights = module.main()
    assert before == pytest.approx(4 * np.log(2), rel=1e-14)

    expected = np.zeros(3)
    for _ in range(module.STEPS):
        residual = 1 / (1 + np.exp(-module.INPUTS @ expected)) - module.TARGETS
        expected = expected - module.RATE * (residual @ module.INPUTS)
    assert np.allclose(weights, expected, rtol=1e-12)
    assert after == pytest.approx(module.loss(expected), rel=1e-12)
    assert after < before / 10


def test_forward_and_reverse_costs_are_as_counted(example):
    module = example("forward_reverse_cost")
    counts = module.main()
    assert counts == {(p, k): (k * p, k + p - 1) for p, k in counts}
    assert len(counts) >= 5


def test_forward_and_reverse_visit_the_edges_they_should(example):
    module = example("forward_reverse_cost")
    forward, by_forward = module.forward(2, 3)
    reverse, by_reverse = module.reverse(2, 3)
    assert forward == ["x1→u1", "u1→u2", "u2→u3", "x2→u1", "u1→u2", "u2→u3"]
    assert sorted(reverse) == ["u1→u2", "u2→u3", "x1→u1", "x2→u1"]
    u1 = 0.1 + 0.5
    assert by_forward == pytest.approx([np.cos(u1) * np.cos(np.sin(u1))] * 2, rel=1e-14)
    assert by_reverse == pytest.approx(by_forward, rel=1e-14)
