"""C beside the compiled code: sources in ``baselines/``, compiled here and now for the sizes at hand.

A source defines ``int64_t kernel(void **table)``, with the addresses of arguments and then of results in the table: the
convention of a call gate. Each is compiled three times: as it stands; with ``-ffast-math``, where gcc takes SIMD
functions from libmvec; and with its marked loops made SIMD loops of the widest registers.
"""

from __future__ import annotations

import ctypes
import functools
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edgewise.compile.gate import Array, Scalar, make_gate

FLAGS = {
    "C": ("-O3", "-march=native"),
    "C, fast math": ("-O3", "-march=native", "-ffast-math"),
    "C, SIMD": ("-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-mprefer-vector-width=512"),
}
SMALL = 4096  # bytes of results up to which a baseline is called through a gate, and makes its results anew


def available() -> bool:
    """Whether there is a compiler."""
    return shutil.which("gcc") is not None


def variants(sources: tuple[str, ...], sizes: dict[str, int], args: tuple[Any, ...], result: Any) -> dict[str, Any]:
    """By name, functions that do in C what gave this result for these arguments."""
    made = {}
    for source in sources:
        for name, flags in FLAGS.items():
            label = name if source == sources[0] else f"{name} ({source.partition('_')[2]})"
            made[label] = _called(compiled(source, flags, tuple(sizes.items())), args, result)
    return made


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgewise-baselines-")


@functools.cache
def compiled(source: str, flags: tuple[str, ...], sizes: tuple[tuple[str, int], ...]) -> ctypes.CDLL:
    defined = [f"-D{name}={size}" for name, size in sizes]
    target = Path(_folder().name) / f"{source}{abs(hash((flags, sizes)))}.so"
    text = Path(__file__).with_name("baselines") / f"{source}.c"
    command = ["gcc", "-std=gnu17", "-Wall", "-Wno-unknown-pragmas", "-shared", "-fPIC", *flags, *defined]
    subprocess.run([*command, "-o", str(target), str(text), "-lm"], check=True)
    return ctypes.CDLL(str(target))


def _called(library: ctypes.CDLL, args: tuple[Any, ...], result: Any) -> Callable[..., Any]:
    """By a call of an object that goes to a gate, as a compiled function is; large results are there already."""
    leaves: list[Any] = []

    def spec(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(spec, value))
        leaves.append(value)
        return Array(value.dtype, value.shape) if isinstance(value, np.ndarray) else Scalar(type(value))

    wanted = spec(result)
    if sum(leaf.nbytes for leaf in leaves) <= SMALL:
        address = ctypes.cast(library.kernel, ctypes.c_void_p).value or 0
        gate = make_gate([spec(a) for a in args], wanted, address, _refused, keep=library)
        made: Callable[..., Any] = type("Called", (), {"__call__": gate})()
        return made
    kernel = library.kernel
    kernel.restype = ctypes.c_int64
    held = [np.empty_like(leaf) for leaf in leaves]
    rest = iter(held)
    told = _built(wanted, rest)
    table = (ctypes.c_void_p * (len(args) + len(held)))()
    for i, array in enumerate(held):
        table[len(args) + i] = array.ctypes.data

    def call(*given: Any) -> Any:
        for i, array in enumerate(given):
            table[i] = array.__array_interface__["data"][0]
        kernel(table)
        return told

    return call


def _built(wanted: Any, rest: Any) -> Any:
    return tuple(_built(one, rest) for one in wanted) if isinstance(wanted, tuple) else next(rest)


def _refused(code: int, args: tuple[Any, ...]) -> Any:
    raise AssertionError(code)
