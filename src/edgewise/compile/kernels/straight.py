"""Operations on few numbers, one after the other: the text of a long straight program.

Most of them are single instructions on float64 numbers, whose pattern is known (``unrolled``). For these a variable is
the name of its register and nothing more, until something else asks for its ``Cell``.

The sine and the cosine of one number are computed together, where the first of them stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from edgewise.compile import maths
from edgewise.compile.ir import Value, vector
from edgewise.compile.kernels.body import Body, Cell
from edgewise.core.program import Op, Var

__all__ = ["write_straight"]

DOUBLE = vector("double", 1)
PAIR = "{ double, double }"
TURNED = ("sin", "cos")


def write_straight(
    body: Body,
    steps: Iterable[Any],
    cells: dict[Var, list[Cell]],
    entries: Callable[[Var], list[Cell]],
    look: Callable[[Any, list[Cell]], None],
    by_rows: Callable[[Op, list[list[Cell]]], list[Cell] | None],
) -> Callable[[Var], list[Cell]]:
    """Write operations, and looks between them.

    Args:
        body: the function, with numbers for names.
        steps: operations with how each is written out, and looks.
        cells: where values are; takes those of what is made here, once they are asked for.
        entries: the cells of what is made elsewhere.
        look: writes a look at the cells of its variable.
        by_rows: writes an operation on cells in vector registers, where that is better.

    Returns:
        A function that says where the entries of a variable are now.
    """
    block, literal = body.block, DOUBLE.literal
    lines, registers = block.lines, dict[Var, str]()
    both = _both(steps)

    def known(var: Var) -> list[Cell]:
        found = cells.get(var)
        if found is None:
            text = registers.get(var)
            found = cells[var] = entries(var) if text is None else [Value(block, text, DOUBLE)]
        return found

    for step in steps:
        if type(step) is not tuple:
            look(step, known(step.guard.var))
            continue
        op, how = step
        var, operands, pattern = op.results[0], op.operands, how.pattern
        if not pattern:
            given = [known(x) if type(x) is Var else [] for x in operands]
            made = by_rows(op, given)
            cells[var] = how.write(op, body, given) if made is None else made
            continue
        if var in registers:  # with the other of a pair
            continue
        texts = [""]
        for x in operands:
            if type(x) is Var:
                text = registers.get(x)
                if text is None:
                    held = body.held(known(x)[0])
                    assert isinstance(held, Value)
                    text = registers[x] = held.text
            else:
                text = literal(x)
            texts.append(text)
        if how.function:
            pair = both.get(operands[0]) if how.function in TURNED else None
            if pair is not None and var in pair:
                registers.update(zip(pair, _pair(body, texts[1]), strict=True))
                continue
            maths.declare(block.module, how.function, DOUBLE)
        block.count += 1
        texts[0] = registers[var] = f"%{block.count}"
        lines.append(pattern % tuple(texts))
    return known


def _both(steps: Iterable[Any]) -> dict[Var, tuple[Var, Var]]:
    """By the operand, results that are a sine and a cosine of the same."""
    made: dict[str, dict[Var, Var]] = {name: {} for name in TURNED}
    for step in steps:
        if type(step) is tuple and step[1].function in TURNED:
            op: Op = step[0]
            made[step[1].function][op.operands[0]] = op.results[0]
    sines, cosines = made.values()
    return {x: (sine, cosines[x]) for x, sine in sines.items() if x in cosines}


def _pair(body: Body, operand: str) -> tuple[str, ...]:
    """The registers of a sine and a cosine."""
    block = body.block
    symbol = maths.declare(block.module, "sincos", DOUBLE)
    both = block.emit(f"call {PAIR} @{symbol}(double {operand})", DOUBLE)
    return tuple(block.emit(f"extractvalue {PAIR} {both.text}, {i}", DOUBLE).text for i in (0, 1))
