"""What ``explain_nan`` found, in words."""

from __future__ import annotations

from typing import Any

from edgewise.explain.digest import brief

__all__ = ["NanReport"]


class NanReport:
    """What ``explain_nan`` found. False where everything is finite.

    Attributes:
        kind: "value", "gradient", "tangent" or "second derivative"; "" where everything is finite.
        op: the operation, "input" for an argument that is not finite itself.
        where: ``file:line``, "" where it is not known.
        text: the expression as the source spells it, "" where it is not known.
        operands: the operands' names and values there.
        partial: for a derivative, the partial on the edge, and
        flowing: what it was multiplied with; as text.
        cause: the likely cause.
        instead: a rewrite that works.
    """

    def __init__(
        self,
        kind: str,
        op: str = "",
        where: str = "",
        text: str = "",
        operands: tuple[tuple[str, Any], ...] = (),
        partial: str = "",
        flowing: str = "",
        cause: str = "",
        instead: str = "",
    ) -> None:
        self.kind = kind
        self.op = op
        self.where = where
        self.text = text
        self.operands = operands
        self.partial = partial
        self.flowing = flowing
        self.cause = cause
        self.instead = instead

    def __bool__(self) -> bool:
        return bool(self.kind)

    def __str__(self) -> str:
        if not self:
            return "everything is finite: the value, the gradient, the tangent and the second derivative"
        head = f"{self.where}: " if self.where else ""
        what = "an argument is not finite" if self.op == "input" else _WHAT[self.kind].format(self.op)
        lines = [head + what + (f", in {self.text}" if self.text else "")]
        lines += [f"  {name} = {brief(value)}" for name, value in self.operands]
        if self.partial:
            lines.append(f"  the partial {self.partial} was multiplied with {self.flowing}")
        return "\n".join((*lines, f"  why: {self.cause}", f"  instead: {self.instead}"))

    def __repr__(self) -> str:
        return f"<{self.kind or 'nothing'} not finite{f' at {self.where}' if self.where else ''}>"


_WHAT = {
    "value": "the value of {} is the first that is not finite",
    "gradient": "the gradient stops being finite at {}",
    "tangent": "the tangent stops being finite at {}",
    "second derivative": "the second derivative stops being finite at {}",
}
