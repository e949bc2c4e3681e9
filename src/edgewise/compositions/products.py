"""Products of arrays: each works out which axes meet, and leaves the rest to ``contract``."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from edgewise.compositions.declare import composition
from edgewise.core.contract import contract
from edgewise.core.pairing import conj
from edgewise.core.refusals import refuse_options
from edgewise.core.traced import Traced
from edgewise.families.samples import case, grid

LETTERS = string.ascii_letters
A, B, V, W = grid(2, 3), grid(3, 4, seed=1), grid(3), grid(3, seed=2)
BATCH, OTHER = grid(5, 2, 3), grid(5, 3, 4, seed=1)


def _ready(*operands: Any) -> list[Any]:
    return [a if hasattr(a, "__array_function__") else np.asarray(a) for a in operands]


def _must_match(n: int, m: int, what: str) -> None:
    if n != m:
        raise ValueError(f"{what}: the axes that are summed have lengths {n} and {m}")


@composition(
    np.matmul,
    [
        case(A, B), case(V, B), case(A, V), case(V, W), case(BATCH, OTHER), case(A, OTHER), case(BATCH, B),
        case(BATCH, V), case(V, OTHER), case(grid(1, 2, 3), OTHER), case(grid(4, 1, 2, 3), OTHER),
    ],
    "x1", "x2",
)  # fmt: skip
def matmul(x1: Any, x2: Any, /, **kwargs: Any) -> Any:
    if kwargs:
        refuse_options("np.matmul", kwargs)
    a, b = _ready(x1, x2)
    if not a.ndim or not b.ndim:
        raise ValueError("matmul: both operands need at least one axis; use * for scalars")
    _must_match(a.shape[-1], b.shape[-1] if b.ndim == 1 else b.shape[-2], "matmul")
    usual = _USUAL.get((a.ndim, b.ndim))
    if usual is not None:
        return contract(a, b, spec=usual)
    rows, columns = ("i" if a.ndim > 1 else ""), ("k" if b.ndim > 1 else "")
    a, batch_a, b, batch_b, batch = _shared_batch(a, a.ndim - 1 - len(rows), b, b.ndim - 1 - len(columns), "ijk")
    return contract(a, b, spec=f"{batch_a}{rows}j,{batch_b}j{columns}->{batch}{rows}{columns}")


_USUAL = {(1, 1): "j,j->", (1, 2): "j,jk->k", (2, 1): "ij,j->i", (2, 2): "ij,jk->ik"}


def _shared_batch(a: Any, lead_a: int, b: Any, lead_b: int, taken: str) -> tuple[Any, str, Any, str, str]:
    """Name leading axes that broadcast against each other, dropping those of length one that meet a longer one."""
    free = [c for c in LETTERS if c not in taken]
    batch = "".join(free[: max(lead_a, lead_b)])
    names_a, names_b = batch[len(batch) - lead_a :], batch[len(batch) - lead_b :]
    size_a, size_b = dict(zip(names_a, a.shape, strict=False)), dict(zip(names_b, b.shape, strict=False))
    for c in batch:
        if c in size_a and c in size_b and size_a[c] != size_b[c]:
            if size_a[c] == 1:
                a, names_a = np.squeeze(a, names_a.index(c)), names_a.replace(c, "")
            elif size_b[c] == 1:
                b, names_b = np.squeeze(b, names_b.index(c)), names_b.replace(c, "")
            else:
                raise ValueError(f"leading axes of lengths {size_a[c]} and {size_b[c]} do not broadcast")
    return a, names_a, b, names_b, batch


@composition(
    np.dot,
    [case(A, B), case(V, W), case(1.5, A), case(BATCH, B), case(A, grid(2, 3, 4, seed=4)), case(A, V)],
    "a", "b",
    methods=("dot",),
)  # fmt: skip
def dot(a: Any, b: Any, out: None = None) -> Any:
    a, b = _ready(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    left, right = LETTERS[: a.ndim], LETTERS[26 : 26 + b.ndim]
    at = max(b.ndim - 2, 0)
    _must_match(a.shape[-1], b.shape[at], "dot")
    others = right[:at] + left[-1] + right[at + 1 :]
    return contract(a, b, spec=f"{left},{others}->{left[:-1]}{others.replace(left[-1], '')}")


@composition(np.inner, [case(V, W), case(A, grid(4, 3, seed=1)), case(1.5, A), case(BATCH, V)], "a", "b")
def inner(a: Any, b: Any, /) -> Any:
    a, b = _ready(a, b)
    if not a.ndim or not b.ndim:
        return a * b
    _must_match(a.shape[-1], b.shape[-1], "inner")
    left, right = LETTERS[: a.ndim], LETTERS[26 : 25 + b.ndim]
    return contract(a, b, spec=f"{left},{right}{left[-1]}->{left[:-1]}{right}")


@composition(np.vdot, [case(V, W), case(A, grid(2, 3, seed=1))], "a", "b", oracle="difference")  # it conjugates
def vdot(a: Any, b: Any, /) -> Any:
    a, b = (np.ravel(x) for x in _ready(a, b))
    _must_match(a.size, b.size, "vdot")
    return contract(conj(a), b, spec="i,i->")


@composition(np.outer, [case(V, W), case(A, V)], "a", "b")
def outer(a: Any, b: Any, out: None = None) -> Any:
    a, b = (np.ravel(x) for x in _ready(a, b))
    return contract(a, b, spec="i,j->ij")


@composition(
    np.tensordot,
    [case(A, B, 1), case(BATCH, grid(3, 2, seed=1), ([1, 2], [1, 0])), case(V, W, 0), case(A, grid(2, 3, seed=1), 2)],
    "a",
    "b",
)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = _ready(a, b)
    if isinstance(axes, int | np.integer):
        first: list[Any] = list(range(a.ndim - int(axes), a.ndim))
        second: list[Any] = list(range(int(axes)))
    else:
        first, second = ([x] if isinstance(x, int | np.integer) else list(x) for x in axes)
    left, right = list(LETTERS[: a.ndim]), list(LETTERS[26 : 26 + b.ndim])
    if len(first) != len(second):
        raise ValueError("shape-mismatch for sum")
    for i, j in zip(first, second, strict=True):
        _must_match(a.shape[i], b.shape[j], "tensordot")
        right[j] = left[i]
    out = [c for c in left if c not in right] + [c for c in right if c not in left]
    return contract(a, b, spec=f"{''.join(left)},{''.join(right)}->{''.join(out)}")


@composition(
    np.einsum,
    [
        case("ij,jk->ik", A, B), case("ij,jk", A, B), case("ii->i", grid(3, 3)), case("ii", grid(3, 3)),
        case("ij->ji", A), case("ij->", A), case("...ij,jk->...ik", BATCH, B),
        case("ij,jk,kl->il", A, B, grid(4, 2, seed=2)),
        case("i,j->ij", V, W), case("i,ij,j", V, grid(3, 3), W),
        case("ij,ij->i", A, grid(2, 3, seed=5)),
        case(A, [0, 1], B, [1, 2], [0, 2]),
        case("iij,jk->ik", grid(2, 2, 3), B), case("ij,k->k", A, V), case("ij,ij->ij", A, grid(1, 3, seed=1)),
    ],
)  # fmt: skip
def einsum(*operands: Any, out: None = None, optimize: Any = False, **kwargs: Any) -> Any:
    if kwargs:
        refuse_options("np.einsum", {k: v for k, v in kwargs.items() if (k, v) != ("casting", "safe")})
    terms, arrays, wanted = _einsum_terms(operands)
    reduced = [
        _own_axes(a, t, set(wanted).union(*(terms[:i] + terms[i + 1 :])))
        for i, (a, t) in enumerate(zip(arrays, terms, strict=True))
    ]
    while len(reduced) > 1:
        i, j = _next_pair(reduced)
        (b, tb), (a, ta) = reduced.pop(j), reduced.pop(i)
        later = set(wanted).union(*(t for _, t in reduced))
        reduced.append(_pair(a, ta, b, tb, later))
    a, t = reduced[0]
    missing = [c for c in t if c not in wanted]
    if missing:
        a, t = np.sum(a, axis=tuple(t.index(c) for c in missing)), "".join(c for c in t if c in wanted)
    return np.transpose(a, [t.index(c) for c in wanted]) if t != wanted else a


def _einsum_terms(operands: tuple[Any, ...]) -> tuple[list[str], list[Any], str]:
    """Letters of each operand and of the result, ellipses and the interleaved spelling resolved."""
    if isinstance(operands[0], str):
        text, arrays = operands[0].replace(" ", ""), _ready(*operands[1:])
    else:
        numbers = list(operands[1 : 2 * (len(operands) // 2) : 2])
        arrays = _ready(*operands[0 : 2 * (len(operands) // 2) : 2])
        spell = ["".join("..." if n is Ellipsis else LETTERS[n] for n in term) for term in numbers]
        text = ",".join(spell)
        if len(operands) % 2:
            text += "->" + "".join("..." if n is Ellipsis else LETTERS[n] for n in operands[-1])
    left, arrow, result = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(arrays):
        raise ValueError(f"einsum has {len(terms)} terms for {len(arrays)} operands")
    free = [c for c in LETTERS if c not in text]
    rank = max(
        (a.ndim - len(t.replace("...", "")) for a, t in zip(arrays, terms, strict=True) if "..." in t), default=0
    )
    dots = "".join(free[:rank])
    full = []
    for a, t in zip(arrays, terms, strict=True):
        own = a.ndim - len(t.replace("...", ""))
        if own < 0 or (own and "..." not in t):
            raise ValueError(f"einsum term {t!r} does not fit an array with {a.ndim} axes")
        full.append(t.replace("...", dots[rank - own :]))
    if arrow:
        wanted = result.replace("...", dots)
    else:
        joined = "".join(full)
        wanted = dots + "".join(sorted(c for c in set(joined) if joined.count(c) == 1 and c not in dots))
    if len(set(wanted)) != len(wanted) or not set(wanted) <= set("".join(full)):
        raise ValueError(f"einsum result {wanted!r} repeats a letter or has one that no operand has")
    lengths: dict[str, int] = {}
    for a, t in zip(arrays, full, strict=True):
        for c, n in zip(t, a.shape, strict=True):
            if lengths.setdefault(c, n) == 1:
                lengths[c] = n
            elif n not in (1, lengths[c]):
                raise ValueError(f"einsum letter {c!r} has lengths {lengths[c]} and {n}")
    for i, (a, t) in enumerate(zip(arrays, full, strict=True)):
        for c in [c for c, n in zip(t, a.shape, strict=True) if n == 1 and lengths[c] != 1]:
            arrays[i] = np.squeeze(arrays[i], full[i].index(c))
            full[i] = full[i].replace(c, "", 1)
    return full, arrays, wanted


def _own_axes(a: Any, term: str, others: set[str]) -> tuple[Any, str]:
    """Take diagonals of repeated letters, and sum over letters that nobody else has."""
    for c in set(term):
        while term.count(c) > 1:
            i, j = term.index(c), term.rindex(c)
            a = np.diagonal(a, 0, i, j)
            term = term[:i] + term[i + 1 : j] + term[j + 1 :] + c
    alone = [i for i, c in enumerate(term) if c not in others]
    if alone:
        a = np.sum(a, axis=tuple(alone))
        term = "".join(c for c in term if c in others)
    return a, term


def _next_pair(items: list[tuple[Any, str]]) -> tuple[int, int]:
    """Greedy: the pair whose product is smallest, counted in entries."""
    if len(items) == 2:
        return 0, 1
    sizes: dict[str, int] = {}
    for a, t in items:
        sizes.update(zip(t, a.shape, strict=True))

    def cost(pair: tuple[int, int]) -> int:
        i, j = pair
        rest = set().union(*(t for k, (_, t) in enumerate(items) if k not in pair))
        n = 1
        for c in (set(items[i][1]) | set(items[j][1])) & rest:
            n *= sizes[c]
        return n

    return min(((i, j) for j in range(len(items)) for i in range(j)), key=cost)


def _pair(a: Any, ta: str, b: Any, tb: str, later: set[str]) -> tuple[Any, str]:
    a, ta = _own_axes(a, ta, later | set(tb))
    b, tb = _own_axes(b, tb, later | set(ta))
    out = "".join(c for c in dict.fromkeys(ta + tb) if c in later)
    return contract(a, b, spec=f"{ta},{tb}->{out}"), out


def _matmul_operator(self: Traced, other: Any) -> Any:
    return matmul(self, other) if hasattr(other, "__array_function__") or isinstance(other, list) else NotImplemented


def _matmul_reflected(self: Traced, other: Any) -> Any:
    return matmul(other, self) if hasattr(other, "__array_function__") or isinstance(other, list) else NotImplemented


setattr(Traced, "__matmul__", _matmul_operator)  # noqa: B010  operators are installed where they are declared
setattr(Traced, "__rmatmul__", _matmul_reflected)  # noqa: B010  as above
