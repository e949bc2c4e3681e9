"""What this machine can do, by itself: ``python benchmarks/machine.py``. A floor under a row is made of it.

Bytes are read and written from where as many fit; sums and products are done eight at a time, exponentials and
divisions by gcc's SIMD functions; what waits for the one before is done one by one.
"""

from __future__ import annotations

import timing  # isort: skip  # first: it sets the number of threads before NumPy is loaded

import ctypes
from dataclasses import asdict, dataclass

import baseline
import numpy as np
from workload import Work

READ, WRITE, SUMS, EXPONENTIALS, DIVISIONS, NEXT_SUM, NEXT_SINE, PAGES = range(8)
COUNT = 1 << 20
FLAGS = baseline.FLAGS["C, SIMD"]


def seconds(what: int, count: int) -> float:
    """For ``count`` of something: numbers, or bytes of pages."""
    memory = np.zeros(max(count, 1024) if what in (READ, WRITE) else 1024)
    chosen, number, told = np.array(what), np.array(count), np.array(0.3)
    held = (memory, chosen, number, told)
    table = (ctypes.c_void_p * len(held))(*(a.ctypes.data for a in held))
    kernel = baseline.compiled("machine", FLAGS, ()).kernel
    repeats = max(1, COUNT // max(count, 1))

    def call(_: None) -> None:
        for _ in range(repeats):
            kernel(table)

    return timing.interleaved({"it": (call, None)}, budget=0.1, rounds=7)["it"] / repeats


@dataclass(frozen=True)
class Machine:
    """Seconds a piece, and seconds a byte by how many bytes there are."""

    sum: float
    function: float
    division: float
    next_sum: float
    next_function: float
    page: float
    read: dict[int, float]
    write: dict[int, float]

    @staticmethod
    def measured() -> Machine:
        sizes = [1 << 14, 1 << 18, 1 << 22, 1 << 26]
        return Machine(
            sum=seconds(SUMS, COUNT) / COUNT,
            function=seconds(EXPONENTIALS, COUNT) / COUNT,
            division=seconds(DIVISIONS, COUNT) / COUNT,
            next_sum=seconds(NEXT_SUM, COUNT) / COUNT,
            next_function=seconds(NEXT_SINE, COUNT >> 4) / (COUNT >> 4),
            page=seconds(PAGES, 1 << 26) / (1 << 14),
            read={size: seconds(READ, size // 8) / size for size in sizes},
            write={size: seconds(WRITE, size // 8) / size for size in sizes},
        )

    def floor(self, work: Work) -> tuple[float, str]:
        """Seconds that the work takes at least, and what takes them."""
        size = min((s for s in self.read if s >= work.read + work.written), default=max(self.read))
        parts = {
            "memory": work.read * self.read[size] + work.written * self.write[size],
            "arithmetic": work.sums * self.sum + work.functions * self.function + work.divisions * self.division,
            "waiting": work.chain * self.next_sum + work.called * self.next_function,
        }
        most = max(parts, key=parts.__getitem__)
        return parts[most], most


if __name__ == "__main__":
    for name, value in asdict(Machine.measured()).items():
        shown = value if isinstance(value, dict) else {"": value}
        print(f"{name:14} " + "  ".join(f"{key:>9} {took * 1e9:.4g} ns" for key, took in shown.items()))
