"""Logistic regression on the Wisconsin breast-cancer data, with exact gradients and Hessians of plain NumPy code.

``make demo`` runs this file. The model is the everyday one: 30 measurements of a cell sample, standardised on the
training rows, an intercept, and the L2 penalty λ/2·|w|² with λ = 1. ``loss`` below is written in NumPy alone;
``ew.value_and_grad`` and ``ew.hvp`` turn it into what SciPy's trust-region Newton method asks for.

The fit has two parts, because the loss cannot show all that its gradient can. A trust region accepts a step by the
decrease of the loss, which near this minimum is about |g|²/2 for a gradient g. With |g| below 1e-7 that is less than
the rounding error of a loss of 30. So the trust region is asked for 1e-6, and the rest is one Newton step with the
dense Hessian, judged by the gradient.

At the end the derivatives are compared with closed forms, and timed. The program fails where the accuracy, the gradient
norm or the comparison does, and never on a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

try:
    import numpy as np
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table
    from scipy.optimize import minimize
    from scipy.special import expit
    from sklearn.datasets import load_breast_cancer

    import edgewise as ew
except ModuleNotFoundError as error:
    package = str(error.name).partition(".")[0]
    raise SystemExit(f'{package} is missing: pip install "edgewise[demo]"') from None

PENALTY = 1.0
LOSS_CAN_TELL = 1e-6  # the gradient norm down to which the loss still shows a decrease
ACCURACY, GRADIENT_NORM, DIFFERENCE = 0.95, 1e-8, 1e-12  # what the fit and the derivatives are held to

Function = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Data:
    """A design matrix, whose first column is ones, and the class of each row: +1 benign, -1 malignant."""

    rows: np.ndarray
    signs: np.ndarray


@dataclass(frozen=True)
class Times:
    """Seconds a call takes: the fastest and the median of all rounds."""

    fastest: float
    median: float


@dataclass(frozen=True)
class Result:
    """What the demo found."""

    weights: np.ndarray
    loss: float
    iterations: int
    newton_steps: int
    accuracy: float
    gradient_norm: float
    gradient_difference: float
    hessian_difference: float
    product_difference: float
    value_time: Times
    edgewise_time: Times
    by_hand_time: Times
    rounds: int

    @property
    def failures(self) -> list[str]:
        """What is not as it must be, in words."""
        checks = {
            f"accuracy {self.accuracy:.3f} is below {ACCURACY}": self.accuracy >= ACCURACY,
            f"gradient norm {self.gradient_norm:.1e} is above {GRADIENT_NORM:.0e}": self.gradient_norm <= GRADIENT_NORM,
            "the gradient is not that of the closed form": self.gradient_difference <= DIFFERENCE,
            "the Hessian is not that of the closed form": self.hessian_difference <= DIFFERENCE,
            "the Hessian-vector product is not that of the closed form": self.product_difference <= DIFFERENCE,
        }
        return [what for what, holds in checks.items() if not holds]


def load() -> tuple[Data, Data]:
    """Training rows and held-out rows: every fourth one, so the split is the same everywhere."""
    bunch = load_breast_cancer()
    held_out = np.arange(len(bunch.target)) % 4 == 0
    mean, deviation = bunch.data[~held_out].mean(axis=0), bunch.data[~held_out].std(axis=0)
    rows = np.column_stack([np.ones(len(bunch.target)), (bunch.data - mean) / deviation])
    signs = np.where(bunch.target == 1, 1.0, -1.0)
    return Data(rows[~held_out], signs[~held_out]), Data(rows[held_out], signs[held_out])


# -- the model, in plain NumPy: this is all that edgewise is given


def loss_on(data: Data) -> Function:
    """The penalised negative log-likelihood, as a function of the weights; the first one, the intercept, is free."""

    def loss(weights):
        margins = data.signs * (data.rows @ weights)
        return np.sum(np.logaddexp(0.0, -margins)) + PENALTY / 2 * np.sum(weights[1:] ** 2)

    return loss


# -- the same derivatives on paper, to compare with


def closed_form_gradient(data: Data, weights: np.ndarray) -> np.ndarray:
    """Rowsᵀ (-s·σ(-m)) + λ w."""
    margins = data.signs * (data.rows @ weights)
    return data.rows.T @ (-data.signs * expit(-margins)) + PENALTY * np.append(0.0, weights[1:])


def closed_form_hessian(data: Data, weights: np.ndarray) -> np.ndarray:
    """Rowsᵀ diag(σ(m)·σ(-m)) rows + λ I, without the intercept's λ."""
    margins = data.rows @ weights
    curvature = expit(margins) * expit(-margins)
    return data.rows.T @ (curvature[:, None] * data.rows) + PENALTY * np.diag(np.append(0.0, np.ones(len(weights) - 1)))


def value_and_grad_by_hand(data: Data) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Value and gradient as one would write them for speed: the formula of ``loss_on``, sharing what can be shared."""

    def both(weights: np.ndarray) -> tuple[float, np.ndarray]:
        margins = data.signs * (data.rows @ weights)
        losses = np.logaddexp(0.0, -margins)
        gradient = (-data.signs * np.exp(-margins - losses)) @ data.rows
        gradient[1:] += PENALTY * weights[1:]
        return np.sum(losses) + PENALTY / 2 * np.sum(weights[1:] ** 2), gradient

    return both


# -- the fit


class Progress:
    """One line an iteration: a growing table on a terminal, plain lines elsewhere."""

    COLUMNS = ("step", "iteration", "loss", "gradient norm")

    def __init__(self, console: Console) -> None:
        self.count = 0
        self.console = console
        self.table = Table(self.COLUMNS[0], box=None, padding=(0, 4, 0, 0))
        for name in self.COLUMNS[1:]:
            self.table.add_column(name, justify="right")
        self.live = Live(self.table, console=console) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self.live:
            self.live.start()
        else:
            self.console.print("{:14}{:>10}{:>16}{:>16}".format(*self.COLUMNS))
        return self

    def __exit__(self, *exc: object) -> None:
        if self.live:
            self.live.stop()

    def show(self, step: str, loss: float, gradient_norm: float) -> None:
        self.count += 1
        if self.live:
            self.table.add_row(step, str(self.count), f"{loss:.10f}", f"{gradient_norm:.2e}")
        else:
            self.console.print(f"{step:14}{self.count:10}{loss:16.10f}{gradient_norm:16.2e}")


def fit(loss: Function, start: np.ndarray, progress: Progress) -> tuple[np.ndarray, int, int]:
    """The weights at the minimum, and the numbers of trust-region iterations and of Newton steps."""
    value_and_grad = ew.value_and_grad(loss)

    def show(step: str, weights: np.ndarray) -> float:
        value, gradient = value_and_grad(weights)
        norm = float(np.linalg.norm(gradient))
        progress.show(step, float(value), norm)
        return norm

    found = minimize(
        value_and_grad,
        start,
        jac=True,
        hessp=lambda weights, v: ew.hvp(loss, weights, v),
        method="trust-ncg",
        options={"gtol": LOSS_CAN_TELL},
        callback=lambda intermediate_result: show("trust region", intermediate_result.x),
    )
    weights, norm, steps = found.x, np.linalg.norm(found.jac), 0
    while norm > GRADIENT_NORM and steps < 5:
        weights = weights - np.linalg.solve(ew.hessian(loss)(weights), ew.grad(loss)(weights))
        norm, steps = show("Newton", weights), steps + 1
    return weights, found.nit, steps


# -- the checks and the clock


def difference(ours: np.ndarray, exact: np.ndarray) -> float:
    """The largest difference, relative to the largest entry."""
    return float(np.max(np.abs(ours - exact)) / np.max(np.abs(exact)))


def time_interleaved(functions: list[Callable[[], object]], rounds: int) -> list[Times]:
    """Times of several calls, taken in turn, so that a busy moment of the machine meets them all."""
    spent: list[list[float]] = [[] for _ in functions]
    for _ in range(rounds):
        for function, times in zip(functions, spent, strict=True):
            before = time.perf_counter()
            function()
            times.append(time.perf_counter() - before)
    return [Times(min(times), float(np.median(times))) for times in spent]


def main(console: Console | None = None, rounds: int = 500) -> Result:
    console = console or Console(highlight=False)
    training, held_out = load()
    loss = loss_on(training)
    console.print(
        f"Wisconsin breast cancer: {len(training.signs)} rows to fit, {len(held_out.signs)} held out, "
        f"{training.rows.shape[1]} weights, λ = {PENALTY:g}\n"
    )
    with Progress(console) as progress:
        weights, iterations, newton_steps = fit(loss, np.zeros(training.rows.shape[1]), progress)

    there = weights / 2  # away from the minimum, where the gradient is not small
    direction = np.cos(np.arange(len(weights)))
    exact_hessian = closed_form_hessian(training, there)
    value_time, edgewise_time, by_hand_time = time_interleaved(
        [lambda f=f: f(weights) for f in (loss, ew.value_and_grad(loss), value_and_grad_by_hand(training))],
        rounds,
    )
    result = Result(
        weights=weights,
        loss=float(loss(weights)),
        iterations=iterations,
        newton_steps=newton_steps,
        accuracy=float(np.mean(held_out.signs * (held_out.rows @ weights) > 0)),
        gradient_norm=float(np.linalg.norm(ew.grad(loss)(weights))),
        gradient_difference=difference(ew.grad(loss)(there), closed_form_gradient(training, there)),
        hessian_difference=difference(ew.hessian(loss)(there), exact_hessian),
        product_difference=difference(ew.hvp(loss, there, direction), exact_hessian @ direction),
        value_time=value_time,
        edgewise_time=edgewise_time,
        by_hand_time=by_hand_time,
        rounds=rounds,
    )
    report(result, console)
    return result


def report(result: Result, console: Console) -> None:
    """Print what was found."""
    value = result.value_time
    lines = [
        "",
        f"accuracy on held-out rows     {result.accuracy:.3f}    (at least {ACCURACY})",
        f"gradient norm at the minimum  {result.gradient_norm:.1e}  (at most {GRADIENT_NORM:.0e})",
        "",
        f"against closed forms, the largest difference over the largest entry (at most {DIFFERENCE:.0e}):",
        f"  gradient                    {result.gradient_difference:.1e}",
        f"  Hessian                     {result.hessian_difference:.1e}",
        f"  Hessian times vector        {result.product_difference:.1e}",
        "",
        f"one call, the fastest and the median of {result.rounds} interleaved rounds:",
        f"  loss                        {value.fastest * 1e6:6.1f} µs {value.median * 1e6:6.1f} µs",
    ]
    lines += [
        f"  loss and gradient, {name:8} {times.fastest * 1e6:6.1f} µs {times.median * 1e6:6.1f} µs"
        f"   {times.fastest / value.fastest:.1f} and {times.median / value.median:.1f} times the loss"
        for name, times in (("edgewise", result.edgewise_time), ("by hand", result.by_hand_time))
    ]
    lines += [f"FAILED: {failure}" for failure in result.failures]
    console.print("\n".join(lines), soft_wrap=True)


if __name__ == "__main__":
    raise SystemExit(1 if main().failures else 0)
