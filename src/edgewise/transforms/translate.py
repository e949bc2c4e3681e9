"""What Python, NumPy and other libraries said when they met a traced value, in our words and with the user's line.

They raise errors of their own in the middle of the user's function (an object array "has no callable exp method", "only
integers are valid indices"). ``run`` calls the function; ``translated`` looks an error over, one reader a kind, and the
first that recognises it says it again. Errors of the user's own are left alone.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from edgewise.core.buffers import locked_at
from edgewise.core.foreign import hint
from edgewise.core.rebinding import verify
from edgewise.core.refusals import asked, asked_at, index_refused, lost_in, stored, stores_now
from edgewise.core.traced import Traced
from edgewise.errors import (
    ArgumentError,
    BatchError,
    ConversionError,
    EdgewiseError,
    NoRuleError,
    NotYetError,
    OverwrittenError,
    is_library,
)
from edgewise.transforms.objects import (
    Place,
    is_traced,
    many_answers,
    named,
    object_array,
    objects,
    places_of,
    polynomials,
)

__all__ = ["name_of", "run"]

_RAISE: Final = dis.opmap["RAISE_VARARGS"]
_OURS: Final = re.compile(r"'?(Traced(Array|Scalar)|Aliased(Scalar)?)'?|'Flat'")


def name_of(f: Any) -> str:
    """What messages call a user's function; of a ``functools.partial``, the function in it."""
    while isinstance(f, partial):
        f = f.func
    return getattr(f, "__name__", None) or type(f).__name__


def run(f: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call a user's function with traced values.

    Raises:
        EdgewiseError: something in it could not work with a traced value, and said so in its own words.
    """
    asked[0] = None
    try:
        return f(*args, **kwargs)
    except EdgewiseError as error:
        ours = _inside_numpy(error)
        if ours is None and isinstance(error, ConversionError):
            ours = lost_in(f, name_of(f))
        if ours is None:
            raise
        raise ours from error
    except Exception as error:
        ours = translated(error, f)
        if ours is None:
            raise
        raise ours from error
    finally:
        verify()


def translated(error: Exception, f: Any) -> EdgewiseError | None:
    """Our error for one that a traced value brought about, or None where it is the user's own."""
    places = places_of(error.__traceback__)
    if isinstance(error, TypeError) and len(places) == 1:
        return _wrong_call(error, f)
    place = next((p for p in reversed(places) if not is_library(p.frame.f_code.co_filename)), places[0])
    if places[-1] is place and place.frame.f_code.co_code[place.at] == _RAISE:
        return None  # the user's own raise statement
    for reader in _READERS:
        ours = reader(error, place, places)
        if ours is not None:
            return ours
    return None


def _inside_numpy(error: EdgewiseError) -> EdgewiseError | None:
    """NumPy's own function, at work on an object array, went on to what its entries refuse."""
    if not isinstance(error, NotYetError | BatchError):
        return None
    places = places_of(error.__traceback__)
    place = next((p for p in reversed(places) if not is_library(p.frame.f_code.co_filename)), places[0])
    ours = _numpy(error, place, places)
    return many_answers(place.call, place) if ours is not None and isinstance(error, BatchError) else ours


def _wrong_call(error: TypeError, f: Any) -> EdgewiseError:
    """The function could not even be entered: its arguments do not fit."""
    return ArgumentError(
        f"{name_of(f)} could not be called: {_in_words(str(error))}",
        "it is called with the arguments given here, and with nothing else",
        f"give {name_of(f)} the arguments that it takes",
    )


def _caused(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """NumPy raises an error of its own because of ours: ours knew better."""
    if isinstance(error.__cause__, EdgewiseError):
        return error.__cause__
    same = asked_at(place.frame.f_code, place.at) and stores_now(place.frame.f_code, place.at)
    return stored(where=place.where) if same and isinstance(error, ValueError) else None


def _read_only(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """A store into an array that we locked."""
    text = str(error)
    if not isinstance(error, ValueError) or not ("read-only" in text or "writable" in text or "readonly" in text):
        return None
    where = next((line for a in named(place) if not a.flags.writeable and (line := locked_at(a)) is not None), None)
    if where is None:
        return None
    return OverwrittenError(
        f"an array that the derivative still needs was written to ({error})",
        f"it was used at {where}; its contents there are part of the derivative, which is taken after the function has "
        "run, so it is read-only until then",
        f"write into another array, or use a copy at {where}: x * buffer.copy()",
        place.where,
    )


def _fixed_number(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """NumPy asked a traced value for an integer, did not get one, and says something else about it."""
    if not isinstance(error, IndexError | TypeError) or "integer" not in str(error):
        return None
    if asked[0] is None or not any(asked_at(p.frame.f_code, p.at) for p in places):
        return None
    return index_refused("an index" if isinstance(error, IndexError) else place.call, asked[0][2], place.where)


def _library(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """A library beneath the user's line could not work with a traced value, or with an object array of them."""
    return _beneath(error, place, places, numpy=False)


def _numpy(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """The same of a function of NumPy's that does not ask us, once there is nothing better to say."""
    return _beneath(error, place, places, numpy=True)


def _is_ours(place: Place) -> bool:
    """Whether it is edgewise itself, which may lie among the libraries."""
    return str(place.frame.f_globals.get("__name__")).partition(".")[0] == __name__.partition(".")[0]


def _beneath(error: Exception, place: Place, places: list[Place], numpy: bool) -> EdgewiseError | None:
    below = places[places.index(place) + 1 :]
    below = [p for p in below if "site-packages" in p.frame.f_code.co_filename and not _is_ours(p)]
    if not below or not any(is_traced(v) for p in below for v in p.frame.f_locals.values()):
        return None
    name = below[0].frame.f_globals.get("__name__", "")
    if name.startswith("numpy"):
        return objects(place.call or f"np.{below[0].frame.f_code.co_name}", place) if numpy else None
    public, function = _public(name), below[0].frame.f_code.co_name
    return NoRuleError(
        f"{place.call or (public if function.startswith('__') else f'{public}.{function}')} cannot work with a traced "
        f"value ({type(error).__name__}: {_in_words(str(error))})",
        f"{name.partition('.')[0]} computes with ordinary numbers, and edgewise cannot see into it",
        hint(name) or "write it with NumPy, or wrap the call with @ew.primitive and give its rule",
        place.where,
    )


def _public(module: str) -> str:
    return ".".join(part for part in module.split(".") if not part.startswith("_"))


_ATTRIBUTES: Final = {
    "shape": "use np.reshape(t, shape)",
    "view": "use t itself, or t.astype(dtype) for another dtype",
}


def _attribute(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """An attribute that NumPy's arrays have, or do not have, and traced values have not."""
    text = str(error)
    if not isinstance(error, AttributeError) or not (isinstance(error.obj, Traced) or _OURS.search(text)):
        return None
    if place.call and isinstance(getattr(np, error.name or "", None), np.ufunc):  # called for by an object array
        return objects(place.call, place)
    name = error.name or next((n for n in re.findall(r"'(\w+)'", text) if not _OURS.search(n)), "")
    return NoRuleError(
        f"a traced value has no attribute {name}"
        if "no attribute" in text
        else f"{name or 'an attribute'} of a traced value cannot be set",
        "it stands for a value with a derivative, and has no memory of its own",
        _ATTRIBUTES.get(name)
        or (f"use NumPy's function, np.{name}" if hasattr(np, name) else "look at the plain value: ew.value(t)"),
        place.where,
    )


_OPERANDS: Final = re.compile(r".*(?:: | instances of )(.+) and (.+)")


def _unknown(error: Exception, place: Place, places: list[Place]) -> EdgewiseError | None:
    """Python's complaint about a type it does not know, which would name ours."""
    text = str(error)
    if isinstance(error, TypeError) and text.startswith("Traced.__init__()"):
        return ArgumentError(
            "the class of a traced value was called",
            "traced values are made by the transformations, and by operations on other traced values",
            "to build an array, np.asarray or ew.stack; for a plain number, float",
            place.where,
        )
    if not isinstance(error, TypeError) or not _OURS.search(text):
        return None
    if "not callable" in text:
        return ArgumentError(
            "a traced value was called like a function",
            "it is a number or an array",
            "write a product with *, and an entry with square brackets: t * (a + b), t[i]",
            place.where,
        )
    if any(words in text for words in ("not iterable", "non-iterable", "has no len")):
        return ConversionError(
            "a traced number was taken for a sequence",
            "it is one number, and has no entries",
            "make it an array of one entry first: x[None]",
            place.where,
        )
    pair = _OPERANDS.fullmatch(text)
    if pair and ("operand type" in text or "not supported between" in text):
        other = next((name.strip("'") for name in pair.groups() if not _OURS.search(name)), "the other operand")
        instead = {
            "NoneType": "give a number there: None stands where one is needed",
            "str": "convert the text first: float(text)",
        }.get(other, f"convert the {other} first: float(v) for a number, np.asarray(v, dtype=float) for an array")
        return ArgumentError(
            _in_words(text), "edgewise differentiates numbers and arrays of numbers", instead, place.where
        )
    return ConversionError(
        _in_words(text),
        "it asks for a plain value, which cannot carry a derivative",
        _STATISTICS.get(_entered(place, places)) or "give it ew.value(t), or return the value from the function first",
        place.where,
    )


_STATISTICS: Final = {
    "mean": "use NumPy's function, np.mean",
    "pstdev": "use NumPy's function, np.std",
    "pvariance": "use NumPy's function, np.var",
    "stdev": "use NumPy's function, np.std(x, ddof=1)",
    "variance": "use NumPy's function, np.var(x, ddof=1)",
}


def _entered(place: Place, places: list[Place]) -> str:
    """The function of the module ``statistics`` that the user's line has called; "" for any other."""
    below = next(iter(places[places.index(place) + 1 :]), None)
    inside = below is not None and below.frame.f_globals.get("__name__") == "statistics"
    return below.frame.f_code.co_name if below is not None and inside else ""


def _in_words(text: str) -> str:
    return _OURS.sub("a traced value", re.sub(r"\S*<locals>\.", "", text))


_READERS: Final = (
    _read_only,
    polynomials,
    _library,
    _caused,
    _fixed_number,
    _attribute,
    object_array,
    _numpy,
    _unknown,
)
