"""What all tests share: the marker ``needs`` with its closing line, and Hypothesis' profiles.

``@pytest.mark.needs("jax")`` asks for an importable module, ``@pytest.mark.needs("program:gcc")`` for a program on the
PATH. Where one is missing the test is skipped, and the run closes with ``not run: jax (3 tests), gcc (1 test)``; under
``STRICT=1`` it fails instead. Any other skip must say why, or it is a failure.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest

import edgewise

edgewise.grad(abs)(1.0)  # the first transformation fills the registry, whose rows the tests go through

STRICT = os.environ.get("STRICT", "0") not in ("", "0")
MISSING = "missing need"  # the user property by which a report carries a name from an xdist worker to its controller
not_run: Counter[str] = Counter()

# ci: the same examples on every run, and no verdict by the clock. dev: new examples each time, and more of them.
hypothesis.settings.register_profile(
    "ci",
    derandomize=True,
    max_examples=50,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
    print_blob=True,
)
hypothesis.settings.register_profile("dev", max_examples=300, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*names): a module, or 'program:NAME', without which the test is not run")
    objects = tempfile.TemporaryDirectory(prefix="edgewise-objects-")  # compiled code: not the user's, and not kept
    config.add_cleanup(objects.cleanup)
    for name in ("EDGEWISE_CACHE", "EDGEWISE_CACHE_SIZE"):
        os.environ.pop(name, None)
    os.environ["EDGEWISE_CACHE_DIR"] = objects.name


@functools.cache
def present(name: str) -> bool:
    """Whether the module, or the program after ``program:``, is there; only parent packages are imported."""
    if name.startswith("program:"):
        return shutil.which(name.removeprefix("program:")) is not None
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a parent package
        return False


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = [name for mark in item.iter_markers("needs") for name in mark.args if not present(name)]
    if not missing:
        return
    names = [name.removeprefix("program:") for name in missing]
    item.user_properties += [(MISSING, name) for name in names]
    if STRICT:
        pytest.fail(f"not here: {', '.join(names)}", pytrace=False)
    pytest.skip(f"not here: {', '.join(names)}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    return refuse_silent_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    return refuse_silent_skip((yield))


def refuse_silent_skip(report: pytest.TestReport | pytest.CollectReport) -> pytest.TestReport | pytest.CollectReport:
    """Fail a skip without a reason, and one by ``importorskip``, which the closing line would miss."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2].removeprefix("Skipped").removeprefix(": ")
        if reason in ("", "unconditional skip"):
            report.outcome, report.longrepr = "failed", "a skip must say why: pytest.skip(reason)"
        elif reason.startswith("could not import"):
            report.outcome, report.longrepr = "failed", f"{reason}: mark what needs it with @pytest.mark.needs(name)"
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "setup":
        not_run.update(name for key, name in report.user_properties if key == MISSING)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield  # everyone else's sections first
    if not_run:
        counts = (f"{name} ({count} test{'s' * (count > 1)})" for name, count in sorted(not_run.items()))
        terminalreporter.write_line(f"not run: {', '.join(counts)}")
