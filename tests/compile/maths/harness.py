"""Compiles a function of ``edgewise.compile.maths`` to something that takes and returns arrays."""

import ctypes

import llvmlite.binding as llvm
import numpy as np

from edgewise.compile.ir import Block, Module, vector
from edgewise.compile.maths import FUNCTIONS, apply, define

TYPES = {"double": np.float64, "float": np.float32}


def loop(module, name, dtype, width, *, inline):
    """Add to a module: void symbol(in…, out, n), the function over n elements, a multiple of the width."""
    kind = vector(dtype, width)
    arity = FUNCTIONS[name].arity
    symbol = f"loop_{name}_{kind.suffix}_{'inline' if inline else 'called'}"
    body = Block(module, "b", "body")
    loaded = []
    for k in range(arity):
        at = body.emit(f"getelementptr {dtype}, ptr %in{k}, i64 %i", vector("i64", 1)).text
        loaded.append(body.emit(f"load {kind.text}, ptr {at}, align {np.dtype(TYPES[dtype]).itemsize}", kind))
    result = apply(name, *loaded) if inline else body.call(define(module, name, dtype, width), kind, *loaded)
    at = body.emit(f"getelementptr {dtype}, ptr %out, i64 %i", vector("i64", 1)).text
    store = f"  store {kind.text} {result.text}, ptr {at}, align {np.dtype(TYPES[dtype]).itemsize}"
    pointers = "".join(f"ptr %in{k}, " for k in range(arity))
    module.definitions[symbol] = (
        f"define void @{symbol}({pointers}ptr %out, i64 %n) nounwind {{\nentry:\n"
        f"  %some = icmp sgt i64 %n, 0\n  br i1 %some, label %body, label %done\n"
        f"body:\n  %i = phi i64 [ 0, %entry ], [ %next, %{body.label} ]\n{body.text()}\n{store}\n"
        f"  %next = add i64 %i, {width}\n  %more = icmp slt i64 %next, %n\n"
        f"  br i1 %more, label %body, label %done\ndone:\n  ret void\n}}"
    )
    return symbol


def target(level=1, features=None):
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    if features is None:
        features = llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=level
    )


def parse(module):
    parsed = llvm.parse_assembly(module.text())
    parsed.verify()
    return parsed


class Compiled:
    """The loops of several functions in one library, each as a function of arrays."""

    def __init__(self, asked, *, fused=True, inline=True, level=1):
        module = Module(fused=fused)
        self.symbols = {key: loop(module, *key, inline=inline) for key in asked}
        self.engine = llvm.create_mcjit_compiler(parse(module), target(level))
        self.engine.finalize_object()

    def __call__(self, name, dtype, width, *arrays):
        address = self.engine.get_function_address(self.symbols[name, dtype, width])
        arrays = [np.ascontiguousarray(a, TYPES[dtype]) for a in arrays]
        size = arrays[0].size
        padded = -(-size // width) * width
        inputs = [np.concatenate([a, np.ones(padded - size, a.dtype)]) for a in arrays]
        out = np.empty(padded, TYPES[dtype])
        self.run(address, inputs, out)
        return out[:size]

    @staticmethod
    def run(address, inputs, out):
        pointers = [a.ctypes.data for a in (*inputs, out)]
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(pointers), ctypes.c_int64)(address)
        call(*pointers, out.size)
