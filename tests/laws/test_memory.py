"""What a derivative keeps: only what it still needs. Measured, in a process of its own, by what Python allocates.

Reverse mode remembers the operations that the result depends on, and of their values those that a weight needs; nothing
is kept of what was thrown away. Forward mode remembers nothing. And however long the chain, nothing recurses.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

MEASURE = """
import sys, tracemalloc
import numpy as np
import edgewise as ew

def peak(run):
    run()  # whatever is loaded or built on first use
    tracemalloc.start()
    run()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most
"""
ARRAY = 8 * 1000  # bytes of the arrays below


def measured(body):
    """The number that a program prints."""
    program = MEASURE + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


def test_a_million_operations_do_not_recurse():
    """Bytes per operation, under a recursion limit that any recursion over the chain would meet."""
    operations = 1_000_000
    each = measured(
        f"""
        sys.setrecursionlimit(200)

        def f(x):
            for _ in range({operations}):
                x = x * 1.000001
            return x

        import resource
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        slope = ew.grad(f)(1.0)
        assert abs(slope / 1.000001**{operations} - 1) < 1e-6, slope
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        print((after - before) * unit / {operations})
        """
    )
    assert each < 600


@pytest.mark.parametrize(
    "derivative",
    [
        "ew.linearize(f, 1.0)[1] @ 1.0",
        "ew.vjp(f, 1.0)[1](1.0)[0]",
        "ew.jacrev(f)(1.0)",
        "ew.jvp(f, (1.0,), (1.0,))[1]",
        "ew.grad(lambda x: x * ew.grad(f)(x))(1.0)",
        "ew.vmap(ew.grad(f))(np.ones(1))[0]",
    ],
)
def test_no_transformation_recurses(derivative):
    slope = measured(
        f"""
        def f(x):
            for _ in range(20_000):
                x = x * 1.000001
            return x

        {derivative}
        sys.setrecursionlimit(100)
        print({derivative})
        """
    )
    assert abs(slope / 1.000001**20_000 - 1) < 1e-6


@pytest.mark.parametrize("name", ["sin", "sqrt", "exp"])
def test_discarded_branches_are_freed(name):
    """1e5 arrays computed and thrown away: never more than a few at a time."""
    most = measured(
        f"""
        def f(x):
            for _ in range(100_000):
                np.{name}(x)
            return np.sum(x)

        print(peak(lambda: ew.grad(f)(np.ones(1000))))
        """
    )
    assert most < 20 * ARRAY


def test_a_loop_that_discards_its_work_stays_flat():
    most = measured(
        """
        def f(x):
            for _ in range(1_000):
                y = np.exp(x) * 0.5 - x
                y = y[::2] @ y[::2] + np.max(np.sort(y))
            return np.sum(x) + y

        print(peak(lambda: ew.grad(f)(np.ones(1000))))
        """
    )
    assert most < 40 * ARRAY


def test_forward_mode_keeps_nothing():
    """However long the program."""
    most = measured(
        """
        def f(x):
            for _ in range(2_000):
                x = np.sin(x) * 0.9 + 0.1
            return np.sum(x)

        print(peak(lambda: ew.jvp(f, (np.ones(1000),), (np.ones(1000),))))
        """
    )
    assert most < 20 * ARRAY


def test_values_that_no_weight_needs_are_not_kept():
    """Sums, differences and constant factors keep no array; nodes alone are far smaller than the arrays were."""
    most = measured(
        """
        def f(x):
            for _ in range(2_000):
                x = -(2.0 * x + 1.0 - x) + 3.0
            return np.sum(x)

        print(peak(lambda: ew.grad(f)(np.ones(1000))))
        """
    )
    assert most < 1_000 * ARRAY  # the loop makes 10 000


def test_the_sweep_frees_as_it_goes():
    """On its way back it needs no more than was kept on the way there."""
    kept = 1_000
    most = measured(
        f"""
        def f(x):
            for _ in range({kept}):
                x = np.sin(x)
            return np.sum(x)

        print(peak(lambda: ew.grad(f)(np.ones(1000))))
        """
    )
    assert kept * ARRAY <= most < 1.15 * kept * ARRAY


def test_linearize_drops_the_operands():
    """Weights are kept, operands are not: an operator is no larger than one array for each operation."""
    kept = 500
    most = measured(
        f"""
        def f(x):
            y = x
            for _ in range({kept}):
                y = np.sin(y)
            return y

        def held():
            tracemalloc.start()
            value, operator = ew.linearize(f, np.ones(1000))
            now, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            return now

        held()
        print(held())
        """
    )
    assert most < 1.15 * kept * ARRAY
