"""Traced arrays that share memory: what a store into one of them means for all the others.

Most arrays are never stored into, and most of their views never notice. So an array is an ordinary ``TracedArray`` with
a value and a payload, a view remembers where it came from (``alias``), its root holds it weakly, and no operation looks
at either. The first store into any of them turns the root and all its live views, once, into ``Aliased`` arrays: the
same objects in another class, whose value and payload are asked of a common ``Memory``. What reads ``t.value`` reads
what NumPy's memory would hold now.

* ``Memory``: the content of the root, a traced array that belongs to nobody else, so that a store updates it in place.
  Whoever reads the whole of it takes it out of our hands, and the next store copies it first (copy on write); reading a
  part copies that part.
* ``View``: how one array looks at it: the movements (index, transpose, reshape) that lead there from the root, and its
  places: positions in the root, found by applying the movements to ``0, 1, 2, ...``. A store through a view is a store
  at those positions. NumPy itself indexes the places, so an index means here what it means there.

Whether a reshape is a view or a copy is NumPy's to say: it is asked of the memory below all levels, and of the places.
"""

from __future__ import annotations

from typing import Any
from weakref import ref as reference

import numpy as np

from edgewise.core.index import ARRAY, fill, gather
from edgewise.core.levels import beneath
from edgewise.core.registry import ENTRIES
from edgewise.core.traced import (
    FOLLOWING,
    TRACED,
    Traced,
    TracedArray,
    TracedScalar,
    apply,
    bridged,
    cast_as,
    fixed,
    getitem,
)
from edgewise.core.updates import detach, put_into, taken_over
from edgewise.errors import StoreError

__all__ = [
    "Aliased",
    "AliasedScalar",
    "Diagonal",
    "Flat",
    "Memory",
    "View",
    "contiguous",
    "following",
    "memory_of",
    "pick",
    "view",
]

_SLOTS: tuple[Any, ...] = tuple(vars(Traced)[name] for name in Traced.__slots__)
_CLASS: Any = object.__dict__["__class__"]  # a traced array's own says other things to NumPy
_PARTS = {"real": np.real, "imag": np.imag}
_PRUNE = 16  # dead views that a root may remember at least


class Roots:
    """What the root of a family remembers, weakly: its views until they share a memory, object arrays made of it."""

    __slots__ = ("bridges", "limit", "views")

    def __init__(self) -> None:
        self.views: list[reference[Any]] = []
        self.bridges: list[reference[Any]] = []
        self.limit = _PRUNE

    def verify(self) -> None:
        """Raise if an object array is in use that a store would not reach.

        Raises:
            StoreError: what ``np.asarray`` made of the array is alive.
        """
        if any(r() is not None for r in self.bridges):
            raise StoreError(
                "a traced array was stored into while what np.asarray made of it is in use",
                "NumPy would show the store in both, and an object array of traced values does not follow",
                "use the array itself, or a copy: np.array(a)",
            )
        self.bridges.clear()

    def prune(self) -> None:
        """Forget the dead views; now and then, so that it costs nothing and their number stays bounded."""
        self.views[:] = [r for r in self.views if r() is not None]
        self.limit = 2 * len(self.views) + _PRUNE


class Diagonal(tuple[Any, ...]):
    """The index arrays of a diagonal of the last two axes, whose places NumPy has without a copy."""

    offset: int


class Memory:
    """The content that a family of arrays shares.

    Attributes:
        content: a traced array of the root's shape.
        owned: whether nobody else holds any part of it, on any level.
        version: counts the stores.
    """

    __slots__ = ("_places", "_strides", "content", "owned", "roots", "version")

    def __init__(self, root: Any, roots: Roots) -> None:
        self.content: Any = fixed(root)
        self.roots = roots
        self.owned = False
        self.version = 0
        self._places: Any = None
        inner = beneath(root)
        self._strides = inner.strides[inner.ndim - root.ndim :] if isinstance(inner, np.ndarray) else ()

    def places(self) -> Any:
        """The positions 0, 1, 2, ... in the root's shape, laid out in memory as the root is."""
        if self._places is None:
            shape = self.content.shape
            order = sorted(range(len(shape)), key=lambda i: -abs(self._strides[i]) if self._strides else i)
            memory = np.empty([shape[i] for i in order], np.intp)
            self._places = np.transpose(memory, np.argsort(order)) if order else memory
            self._places[...] = np.arange(self._places.size).reshape(shape)
        return self._places

    def put(self, v: Any, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> None:
        """Store ``v`` at an index of the root, in normal form and free of repeated entries."""
        if self.roots.bridges:
            self.roots.verify()
        if not self.owned:
            self.content, self.owned = taken_over(self.content), True
        self.content = put_into(self.content, v, arrays, template)
        self.version += 1

    def become(self, y: Any) -> None:
        """Store a whole new content, which others may hold."""
        self.roots.verify()
        self.content, self.owned = y, False
        self.version += 1


class View:
    """How one array looks at a memory.

    Attributes:
        memory: what it looks at.
        steps: the movements that lead from the root to it: primitive, further operands, parameters.
        writeable: False for what NumPy makes read-only (``np.broadcast_to``, ``np.diagonal``).
        part: "real" or "imag", where it shows that part of complex numbers; else "".
        seen: what was there when it was last read, at ``version``.
    """

    __slots__ = ("_places", "memory", "part", "seen", "steps", "version", "writeable")

    def __init__(self, memory: Memory, steps: tuple[Any, ...], writeable: bool, places: Any = None) -> None:
        self.memory = memory
        self.steps = steps
        self.writeable = writeable
        self.part = next((step[0].name for step in steps if step[0].name in _PARTS), "")
        self.seen: Any = None
        self.version = -1
        self._places = places

    @property
    def places(self) -> Any:
        """The positions in the root of its entries."""
        if self._places is None:
            places = self.memory.places()
            for step in self.steps:
                places = _further(places, *step)
            self._places = places
        return self._places

    def read(self) -> Any:
        """A traced array with what is there now, which no later store changes."""
        memory = self.memory
        if not self.steps:
            memory.owned = False
            return memory.content
        if self.version != memory.version:
            y = memory.content
            for primitive, extras, params in self.steps:
                y = primitive(y, *extras, **params)
            self.seen = detach(y) if memory.owned else y
            self.version = memory.version
        return self.seen

    def further(self, primitive: Any, extras: tuple[Any, ...], params: dict[str, Any], writeable: bool) -> Any:
        """The array one movement further: a view where NumPy makes one, else a copy."""
        here = self.places
        places = _further(here, primitive, extras, params)
        if not extras and np.ndim(places) and places.size and not np.may_share_memory(places, here):
            return primitive(self.read(), **params)
        return following(
            View(self.memory, (*self.steps, (primitive, extras, params)), self.writeable and writeable, places)
        )

    def pick(self, primitive: Any, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> Any:
        """A copy of the entries at an index, as fancy indexing makes it, without reading the rest."""
        memory = self.memory
        if self.steps:
            arrays, template = self.at(arrays, template)
        y = primitive(memory.content, *arrays, template=template)
        if self.part:
            y = _PARTS[self.part](y)
        return detach(y) if memory.owned else y

    def put(self, v: Any, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> None:
        """Store at an index of this view, in normal form and free of repeated entries."""
        self.memory.put(*self.completed(v, arrays, template))

    def completed(self, v: Any, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        """What is to be stored into the root, and where: of complex numbers, with the part that this view leaves."""
        arrays, template = self.at(arrays, template)
        if self.part:
            old = gather(self.memory.content, *arrays, template=template)
            v = v + 1j * np.imag(old) if self.part == "real" else np.real(old) + 1j * v
            v = cast_as(v, old.dtype)
        return v, arrays, template

    def at(self, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """An index of this view as one of the root."""
        if not self.steps:
            return arrays, template
        whole = not arrays and all(item == slice(None) for item in template)
        if whole and len(self.steps) == 1 and not self.steps[0][1] and "template" in self.steps[0][2]:
            return (), self.steps[0][2]["template"]
        places = getitem(self.places, fill(template, arrays))
        return along_axes(places, self.memory.content.shape)


def _further(places: Any, primitive: Any, extras: tuple[Any, ...], params: dict[str, Any]) -> Any:
    """Places, one movement further; both parts of a complex number are in one place."""
    if type(extras) is Diagonal:
        return np.diagonal(places, extras.offset, -2, -1)  # as it lies in memory
    return places if primitive.name in _PARTS else primitive.compute((places, *extras), params)


def along_axes(places: Any, shape: tuple[int, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Positions in an array of ``shape`` as an index in normal form."""
    if not isinstance(places, Traced):
        arrays = np.unravel_index(places, shape)
        return ((), tuple(map(int, arrays))) if np.ndim(places) == 0 else (arrays, (ARRAY,) * len(shape))
    found: list[Any] = []
    rest: Any = places
    for n in reversed(shape):
        found.insert(0, rest % n)
        rest = rest // n
    return tuple(found), (ARRAY,) * len(shape)


class _Follows:
    """The attributes of an array that shares memory: those of what is there now."""

    __slots__ = ()
    alias: View

    @property
    def value(self) -> Any:
        return self.alias.read().value

    @property
    def payload(self) -> Any:
        return self.alias.read().payload

    @property
    def mode(self) -> Any:
        return self.alias.memory.content.mode

    @property
    def dtype(self) -> Any:
        alias = self.alias
        dtype = alias.memory.content.dtype
        return np.empty(0, dtype).real.dtype if alias.part else dtype

    @property
    def shape(self) -> tuple[int, ...]:
        alias = self.alias
        shape: tuple[int, ...] = alias.places.shape if alias.steps else alias.memory.content.shape
        return shape


class Aliased(_Follows, TracedArray):
    """A traced array that has been stored into, or shares memory with one that has."""

    __slots__ = ()


class AliasedScalar(_Follows, TracedScalar):
    """A view without axes: ``a[0, ...]``, which is no copy."""

    __slots__ = ("__weakref__", "alias")


class Flat(Aliased):
    """``a.flat``: the entries in a row, a store into which repeats what is too short, as NumPy's does."""

    __slots__ = ("base",)


FOLLOWING.update((Aliased, AliasedScalar, Flat))
TRACED.update(FOLLOWING)


def following(look: View, cls: Any = None) -> Any:
    """A new array that looks at a memory."""
    t = object.__new__(cls or (Aliased if look.places.ndim else AliasedScalar))
    t.alias = look
    return t


def view(
    primitive: Any, x: Any, extras: tuple[Any, ...] = (), *, writeable: bool = True, scalar: bool = False, **params: Any
) -> Any:
    """Apply a movement whose result NumPy makes a view of its operand.

    Args:
        primitive: the movement.
        x: its operand, traced or not.
        extras: further operands: index arrays; a ``Diagonal``.
        writeable: whether NumPy lets the view be stored into.
        scalar: whether a result without axes is a view as well, and not a number.
        params: the parameters of the primitive.
    """
    kind = type(x)
    if kind in FOLLOWING:
        return x.alias.further(primitive, extras, params, writeable)
    y: Any = apply(primitive, (x, *extras), params)
    if kind is TracedArray:
        if type(y) is TracedArray:
            if "target" not in params or _shares(y, x):
                alias: Any = getattr(x, "alias", None)
                if alias is None:
                    alias = x.alias = Roots()
                root, family = (x, alias) if type(alias) is Roots else (alias[0], alias[0].alias)
                views = family.views
                if len(views) >= family.limit:
                    family.prune()
                views.append(reference(y))
                y.alias = (root, x, (primitive, extras, params), writeable)
        elif scalar:
            return memory_of(x).further(primitive, extras, params, writeable)
    return y


def _shares(y: Any, x: Any) -> bool:
    """Whether a reshape was a view: NumPy's own answer, below all levels."""
    after = beneath(y)
    return not isinstance(after, np.ndarray) or np.may_share_memory(after, beneath(x))


def contiguous(x: Any, order: str = "C") -> bool:
    """Whether an array lies in memory in one row, as NumPy would have it."""
    if type(x) in FOLLOWING:
        if any(extras and type(extras) is not Diagonal for _, extras, _ in x.alias.steps):
            return bool(x.size < 2)  # windows, which overlap
        shape, strides, item = x.shape, x.alias.places.strides, x.alias.places.itemsize
    else:
        alias, inner = getattr(x, "alias", None), beneath(x)
        while type(alias) is tuple:
            if alias[2][1]:  # the value is a copy of ours
                memory_of(x)
                return contiguous(x, order)
            alias = getattr(alias[1], "alias", None)
        if not isinstance(inner, np.ndarray):
            return True
        shape, strides, item = x.shape, inner.strides[inner.ndim - x.ndim :], inner.itemsize
    for n, stride in zip(shape[::-1], strides[::-1], strict=True) if order == "C" else zip(shape, strides, strict=True):
        if n != 1 and stride != item:
            return 0 in shape
        item *= n
    return True


def memory_of(x: Any) -> View:
    """How an array looks at its memory; from now on it follows that, with its root and all its views."""
    if type(x) in FOLLOWING:
        look: View = x.alias
        return look
    alias = getattr(x, "alias", None)
    root = alias[0] if type(alias) is tuple else x
    family = getattr(root, "alias", None) or Roots()
    memory = Memory(root, family)
    _follow(root, View(memory, (), True))
    for one in family.views:
        y = one()
        if y is not None:
            _, parent, step, writeable = y.alias
            before = parent.alias
            look = View(memory, (*before.steps, step), before.writeable and writeable)
            look.seen, look.version = fixed(y), 0
            _follow(y, look)
    family.views.clear()
    made: View = x.alias
    return made


def _bridged(t: Any, array: Any) -> None:
    if type(t) in FOLLOWING:
        roots = t.alias.memory.roots
    else:
        alias: Any = getattr(t, "alias", None)
        if alias is None:
            alias = t.alias = Roots()
        roots = alias if type(alias) is Roots else alias[0].alias
    roots.bridges.append(reference(array))


ENTRIES[bridged] = _bridged


def _follow(x: Any, look: View) -> None:
    """Turn a traced array into one that looks at a memory: the same object, in another class."""
    _CLASS.__set__(x, Aliased)
    for slot in _SLOTS:
        slot.__delete__(x)  # or they would keep old contents alive
    x.alias = look


def pick(primitive: Any, x: Any, arrays: tuple[Any, ...], template: tuple[Any, ...]) -> Any:
    """Index where NumPy makes a copy: by arrays, or down to a number."""
    if type(x) in FOLLOWING:
        return x.alias.pick(primitive, arrays, template)
    return primitive(x, *arrays, template=template)
