"""The demo: what it finds, what it prints, and how it fails."""

from __future__ import annotations

import dataclasses
import io
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "examples" / "breast_cancer.py"

needs = pytest.mark.needs("rich", "scipy", "sklearn")


@pytest.fixture
def demo(example):
    return example("breast_cancer")


def run(demo, **options):
    from rich.console import Console

    screen = io.StringIO()
    result = demo.main(Console(file=screen, highlight=False, **options), rounds=3)
    return result, screen.getvalue()


@needs
def test_finds_the_minimum_and_classifies(demo):
    result, printed = run(demo, width=60)
    assert result.failures == []
    assert result.accuracy >= 0.95
    assert result.gradient_norm <= 1e-8
    assert max(result.gradient_difference, result.hessian_difference, result.product_difference) <= 1e-12
    assert result.newton_steps <= 2

    training, held_out = demo.load()
    assert np.linalg.norm(demo.closed_form_gradient(training, result.weights)) <= 1e-8
    assert len(training.signs) + len(held_out.signs) == 569
    assert np.allclose(training.rows[:, 1:].mean(axis=0), 0, atol=1e-12)
    assert np.allclose(training.rows[:, 1:].std(axis=0), 1)

    lines = printed.splitlines()
    assert f"accuracy on held-out rows     {result.accuracy:.3f}    (at least 0.95)" in lines  # whatever the width
    assert sum(line.startswith("trust region") for line in lines) == result.iterations
    assert sum(line.startswith("Newton") for line in lines) == result.newton_steps


@needs
def test_shows_a_table_on_a_terminal(demo):
    result, printed = run(demo, force_terminal=True, width=100)
    assert printed.count("trust region") >= result.iterations
    assert "gradient norm" in printed


@needs
def test_the_gradient_by_hand_is_the_same_function(demo):
    training, _ = demo.load()
    weights = 0.3 * np.sin(np.arange(31.0))
    value, gradient = demo.value_and_grad_by_hand(training)(weights)
    assert value == pytest.approx(demo.loss_on(training)(weights), rel=1e-14)
    assert np.allclose(gradient, demo.closed_form_gradient(training, weights), rtol=1e-10, atol=1e-12)


@needs
def test_the_loss_and_its_gradient_do_not_overflow(demo):
    import edgewise as ew

    training, _ = demo.load()
    with np.errstate(all="raise", under="ignore"):
        value, gradient = ew.value_and_grad(demo.loss_on(training))(np.full(31, 1e3))
    assert np.isfinite(value)
    assert np.all(np.isfinite(gradient))


@needs
def test_a_result_that_is_not_as_it_must_be_is_named(demo):
    result, _ = run(demo)
    assert "accuracy 0.900 is below 0.95" in dataclasses.replace(result, accuracy=0.9).failures
    assert "gradient norm 2.0e-08 is above 1e-08" in dataclasses.replace(result, gradient_norm=2e-8).failures
    for field in ("gradient_difference", "hessian_difference", "product_difference"):
        assert len(dataclasses.replace(result, **{field: 1e-11}).failures) == 1
        assert len(dataclasses.replace(result, **{field: np.nan}).failures) == 1


@needs
def test_a_failure_is_the_exit_status(monkeypatch, capsys):
    from sklearn import datasets

    bunch = datasets.load_breast_cancer()
    bunch.target = np.random.default_rng(0).permutation(bunch.target)  # nothing to be learned
    monkeypatch.setattr(datasets, "load_breast_cancer", lambda: bunch)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(PATH), run_name="__main__")
    assert end.value.code == 1
    assert "FAILED: accuracy" in capsys.readouterr().out


@needs
@pytest.mark.parametrize("name", ["rich", "scipy", "sklearn"])
def test_a_missing_package_is_one_clear_line(name, monkeypatch):
    for module in [m for m in sys.modules if m == name or m.startswith(name + ".")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(PATH))
    assert end.value.code == f'{name} is missing: pip install "edgewise[demo]"'
