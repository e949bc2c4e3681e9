"""A recording that takes notes: every operation is looked at on its way, and computed by ``Recorded`` as ever."""

from __future__ import annotations

import dis
import inspect
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any

import numpy as np

from edgewise.core.buffers import COPY, Keeper
from edgewise.core.levels import plain
from edgewise.core.node import Node
from edgewise.core.primitive import Rule
from edgewise.core.registry import DECLARATIONS, ENTRIES, Declaration, spelling
from edgewise.errors import instruction, spelled_call, user_frame
from edgewise.modes import Observing
from edgewise.reporting.calls import Asked, Calls, from_within
from edgewise.reporting.findings import Findings, Place, place_of

__all__ = ["LOOP", "Observed"]

LOOP = 16  # so many entries taken one by one on a line, or operations for one call, are worth a word
_BETWEEN = ("CACHE", "TO_BOOL", "COPY", "NOP", "EXTENDED_ARG", "UNARY_NOT")


class Observed(Observing):
    """A recording with notes.

    Attributes:
        found: the notes.
        places: the user's line of every node, by serial.
        calls: the watch over calls.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found = Findings()
        self.places: dict[int, Place] = {}
        self.calls = Calls(self._begun, self._ended)
        self.keeper = WatchedKeeper(self.found)
        self._taken: Counter[Place] = Counter()
        self._rows = {id(row.primitive): row for row in reversed(DECLARATIONS.values()) if row.primitive is not None}

    def observe(self, primitive: Any, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
        """Record an operation, and take down what there is to say about it."""
        result = super().observe(primitive, operands, params)
        if any(type(x) is np.ndarray and x.dtype == object for x in operands):
            return result  # it came here a second time, as one value
        asked = self.calls.here
        own = asked is None and not from_within(inspect.currentframe())
        frame = user_frame()
        place = place_of(frame) if asked is None else asked.place
        if asked is not None:
            asked.operations += 1
        parts = result if primitive.outputs is not None else (result,)
        alive = [node for node in map(self.node_of, parts) if node is not None]
        for node in alive:
            self.places[node.serial] = place
            for parent in node.parents:  # the node of all outputs of an operation together
                if parent is not None:
                    self.places.setdefault(parent.serial, place)
        row = self._rows.get(id(primitive))
        name = named(primitive.name if row is None else row.function if asked is None else asked.function)
        if not alive and (own or primitive.name == "stop_gradient"):
            at = None if frame is None else (frame.f_code, frame.f_lasti)
            self._over(name, place, at, result, spelled_call(frame) in ("max", "min", "sorted"))
        if own or (asked is not None and not _speaks(asked)):
            self._kink(primitive, row, name, operands, params, result, place)
        self._promotion(primitive, operands, alive, name, place)
        if own and primitive.family.name == "index" and parts[0].shape == () and self._ours(operands[0]):
            self._taken[place] += 1
        return result

    def left(self, t: Any, how: str) -> None:
        """A value was taken for something plain."""
        asked, frame = self.calls.here, user_frame()
        if asked is not None:
            asked.operations += 1
        elif how == "array":
            note = "every operation on it is one per entry; ew.stack([...]) makes one array"
            self.found.add("slow", "a traced value in an object array", note, place_of(frame))
        elif how != "text" and (how == "value" or not from_within(inspect.currentframe())):
            at = None if frame is None else (frame.f_code, frame.f_lasti)
            self._over("ew.value" if how == "value" else "a truth value", place_of(frame), at, plain(t))

    def close(self) -> None:
        """What can be said only at the end."""
        for place, n in self._taken.items():
            if n >= LOOP:
                note = f"{n} entries taken one by one; one NumPy call on the whole array is one operation"
                self.found.add("slow", "a loop over entries", note, place)

    # -- calls

    def _begun(self, asked: Asked) -> None:
        if not _speaks(asked):
            return
        row = DECLARATIONS[asked.function]
        entry = ENTRIES[asked.function]
        given = _bound(entry, asked.args, asked.kwargs)
        if row.kink is not None and given is not None and self._any(given.values()):
            with _quiet():
                mask = row.kink(**{name: plain(given[name]) for name in inspect.signature(row.kink).parameters})
            self._mask(named(asked.function), row.note, asked.place, mask)

    def _ended(self, asked: Asked, result: Any) -> None:
        inner = asked.operations
        if inner and not self._any((result,)) and self._any((*asked.args, *asked.kwargs.values())):
            self._over(named(asked.function), asked.place, asked.frame, result)
        elif inner >= 2 * LOOP:
            note = f"{inner} operations for one call"
            self.found.add("slow", named(asked.function), note, asked.place)

    # -- notes

    def _over(
        self, name: str, place: Place, at: tuple[CodeType, int] | None, result: Any, compared: bool = False
    ) -> None:
        """Dependence ended here: in a branch of Python's, or in a value that has none.

        ``compared``: Python's own ``max`` and the like asked, which choose by the answer.
        """
        value = plain(result)
        truth = isinstance(value, bool | np.bool_)
        if name == "a truth value" or (truth and (compared or (at is not None and _decides(*at)))):
            self.found.add("branches", name, "", place, true=int(bool(value)))
        else:
            self.found.add("ended", name, "", place)

    def _kink(self, primitive: Any, row: Declaration | None, name: str, operands: Any, params: Any, result: Any,
              place: Place) -> None:  # fmt: skip
        if row is None or row.kink is None:
            return
        values = [np.asarray(plain(x)) for x in operands]
        rule = Rule(row.kink, len(values), 0, primitive.name)
        with _quiet():
            mask = rule((*values, np.asarray(plain(result))), params, values[0].shape)
        self._mask(name, row.note, place, mask)

    def _mask(self, name: str, note: str, place: Place, mask: Any) -> None:
        entries = int(np.count_nonzero(mask))
        if entries:
            self.found.add("kinks", name, note, place, entries=entries, size=int(np.size(mask)))

    def _promotion(self, primitive: Any, operands: Any, alive: list[Node], name: str, place: Place) -> None:
        if not alive or primitive.name == "astype":
            return
        after = alive[0].dtype
        for before in {x.dtype for x in operands if self._ours(x)}:
            if before != after and np.result_type(before, after) == after:
                self.found.add("promoted", name, f"{before} to {after}", place)

    # -- values

    def _ours(self, value: Any) -> bool:
        return self.node_of(value) is not None

    def _any(self, values: Any) -> bool:
        for value in values:
            if isinstance(value, list | tuple):
                if self._any(value):
                    return True
            elif isinstance(value, dict):
                if self._any(value.values()):
                    return True
            elif isinstance(value, np.ndarray) and value.dtype == object:
                if self._any(value.flat):
                    return True
            elif self._ours(value):
                return True
        return False


class WatchedKeeper(Keeper):
    """A keeper that says what it did with the user's arrays."""

    __slots__ = ("_found",)

    def __init__(self, found: Findings) -> None:
        super().__init__()
        self._found = found

    def hold(self, array: np.ndarray[Any, Any]) -> Any:
        """The array to keep, and a note of its price."""
        known = self._copies.get(id(array))
        kept = super().hold(array)
        if kept is not array:
            compared = array.nbytes > COPY and known is not None and known[1] is kept
            what = "compared with the copy of an earlier use" if compared else "copied"
        elif self.holds(array):
            what = "locked against stores until the derivative is taken, and fingerprinted"
        else:
            return kept  # read-only for everybody: kept as it is, at no price
        self._found.add("buffers", what, "", place_of(user_frame()), nbytes=array.nbytes)
        return kept


def _speaks(asked: Asked) -> bool:
    """Whether the call is of a composition that says where its kinks are; those within it are its own business."""
    row = DECLARATIONS.get(asked.function)
    return row is not None and row.primitive is None and row.kink is not None


def named(function: Any) -> str:
    """What a finding calls an operation: NumPy's name of the function, or ours of what has none there."""
    if isinstance(function, str):
        return "ew.stop_gradient" if function == "stop_gradient" else function
    name = spelling(function)
    return {"ew.cast_as": "astype", "ew.getitem": "an index", "ew.gather": "an index"}.get(name, name)


@contextmanager
def _quiet() -> Iterator[None]:
    """The user's own run has warned already."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _bound(entry: Callable[..., Any], args: Any, kwargs: Any) -> dict[str, Any] | None:
    """The arguments of a call by name, defaults included; None where they do not fit: NumPy's error comes next."""
    try:
        bound = inspect.signature(entry).bind(*args, **kwargs)
    except TypeError:
        return None
    bound.apply_defaults()
    return bound.arguments


def _decides(code: CodeType, at: int) -> bool:
    """Whether the answer of an instruction goes straight into a conditional jump."""
    at = instruction(code, at) + 2
    while at < len(code.co_code) and dis.opname[code.co_code[at]] in _BETWEEN:
        at += 2
    return at < len(code.co_code) and "JUMP" in dis.opname[code.co_code[at]] and "IF" in dis.opname[code.co_code[at]]
