"""What NumPy and its polynomials say of object arrays of traced values; and the frames of a traceback that said it."""

from __future__ import annotations

import linecache
import os
import re
from types import FrameType, TracebackType
from typing import Any, Final, NamedTuple

import numpy as np

from edgewise.core.refusals import asked
from edgewise.core.traced import Traced
from edgewise.errors import BatchError, ConversionError, is_library, line_of, spelled_call, user_line

__all__ = ["Place", "is_traced", "many_answers", "named", "object_array", "objects", "places_of", "polynomials"]

_NAME: Final = re.compile(r"[A-Za-z_]\w*")


class Place(NamedTuple):
    """A frame of a traceback: the frame, the line and the instruction it was at."""

    frame: FrameType
    line: int
    at: int

    @property
    def where(self) -> str:
        """As messages say it; the user's line where the frame is not his."""
        return user_line() if is_library(self.frame.f_code.co_filename) else line_of(self.frame, self.line)

    @property
    def call(self) -> str:
        """What it was calling, as spelled there."""
        return spelled_call(self.frame, self.at)


def places_of(trace: TracebackType | None) -> list[Place]:
    """The frames of a traceback, the innermost last."""
    places = []
    while trace is not None:
        places.append(Place(trace.tb_frame, trace.tb_lineno, trace.tb_lasti))
        trace = trace.tb_next
    return places


def named(place: Place) -> list[Any]:
    """The arrays that a line of source names, and those in what it names: attributes, entries of containers."""
    frame = place.frame
    names = set(_NAME.findall(linecache.getline(frame.f_code.co_filename, place.line, frame.f_globals)))
    names = names or {*frame.f_locals, *frame.f_code.co_names}  # no source: all that the code could name
    values = [scope[name] for name in names for scope in (frame.f_locals, frame.f_globals) if name in scope]
    inner = [v for value in values for n, v in getattr(value, "__dict__", {}).items() if n in names]
    inner += [v for value in values if isinstance(value, list | tuple) for v in value]
    inner += [v for value in values if isinstance(value, dict) for v in value.values()]
    return [v for v in (*values, *inner) if isinstance(v, np.ndarray)]


def is_traced(value: Any) -> bool:
    """Whether it is a traced value, or an object array with one in it."""
    return isinstance(value, Traced) or (
        isinstance(value, np.ndarray) and value.dtype == object and any(isinstance(e, Traced) for e in value.flat)
    )


def object_array(error: Exception, place: Place, places: list[Place]) -> ConversionError | None:
    """NumPy called a method on the entries of an object array, or has no loop for it."""
    text = str(error)
    if isinstance(error, ZeroDivisionError) and places[-1] is place and _has_object_array(place):
        return ConversionError(
            "a number in an object array of traced values was divided by, and it is zero",
            "np.array([...]) of traced values is an array of Python objects, and Python's numbers raise where those of "
            "NumPy give inf",
            "build the array with ew.stack([...]), which makes one traced array",
            place.where,
        )
    if not isinstance(error, TypeError):
        return None
    if "holds references" in text and place.call:
        return ConversionError(
            f"{place.call} was given traced values",
            "it walks through the memory of ordinary arrays, and a traced value has none",
            "loop over the entries: for v in np.ravel(x), or for index, v in np.ndenumerate(x)",
            place.where,
        )
    if "has no callable" in text:
        function = text.split("no callable ")[1].split(" ", maxsplit=1)[0]
    elif places[-1] is not place or not _has_object_array(place):
        return None
    elif text.startswith("ufunc '"):
        function = text.split("'")[1]
    elif text.startswith("Cannot cast array data from dtype('O')"):
        function = ""
    else:
        return None
    return objects(place.call or (f"np.{function}" if function else "a function of NumPy"), place)


def objects(call: str, place: Place) -> ConversionError:
    """The error for a function that cannot work with an object array."""
    return ConversionError(
        f"{call} was applied to an object array of traced values and numbers",
        "np.array([...]) of traced values is an array of Python objects: NumPy calls methods of its entries, which "
        "ordinary numbers lack",
        "build the array with ew.stack([...]), which makes one traced array",
        place.where,
    )


def _has_object_array(place: Place) -> bool:
    made = asked[0] is not None and not is_library(asked[0][0].co_filename)
    return made or any(is_traced(a) for a in named(place))


def many_answers(call: str, place: Place) -> BatchError:
    """The error for one that asks the entries of a batch for what its members may disagree about."""
    return BatchError(
        f"{call or 'a function of NumPy'} was given a batch, and works with objects",
        "under vmap the function runs once for the whole batch, and NumPy asks the entries of an array of Python "
        "objects for one answer each",
        "build the array with ew.stack([...]), write it with NumPy's functions of arrays, or loop over the members "
        "with ordinary Python",
        place.where,
    )


def polynomials(error: Exception, place: Place, places: list[Place]) -> BatchError | None:
    """NumPy's polynomials trim zeros, which a batch refuses to name; of that they say that the types are wrong."""
    text = str(error)
    if not isinstance(error, TypeError) or not text.startswith("unsupported operand type(s) for "):
        return None
    names = re.findall(r"'(\w+)'", text)
    last = asked[0]
    if last is None or os.path.join("numpy", "polynomial") not in last[0].co_filename:
        return None
    same = len(names) == 2 and names[0] == names[1]  # or they are wrong indeed
    return many_answers(f"the operator of np.polynomial.{names[0]}", place) if same else None
