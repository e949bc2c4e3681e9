"""Elementary functions compiled into loops over arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np

from edgewise.compile.ir import Block, Module, Value, vector
from edgewise.compile.maths import FUNCTIONS, apply, define

__all__ = ["DTYPES", "Loops", "assembled", "loop"]

DTYPES: Final[dict[str, np.dtype[Any]]] = {"double": np.dtype(np.float64), "float": np.dtype(np.float32)}
I64: Final = vector("i64", 1)


def loop(module: Module, name: str, dtype: str, width: int, *, inline: bool = True) -> str:
    """Add a loop over contiguous arrays to a module: void symbol(inputs…, output, n), n a multiple of the width.

    Args:
        module: Gets the loop and what it needs.
        name: An elementary function.
        dtype: "double" or "float".
        width: How many elements the loop takes at once.
        inline: Whether the function's instructions stand in the loop, or in a function that it calls.

    Returns:
        The loop's symbol.
    """
    kind, size = vector(dtype, width), DTYPES[dtype].itemsize
    symbol = f"loop_{name}_{kind.suffix}_{'inline' if inline else 'called'}"
    body = Block(module, "b", "body")
    pointers = [f"%in{k}" for k in range(FUNCTIONS[name].arity)]
    loaded: list[Value] = []
    for pointer in pointers:
        at = body.emit(f"getelementptr {dtype}, ptr {pointer}, i64 %i", I64)
        loaded.append(body.emit(f"load {kind.text}, ptr {at.text}, align {size}", kind))
    result = apply(name, *loaded) if inline else body.call(define(module, name, dtype, width), kind, *loaded)
    at = body.emit(f"getelementptr {dtype}, ptr %out, i64 %i", I64)
    parameters = ", ".join(f"ptr {p}" for p in (*pointers, "%out"))
    module.definitions[symbol] = (
        f"define void @{symbol}({parameters}, i64 %n) nounwind {{\n"
        f"entry:\n  %some = icmp sgt i64 %n, 0\n  br i1 %some, label %body, label %done\n"
        f"body:\n  %i = phi i64 [ 0, %entry ], [ %next, %{body.label} ]\n{body.text()}\n"
        f"  store {kind.text} {result.text}, ptr {at.text}, align {size}\n"
        f"  %next = add i64 %i, {width}\n  %more = icmp slt i64 %next, %n\n"
        f"  br i1 %more, label %body, label %done\ndone:\n  ret void\n}}"
    )
    return symbol


def assembled(module: Module, triple: str = "", cpu: str = "", level: int = 1) -> tuple[Any, Any]:
    """A module as llvmlite parses it, verified, and a target machine; this processor's where none is named."""
    llvm, features = import_module("llvmlite.binding"), ""
    if triple:
        llvm.initialize_all_targets()
        llvm.initialize_all_asmprinters()
        target = llvm.Target.from_triple(triple)
    else:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple()
        if not cpu:
            cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    parsed = llvm.parse_assembly(module.text())
    parsed.verify()
    return parsed, target.create_target_machine(cpu=cpu, features=features, opt=level, reloc="pic")


class Loops:
    """Loops in one library, to be called with arrays.

    Args:
        asked: The loops, each as the name of a function, a dtype and a width.
        fused: Whether the code may multiply and add in one instruction.
        inline: Whether the functions stand in the loops, or are called by them.
        level: LLVM's effort in code generation, 0 to 3.
        cpu: The processor to make code for, by LLVM's name; this one where it is empty.
    """

    def __init__(
        self,
        asked: Sequence[tuple[str, str, int]],
        *,
        fused: bool = True,
        inline: bool = True,
        level: int = 1,
        cpu: str = "",
    ) -> None:
        module = Module(fused=fused)
        self.symbols = {key: loop(module, *key, inline=inline) for key in asked}
        parsed, machine = assembled(module, cpu=cpu, level=level)
        self.engine = import_module("llvmlite.binding").create_mcjit_compiler(parsed, machine)
        self.engine.finalize_object()

    def __call__(self, name: str, dtype: str, width: int, *arguments: np.ndarray) -> np.ndarray:
        """The function of each element."""
        size = arguments[0].size
        padding = np.ones(-size % width, DTYPES[dtype])
        inputs = [np.concatenate([np.asarray(a, DTYPES[dtype]).ravel(), padding]) for a in arguments]
        out = np.empty(size + padding.size, DTYPES[dtype])
        self.run((name, dtype, width), inputs, out)
        return out[:size]

    def run(self, key: tuple[str, str, int], inputs: Sequence[np.ndarray], out: np.ndarray) -> None:
        """Call a loop on contiguous arrays whose size is a multiple of the width."""
        self.bound(key, inputs, out)()

    def bound(self, key: tuple[str, str, int], inputs: Sequence[np.ndarray], out: np.ndarray) -> Callable[[], None]:
        """The call of a loop on these arrays; they must outlive it."""
        pointers = [a.ctypes.data for a in (*inputs, out)]
        signature = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(pointers), ctypes.c_int64)
        function = signature(self.engine.get_function_address(self.symbols[key]))

        def call(engine: Any = self.engine) -> None:  # the engine owns the code
            function(*pointers, out.size)

        return call
