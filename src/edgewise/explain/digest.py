"""What is told of a value: a number as it is, an array by its shape, dtype and a small summary.

``hold`` decides what a trace remembers. It never remembers an array itself: the user may overwrite it, and one more
holder of an array would change what ``a += t`` is allowed to do (``core.stores``).
"""

from __future__ import annotations

import contextlib
import math
import unicodedata
import warnings
from typing import Any

import numpy as np

from edgewise.core.levels import plain
from edgewise.core.undetermined import Undetermined

__all__ = ["Digest", "brief", "digest", "hold", "is_array", "is_finite", "pad", "printable", "spell_number", "width"]

HELD = 1024  # entries of an array that a trace copies whole
DATA = 64  # entries that are exported whole
ROWS, COLS, BINS = 16, 32, 12  # of the small picture and of the histogram
COUNTED = 2**20  # entries of an array that has a histogram


class Digest:
    """What remains of an array too large to keep, or of an operand that is no number.

    Attributes:
        shape, dtype: those of the array.
        json: its summary, as in the ``array`` of the schema.
    """

    __slots__ = ("dtype", "json", "shape")

    def __init__(self, array: Any) -> None:
        self.shape = array.shape
        self.dtype = array.dtype
        self.json = _array(array)

    def __repr__(self) -> str:
        return brief(self)


def hold(value: Any) -> Any:
    """A value to remember: a scalar, a copy of a small array, or the ``Digest`` of a large one."""
    value = plain(value)
    if isinstance(value, Undetermined):
        value = np.where(value.loose, np.nan, value.values)
    if isinstance(value, Digest) or value is None or type(value) in (float, int):
        return value
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        value = np.asarray(value)
    if not isinstance(value, np.ndarray | np.generic):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that units are left out
            value = np.asarray(value)  # of another library: Dask computes, Pint gives the magnitude
    if value.dtype.kind not in "fiubc":  # a unit, a name: nothing to calculate with
        return Digest(value)
    if not value.shape:
        return value[()]
    return value.copy() if value.size <= HELD else Digest(value)


def is_array(value: Any) -> bool:
    """Whether a held value is told as an array."""
    return isinstance(value, Digest) or getattr(value, "shape", None) not in (None, ())


def is_finite(value: Any) -> bool:
    """Whether every entry of a held value is finite; values without numbers count as finite."""
    if value is None:
        return True
    if isinstance(value, Digest):
        return not value.json["stats"]["nonfinite"]
    return bool(np.all(np.isfinite(value)))


def digest(value: Any) -> Any:
    """The JSON of a held value: a number, one of the words for what JSON lacks, or an ``array``."""
    if isinstance(value, Digest):
        return value.json
    if is_array(value):
        return _array(value)
    if isinstance(value, complex | np.complexfloating):
        return {**_array(np.asarray(value)), "text": spell_number(value)}
    return _number(value)


def _number(value: Any) -> Any:
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"


def _array(array: Any) -> dict[str, Any]:
    kind = array.dtype.kind
    if kind not in "fiubc":
        none = {"min": None, "max": None, "mean": None, "nonfinite": 0}
        return {"shape": list(array.shape), "dtype": str(array.dtype), "stats": none}
    numbers = np.asarray(np.abs(array) if kind == "c" else array, dtype=float)
    finite = np.isfinite(numbers)
    good = numbers if finite.all() else numbers[finite]
    with np.errstate(all="ignore"):
        stats = {
            "min": _number(good.min()) if good.size else None,
            "max": _number(good.max()) if good.size else None,
            "mean": _number(good.mean()) if good.size else None,
            "nonfinite": int(numbers.size - good.size),
        }
        told: dict[str, Any] = {"shape": list(array.shape), "dtype": str(array.dtype), "stats": stats}
        if 0 < good.size <= COUNTED and math.isfinite(float(good.max()) - float(good.min())):
            with contextlib.suppress(ValueError):  # entries so close to each other that no bins fit between them
                counts, edges = np.histogram(good, bins=BINS)
                if np.all(edges[:-1] < edges[1:]):  # before NumPy 2.2 it did not look
                    told["hist"] = {"lo": stats["min"], "hi": stats["max"], "n": [int(n) for n in counts]}
        if kind == "c":  # absolute values: they do not add up
            return told
        if numbers.size:
            told["thumb"] = _thumb(numbers)
    if numbers.size <= DATA:
        told["data"] = [_number(x) for x in numbers.ravel()]
    return told


def _thumb(numbers: Any) -> dict[str, Any]:
    """Means of blocks. They are linear, so that thumbs of contributions add up to the thumb of their sum."""
    flat = numbers.reshape(-1, numbers.shape[-1]) if numbers.ndim > 1 else numbers.reshape(1, -1)
    for axis, most in ((0, ROWS), (1, COLS)):
        if flat.shape[axis] > most:
            edges = np.linspace(0, flat.shape[axis], most + 1).astype(int)
            sums = np.add.reduceat(flat, edges[:-1], axis=axis)
            flat = sums / np.expand_dims(np.diff(edges), 1 - axis)
    return {"rows": flat.shape[0], "cols": flat.shape[1], "data": [_number(x) for x in flat.ravel()]}


def spell_number(value: Any, digits: int = 6) -> str:
    """A number as tables write it.

    >>> spell_number(6.0), spell_number(-0.1234567), spell_number(1e300), spell_number(float("nan"))
    ('6', '-0.123457', '1e+300', 'nan')
    """
    if isinstance(value, complex | np.complexfloating):
        return f"{complex(value):.{digits}g}"
    text = f"{float(value):.{digits}g}"
    return "0" if text == "-0" else text


def brief(value: Any, digits: int = 6, *, mean: bool = True) -> str:
    """A held value in one short line; ``mean`` is left out where there is little room.

    >>> brief(np.float64(7)), brief(np.array([1.0, 2.5])), brief(np.zeros((3, 4)))
    ('7', '[1, 2.5]', 'float64(3, 4) 0 … 0, mean 0')
    """
    if not is_array(value):
        return spell_number(value, digits) if getattr(getattr(value, "dtype", None), "kind", "f") != "b" else str(value)
    if len(value.shape) == 1 and value.shape[0] <= 4 and not isinstance(value, Digest):
        return f"[{', '.join(spell_number(x, 4) for x in value)}]"
    stats = (value.json if isinstance(value, Digest) else _array(value))["stats"]
    shape = f"({value.shape[0]},)" if len(value.shape) == 1 else str(tuple(value.shape))
    told = f"{value.dtype}{shape}"
    if stats["min"] is not None:
        told += f" {spell_number(stats['min'], 3)} … {spell_number(stats['max'], 3)}"
        told += f", mean {spell_number(stats['mean'], 3)}" if mean else ""
    return told + (f", {stats['nonfinite']} not finite" if stats["nonfinite"] else "")


def printable(text: str) -> str:
    r"""A text that a terminal shows and does not obey: control characters and lone surrogates become boxes.

    >>> printable("a\x1b[31m")
    'a□[31m'
    """
    return "".join(c if c.isprintable() else "□" for c in text)


def width(text: str) -> int:
    """The columns a terminal gives to a text: none to combining marks, two to wide characters."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int) -> str:
    """A text cut or filled to a number of columns; what is cut ends in an ellipsis."""
    if width(text) > columns:
        kept, used = "", 1
        for character in text:
            used += width(character)
            if used > columns:
                break
            kept += character
        text = kept + "…"
    return text + " " * (columns - width(text))
