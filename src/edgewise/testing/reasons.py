"""Why a function of NumPy's has no derivative, in one place: groups of names under the reason that they share.

``REASONS`` is about functions that take no differentiable number, or give none. ``THROUGH`` lists those that do, and
that NumPy never hands to us: their own bodies run on traced values, and one call of each is shown. ``METHOD_CALLS``
says with which arguments a method of an array is tried. What has a row in the registry may stand in none of them: a
test holds that, and that no public function of the installed NumPy is forgotten (``testing.coverage``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["METHOD_CALLS", "METHOD_REASONS", "REASONS", "THROUGH"]

# Names as in ``numpy``; those of other namespaces with theirs in front.
_GROUPS: dict[str, str] = {
    "makes an array from lengths alone": """
        arange bartlett blackman empty eye hamming hanning identity indices ones tri zeros fft.fftfreq fft.rfftfreq
    """,
    "makes indices, from lengths and integers": """
        diag_indices diag_indices_from ix_ mask_indices ndindex ravel_multi_index tril_indices tril_indices_from
        triu_indices triu_indices_from unravel_index
    """,
    "about shapes alone": "broadcast broadcast_shapes einsum_path",
    "about dtypes alone": """
        can_cast dtype finfo iinfo isdtype issubdtype min_scalar_type mintypecode promote_types typename
    """,
    "a predicate about the kind of a value or the layout of its memory": """
        isfortran isscalar iterable
    """,
    "reads from files, buffers or text": """
        from_dlpack frombuffer fromfile fromregex fromstring genfromtxt load loadtxt memmap
    """,
    "writes to files": "save savetxt savez savez_compressed",
    "prints": """
        array2string array_repr array_str base_repr binary_repr format_float_positional format_float_scientific
        get_printoptions printoptions set_printoptions
    """,
    "NumPy's own state and tests": """
        errstate get_include getbufsize geterr geterrcall info linalg.test fft.test setbufsize seterr seterrcall
        show_config show_runtime test
    """,
    "dates and times": """
        busday_count busday_offset busdaycalendar datetime_as_string datetime_data is_busday isnat
    """,
    "packs bits of integers": "packbits unpackbits",
    "an exception": "linalg.LinAlgError",
    "a matrix or a record, which edgewise refuses by name": "asmatrix bmat matrix recarray",
    "fills an ordinary array with ordinary numbers; ew.stack(list(entries)) does it for traced values": "fromiter",
    "an iterator over the memory of ordinary arrays": "flatiter nditer nested_iters",
    "makes a function of Python objects; np.vectorize(f) is differentiated": "frompyfunc",
    "the class of ordinary arrays, which ew.stack and np.array make": "ndarray",
    "the class of NumPy's functions": "ufunc",
    "stores into its first argument, and is followed": "copyto fill_diagonal place put put_along_axis putmask",
}
SCALAR_TYPE = "a type of ordinary numbers, as float is"

REASONS: dict[str, str] = {f"np.{name}": reason for reason, names in _GROUPS.items() for name in names.split()}


def _through() -> dict[str, Callable[[Any], Any]]:
    return {
        "np.array": lambda x: np.array([x[0], 2 * x[1]]),
        "np.asarray": lambda x: np.asarray([x[0], 2 * x[1]]),
        "np.asanyarray": lambda x: np.asanyarray([x[0], 2 * x[1]]),
        "np.asarray_chkfinite": lambda x: np.asarray_chkfinite([x[0], 2 * x[1]]),
        "np.ascontiguousarray": lambda x: np.ascontiguousarray([x[0], 2 * x[1]]),
        "np.asfortranarray": lambda x: np.asfortranarray([x[0], 2 * x[1]]),
        "np.require": lambda x: np.require([x[0], 2 * x[1]]),
        "np.full": lambda x: np.full(3, x[0]),
        "np.fromfunction": lambda x: np.fromfunction(lambda i: x[0] * i, (3,)),
        "np.vectorize": np.vectorize(lambda a: a * a),
        "np.kaiser": lambda x: np.kaiser(5, x[0]),
        "np.ndenumerate": lambda x: sum(v * v for _, v in np.ndenumerate(x)),
        "np.poly1d": lambda x: np.poly1d(x)(0.5),
        "np.row_stack": lambda x: np.row_stack([x, x]),  # noqa: NPY201  deprecated, and still there
        "np.trapz": lambda x: np.trapz(x, dx=0.5),  # type: ignore[attr-defined]  # noqa: NPY201  until NumPy 2.4
    }


THROUGH = _through()

METHOD_CALLS: dict[str, tuple[Any, ...]] = {  # of a matrix 3×4
    "argpartition": (1,),
    "astype": (np.float32,),
    "clip": (-0.5, 0.5),  # NumPy 2.0 wants a bound
    "compress": ([True, False], 0),
    "dot": (np.ones((4, 2)),),
    "repeat": (2,),
    "reshape": ((4, 3),),
    "searchsorted": (0.3,),
    "swapaxes": (0, 1),
    "take": ([0, 2],),
}

METHOD_REASONS: dict[str, str] = {
    name: reason
    for reason, names in {
        "about the memory of an ordinary array": """
            base byteswap ctypes data device flags setflags strides to_device view
        """,
        "the bytes of ordinary numbers": "dump dumps getfield tobytes tofile tostring",
        "changes the memory of the array": "resize setfield",
        "gone since NumPy 2.0, which lists the name to say so": "itemset newbyteorder ptp",
        "stores into the array, and is followed": "fill partition put sort",
        "of integers; np.choose is differentiated with respect to the choices": "choose",
        "takes an entry out as an ordinary number; t[i] keeps its derivative": "item",
    }.items()
    for name in names.split()
}
