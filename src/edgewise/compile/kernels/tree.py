"""A program with branches as one function: small values in registers, and a jump where a guard does not hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgewise.compile.ir import Module
from edgewise.compile.kernels.assembly import Assembly, Native, Target, Text, condition
from edgewise.compile.kernels.body import Body, Cell, Fixed, Place
from edgewise.compile.kernels.kinds import kind_for, kind_of
from edgewise.compile.kernels.table import Table, known_cells
from edgewise.compile.kernels.unrolled import LIMIT, unrolled
from edgewise.core.program import Op, Program, Var

__all__ = ["assemble_tree"]

MOST = 20_000  # instructions


def assemble_tree(program: Program, known: dict[Var, Any], target: Target) -> tuple[Assembly, list[Var]] | None:
    """Write a program of few numbers whose guards may have branches.

    Args:
        program: the program.
        known: arrays that never change.
        target: the processor.

    Returns:
        The text, and a variable for each output; or None where something in the program is no operation on few numbers.
    """
    forms = [x if type(x) is Var else np.asarray(x) for x in program.outputs]
    slots = [Var(-1 - i, tuple(x.shape), x.dtype) for i, x in enumerate(forms)]
    if any(kind_of(v.dtype) is None or int(np.prod(v.shape)) > LIMIT for v in (*slots, *program.inputs)):
        return None
    table = Table(program, list(slots), [])
    body = Body(Module(fused=target.fused), "kernel0")
    cells: dict[Var, list[Cell]] = {}
    for var, array in program.arrays.items():
        kind = kind_of(var.dtype)
        if kind is None or array.size > LIMIT:
            return None
        if var in known:
            cells[var] = known_cells(array, kind)
    cost = code = 0
    waiting = [("", program.steps, program.outputs, cells, body.kept())]
    while waiting:
        label, steps, outputs, cells, kept = waiting.pop()
        if label:
            body.begin(label, kept)
        for step in steps:
            if isinstance(step, Op):
                how = unrolled(step, known, target.fused)
                cost += how.cost if how is not None else 0
                if how is None or cost > MOST:
                    return None
                operands = [_entries(x, cells, table) if type(x) is Var else [] for x in step.operands]
                cells[step.results[0]] = how.write(step, body, operands)
                continue
            code += 1
            if kind_of(step.var.dtype) is None or int(np.prod(step.var.shape)) > LIMIT:
                return None
            holds = condition(body, step, _entries(step.var, cells, table))
            if step.otherwise is None:
                body.guard(holds, code)
            else:
                off = body.fork(holds)
                waiting.append((off, step.otherwise.steps, step.otherwise.outputs, cells.copy(), body.kept()))
        for slot, output in zip(slots, outputs, strict=True):
            memory, kind = table.result(slot), kind_for(slot.dtype)
            assert memory is not None
            own = _entries(output, cells, table) if type(output) is Var else None
            for n, place in enumerate(memory.cells(slot, kind)):
                assert isinstance(place, Place)
                body.put(own[n] if own is not None else Fixed(np.asarray(output).item(), kind), place)
        if waiting:
            body.leave()
    module = body.block.module
    text = "\n".join([module.text(), body.text(target.attributes, internal=False)])
    main = Text(text, list(module.imports))
    return Assembly(main, None, [], [Native(body.name)], table, 0, cost, looping=False), slots


def _entries(var: Var, cells: dict[Var, list[Cell]], table: Table) -> list[Cell]:
    found = cells.get(var)
    if found is None:
        found = cells[var] = table.memory[var].cells(var, kind_for(var.dtype))
    return found
