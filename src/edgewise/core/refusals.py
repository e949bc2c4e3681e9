"""What Python's and NumPy's protocols are told when they ask a traced value for something it cannot give.

Python asks for ``float(t)``, ``int(t)`` or an index, NumPy for an array of a dtype. The line of source that asked says
more than the protocol does (``math.sin``, ``np.arange``, ``z[i] = t``), so it is read for the message.
"""

from __future__ import annotations

import dis
import re
from collections.abc import Mapping
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

import numpy as np

from edgewise.errors import (
    ArgumentError,
    BatchError,
    ConversionError,
    EdgewiseError,
    NotYetError,
    StaticRoleError,
    StoreError,
    a_kind,
    fields_of,
    instruction,
    spelled_call,
    user_frame,
)

__all__ = [
    "asked",
    "asked_at",
    "index_refused",
    "lost",
    "lost_in",
    "no_array",
    "no_copy",
    "no_integer",
    "no_number",
    "no_number_in",
    "refuse_options",
    "remember",
    "static_role",
    "stored",
    "stores_now",
    "wrong_signature",
]

_STORES: Final = frozenset(
    dis.opmap[name] for name in ("STORE_SUBSCR", "STORE_SLICE", "STORE_ATTR") if name in dis.opmap
)
# Functions of the modules math, cmath and statistics under the names NumPy gives them.
_RENAMED: Final = {f"a{name}": f"arc{name}" for name in ("cos", "cosh", "sin", "sinh", "tan", "tanh")} | {
    "atan2": "arctan2",
    "fmean": "mean",
    "fsum": "sum",
    "pow": "power",
}

_DRAWS: Final = frozenset(
    ("beta", "binomial", "exponential", "gamma", "laplace", "logistic", "lognormal", "multivariate_normal", "normal",
     "poisson", "standard_gamma", "triangular", "uniform")
)  # fmt: skip

# Where a traced value was last asked to be a number or an index: NumPy swallows our error there and raises its own,
# which the border turns back (transforms.translate). Overwritten by every asking: it is for messages alone.
asked: list[tuple[CodeType, int, bool] | None] = [None]


def remember(frame: FrameType | None, batched: bool) -> None:
    """Note the instruction that asks a traced value to be a number, an index or an array."""
    asked[0] = None if frame is None else (frame.f_code, instruction(frame.f_code, frame.f_lasti), batched)


def no_copy(frame: FrameType) -> bool:
    """Whether a frame asks for the array itself, in one of NumPy's words for it, and not for a copy to work on."""
    name = spelled_call(frame).rpartition(".")[2]
    return name in ("array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "require")


def asked_at(code: CodeType, at: int) -> bool:
    """Whether it was this instruction."""
    return asked[0] is not None and asked[0][:2] == (code, instruction(code, at))


def stores_now(code: CodeType, at: int) -> bool:
    """Whether an instruction is ``a[i] = v`` or ``a.flat = v``."""
    return code.co_code[instruction(code, at)] in _STORES


def stored(how: str = "a[i] = t", where: str | None = None) -> StoreError:
    """The error for a traced value stored into an ordinary array."""
    return StoreError(
        f"a traced value was stored with {how} into an ordinary array",
        "an ordinary array cannot carry a derivative",
        "make the array with np.zeros_like(t, shape=...) of a traced t, or put @ew.traced_buffers above the function; "
        "or gather the entries in a list and build the array at the end, np.array(entries) or ew.stack(entries); to "
        "replace some entries, a = np.where(mask, t, a)",
        where,
    )


def lost(conversion: str, batched: bool) -> EdgewiseError:
    """The error for ``float(t)``, ``int(t)``, ``t.item()``: on a batch, and on a value with a derivative."""
    frame = user_frame()
    remember(frame, batched)
    if frame is not None and stores_now(frame.f_code, frame.f_lasti):
        return stored()
    call = spelled_call(frame)
    if call.endswith(".fill"):
        return stored(f"{call}()")
    name = conversion if call in ("", "float", "int", "complex") or conversion.startswith(".") else f"{call}()"
    if batched:
        return BatchError(
            f"{name} asks for one ordinary number, and a batch has many",
            "under vmap the function runs once for the whole batch",
            "use NumPy's functions, which work on the whole batch, or loop over the members with ordinary Python",
        )
    found, function = _called(frame, call), call.rpartition(".")[2]
    twin = _RENAMED.get(function, function)
    if function == "arange":
        return StaticRoleError(
            f"{call} was given a traced value",
            "its arguments fix the length of the result, so nothing can be differentiated through them",
            f"count with ordinary numbers, and scale afterwards: t * np.arange(n), or {call}(ew.value(t))",
        )
    if _is_pythons(found) and hasattr(np, twin):
        instead = f"use NumPy's function, np.{twin}"
    elif name == "int()":
        instead = "round first, which says that no derivative is meant: int(np.floor(t)), or int(ew.value(t))"
    elif function == "fromiter":
        instead = "gather the entries in a list: np.array(list(entries)), or ew.stack(list(entries))"
    elif function == "astype" or (getattr(found, "__module__", None) or "").startswith("numpy"):
        instead = "build arrays of traced values with ew.stack([...]), or give the derivative up with ew.value(t)"
    elif name == conversion:
        instead = "use the value as it is, or ew.value(t) to give the derivative up"
    else:
        instead = f"write it with NumPy, or wrap the call with @ew.primitive; {call}(ew.value(t)) has no derivative"
    return ConversionError(
        f"{name} of a traced value would lose its derivative",
        "it asks for an ordinary Python number, which cannot carry one",
        instead,
    )


def lost_in(function: object, name: str) -> ConversionError | None:
    """The error where the function to differentiate is itself one for ordinary numbers: ``ew.grad(math.sin)``."""
    twin = _RENAMED.get(name, name)
    if _is_pythons(function) and hasattr(np, twin):
        instead = f"use NumPy's function, np.{twin}"
    elif _is_pythons(function) or any(function is kind for kind in (float, int, complex)):
        instead = "write it with NumPy, or give its derivative with @ew.primitive"
    else:
        return None
    return ConversionError(
        f"{name} was to be differentiated",
        "it is for ordinary Python numbers, which cannot carry a derivative",
        instead,
    )


def _is_pythons(function: object) -> bool:
    return getattr(function, "__module__", "") in ("cmath", "math", "statistics")


def _called(frame: FrameType | None, call: str) -> object:
    """The function that a frame spells as ``call``, looked up without running anything; None where it is not found."""
    if frame is None or not call:
        return None
    head, *attributes = call.split(".")
    found = frame.f_locals.get(head, frame.f_globals.get(head))
    for attribute in attributes:
        found = getattr(found, attribute, None) if isinstance(found, ModuleType) else None
    return found


def index_refused(call: str, batched: bool, where: str | None = None) -> EdgewiseError:
    """The error for a traced real number, or a batch of integers, where plain integers are needed."""
    if batched:
        return BatchError(
            f"{call or 'an index, a length or an axis'} was given a batch where one integer is needed",
            "under vmap the function runs once for the whole batch",
            "choose with np.where: np.sum(np.where(np.arange(len(a)) == i, a, 0)) is a[i] for every member",
            where,
        )
    return StaticRoleError(
        f"{call or 'an index, a length or an axis'} was given a traced real number where an integer is needed",
        "integers fix shapes and choose entries, so nothing can be differentiated through them",
        "say which integer is meant: int(np.floor(t)), or int(ew.value(t))",
        where,
    )


def no_integer(batched: bool) -> EdgewiseError:
    """The error for ``operator.index(t)``: a length, an axis, a place in a list."""
    frame = user_frame()
    remember(frame, batched)
    return index_refused(spelled_call(frame), batched)


_STACK: Final = "build the array with ew.stack([...]), which makes one traced array"


def no_object(dtype: np.dtype[Any]) -> ConversionError:
    """The error for an entry of an object array that does not calculate as Python's own numbers do."""
    if dtype.kind == "c":
        return ConversionError(
            "a complex traced value was put into an ordinary array",
            "it would be an array of Python objects, and of those NumPy before 2.5 says that the imaginary part is 0: "
            "np.imag and np.real would be silently wrong",
            _STACK,
        )
    return ConversionError(
        f"a traced value of dtype {dtype} was put into an ordinary array",
        "it would be an array of Python objects, which has no dtype to promote: beside a float64 array it would "
        f"still calculate in {dtype}, silently",
        f"{_STACK}, or calculate in double precision: t.astype(float)",
    )


def no_complex_entry() -> ConversionError:
    """The error for a real traced number that an operator makes complex, where it may be an entry of an array."""
    return ConversionError(
        "a traced number met a complex one, after np.array([...]) of traced values had made an array of Python objects",
        "if the number is an entry of such an array, the result is one too, and of objects NumPy before 2.5 says that "
        "the imaginary part is 0: np.imag and np.real would be silently wrong",
        f"{_STACK}; for a number that is no entry, call the function: np.multiply(1j, t)",
    )


def complex_entry() -> ConversionError:
    """The error for an object array of traced values and complex numbers, which may have lost its imaginary part."""
    return ConversionError(
        "an object array of traced values, complex numbers or imaginary parts was used",
        "of objects NumPy before 2.5 says that the imaginary part is 0: np.imag and np.real would be silently wrong",
        _STACK,
    )


def narrow_entry(dtype: np.dtype[Any]) -> ConversionError:
    """The error for an object array of traced values and narrow numbers, which have calculated on their own."""
    return ConversionError(
        f"an object array with traced values and a number of dtype {dtype} in it was used",
        f"an array would have promoted that number; an entry of objects goes on calculating in {dtype}, silently",
        _STACK,
    )


def no_array(dtype: np.dtype[Any], batched: bool) -> EdgewiseError:
    """The error for an ordinary array of numbers made of a traced value."""
    frame = user_frame()
    call = spelled_call(frame)
    if frame is not None and stores_now(frame.f_code, frame.f_lasti):
        return stored()
    if call.endswith((".put", ".fill", ".fill_diagonal")):
        return stored(f"{call}()")
    if dtype.kind in "iu":
        return index_refused(call, batched)
    name = f"{call}()" if call else "np.asarray(t, dtype)"
    if call.rpartition(".")[2] in _DRAWS:
        return ConversionError(
            f"{name} was given a traced value",
            "a draw from a distribution is an ordinary number, whatever its parameters are",
            "draw from a fixed distribution, and shift and scale what comes: mean + std * rng.standard_normal(n)",
        )
    if batched:
        return BatchError(
            f"{name} asks for an ordinary {dtype} array, and a batch is not one",
            "under vmap the function runs once for the whole batch",
            "use the value as it is; build arrays with np.array([...]) without a dtype, or ew.stack([...])",
        )
    return ConversionError(
        f"{name} asks for an ordinary {dtype} array, and a traced value cannot become one",
        "an ordinary array cannot carry a derivative, so the result would lose it",
        "use the value as it is, np.array([...]) without a dtype, or ew.stack([...]); to give the derivative up, "
        "ew.value(t)",
    )


def no_number_in(dtype: np.dtype[Any]) -> ConversionError:
    """The error for text, dates and records made of a traced value."""
    return ConversionError(
        f"a traced value was converted to the dtype {dtype}",
        "what that dtype holds has no derivative, and whatever is read out of it again would have none",
        "convert what you print or keep: ew.value(t).astype(dtype)",
    )


def static_role(name: str, role: str) -> StaticRoleError:
    """The error for a traced value given to a parameter that fixes shapes or kinds."""
    if role == "initial=":
        return StaticRoleError(
            f"{name} was given a traced value as initial=",
            "edgewise takes the start of a reduction for a fixed number",
            "combine it afterwards: np.sum(x) + t, np.maximum(np.max(x), t)",
        )
    return StaticRoleError(
        f"{name} was given a traced value as {role}",
        "that argument decides the shape or the kind of the result, so nothing can be differentiated through it",
        "pass an ordinary number there: int(np.floor(t)), or int(ew.value(t))",
    )


def no_number(operand: object) -> ArgumentError:
    """The error for an operand that is neither a number nor an array of numbers."""
    names = fields_of(operand)
    return ArgumentError(
        f"{a_kind(operand)} met a traced value",
        "edgewise differentiates numbers and arrays of numbers",
        f"take a field of it: r[{names[0]!r}]"
        if names
        else "convert it first: float(v) for a number, np.asarray(v, dtype=float) for an array",
    )


_SIGNATURE: Final = re.compile(r"[^ ]*\(\) ((got|missing|takes) .*?)(\. Did you mean .*)?")  # the guess: Python 3.13


def wrong_signature(name: str, error: TypeError) -> ArgumentError | None:
    """Python's complaint about the arguments of a declared function, under NumPy's name of it; None for any other."""
    trace, depth = error.__traceback__, 0
    while trace is not None:
        trace, depth = trace.tb_next, depth + 1
    found = _SIGNATURE.fullmatch(str(error))
    if found is None or depth > 2:  # raised by the call itself, or one lambda below it
        return None
    return ArgumentError(
        f"{name}() {found[1]}",
        "edgewise refuses arguments that it does not know, and never drops one",
        f"call {name} with NumPy's own arguments",
    )


_OPTIONS: Final = frozenset(("axes", "axis", "casting", "dtype", "order", "sig", "signature", "subok", "where"))
_HARMLESS: Final = {"casting": "same_kind", "dtype": None, "order": "K", "subok": True}


def refuse_options(name: str, options: Mapping[str, Any]) -> None:
    """Raise on keywords that NumPy knows and edgewise does not; their defaults may be given.

    Raises:
        ArgumentError: NumPy does not know it either.
        NotYetError: it would change the result.
    """
    unknown = [key for key in options if key not in _OPTIONS]
    if unknown:
        raise ArgumentError(
            f"{name}() got an unexpected keyword argument '{unknown[0]}'",
            "edgewise refuses arguments that it does not know, and never drops one",
            f"call {name} with NumPy's own arguments",
        )
    left = [key for key, value in options.items() if value != _HARMLESS.get(key, Mapping)]
    if left:
        raise NotYetError(
            f"{name} with {', '.join(f'{key}=' for key in left)} is not differentiated yet",
            "edgewise refuses arguments that it does not know, and never drops one",
            "leave it out, and change the operands or the result with astype, reshape or np.where",
        )
