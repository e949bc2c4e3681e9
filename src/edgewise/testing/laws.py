"""The laws: what holds for every declaration at every sample.

Each law is a function of a ``Declaration`` and a ``Case`` that raises ``CheckError`` where it is broken; ``LAWS`` lists
them, and ``applies`` says which of them a sample can be asked about. Nothing here knows a function by name: a row that
enters the book is under every law at once.

    value, single_precision,     what comes out is what NumPy computes, in NumPy's shape and dtype, in every mode
    calling                      whatever way NumPy lets it be called
    first_order                  every way to a first derivative, against an oracle that owes us nothing
    adjointness                  ⟨g, Jt⟩ = ⟨Jᵀg, t⟩; push and pull are linear
    second_order                 the four nestings agree, with each other and with an oracle; Hessians are symmetric
    batching, batched_gradients  a batch is the loop over its members, whatever is batched and wherever its axis is
    zero                         no derivative where there is none: the result is an ordinary value again
    edges                        on every edge: adjoint, algebra, pattern ⊇ truth, aliveness

Start with ``first_order``. The oracles are in ``oracles``, and what takes a sample apart in ``subject``.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core import walk
from edgewise.core.node import Edge, LinearNode
from edgewise.core.registry import Declaration, spelling
from edgewise.core.shapes import expand, unbroadcast
from edgewise.core.sweep import ancestors
from edgewise.core.traced import Traced
from edgewise.errors import BatchError, CheckError, StoreError
from edgewise.families.samples import Case
from edgewise.modes import Batched, Dual, Recorded
from edgewise.testing import oracles
from edgewise.testing.subject import Subject, flat, matrix_of, output_leaves, unflat
from edgewise.transforms.batching import vmap
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad
from edgewise.transforms.jacobian import jacobian
from edgewise.transforms.operator import linearize, vjp

__all__ = ["LAWS", "applies"]

ROUNDING = 1e-12  # relative to the largest entry: another order of summation, not another formula
NESTING = 1e-10  # between derivatives of second order, whose formulas differ
SINGLE = 2e-5  # float32
BATCH = 7  # a length no sample has, so that no axis is taken for the batch by accident
EXACT_FAMILIES = frozenset({"elementwise", "movement", "index", "join", "zero"})  # the same operation, bit for bit


# -- values


def value(declaration: Declaration, case: Case) -> None:
    """Recorded, Dual and Batched compute what NumPy computes."""
    subject = Subject(declaration, case)
    _same_values(subject, ROUNDING)


def single_precision(declaration: Declaration, case: Case) -> None:
    """The same for float32, alone and beside float64; every derivative has the dtype of what it belongs to."""
    double = Subject(declaration, case)
    count = len(double.leaves)
    expected = oracles.jacobian(double) if double.differentiable else None
    for positions in {tuple(range(count)), *((i,) for i in range(count))}:
        subject = double.in_single(positions)
        _same_values(subject, SINGLE)
        if expected is not None:
            _single_derivatives(subject, expected)


def _single_derivatives(subject: Subject, expected: Any) -> None:
    rng = np.random.default_rng(5)
    outputs = subject(*subject.leaves)
    weights = [w.astype(y.dtype) for w, y in zip(subject.random(rng, "outputs"), outputs, strict=True)]
    tangents = [t.astype(x.dtype) for t, x in zip(subject.random(rng), subject.leaves, strict=True)]
    every = tuple(range(len(subject.leaves)))
    scale = np.abs(expected).max(initial=1.0) * 4
    for way, found in {
        "vjp": vjp(subject, *subject.leaves)[1](tuple(weights)),
        "grad": grad(subject.scalar(weights), every)(*subject.leaves),
    }.items():
        _same_dtypes(subject, way, found, subject.leaves)
        _close(subject, way, flat(found), expected.T @ flat(weights), SINGLE, scale)
    values, pushed = jvp(subject, subject.leaves, tangents)
    _same_dtypes(subject, "jvp", pushed, outputs)
    _same_dtypes(subject, "the value of jvp", values, outputs)
    _close(subject, "jvp", flat(pushed), expected @ flat(tangents), SINGLE, scale)


def _same_values(subject: Subject, rtol: float) -> None:
    exact = subject.declaration.kind in EXACT_FAMILIES
    rtol = 0.0 if exact else rtol
    for mode, made in {
        "Recorded": lambda m, v: m.lift(v),
        "Dual": lambda m, v: m.lift(v, np.ones_like(v)),
    }.items():
        with {"Recorded": Recorded, "Dual": Dual}[mode]() as running:
            lifted = [made(running, v) for v in subject.leaves]
            found = [_own_value(y, running) for y in output_leaves(subject.call(*lifted))]
        _same_results(subject, f"the value under {mode}", found, output_leaves(subject.result), rtol)
    if not subject.leaves:
        return
    points = subject.variants(BATCH)
    with Batched(BATCH) as batch:
        lifted = [batch.lift(np.stack(stack)) for stack in zip(*points, strict=True)]
        try:
            made_batch = output_leaves(subject.call(*lifted))
        except BatchError:
            if _may_refuse(subject):
                return
            raise
        members = [[_member(y, batch, i) for y in made_batch] for i in range(BATCH)]
    for i, (point, found) in enumerate(zip(points, members, strict=True)):
        expected = output_leaves(subject.call(*point))
        _same_results(subject, f"member {i} under Batched", found, expected, rtol)


def _own_value(y: Any, mode: Any) -> Any:
    return y.value if isinstance(y, Traced) and y.mode is mode else y


def _member(y: Any, batch: Batched, i: int) -> Any:
    return y.value[i] if isinstance(y, Traced) and y.mode is batch else y


def _may_refuse(subject: Subject) -> bool:
    """Only where one answer must serve all members (a length, a truth value), and no derivative is at stake."""
    return subject.declaration.kind == "composition" and not subject.smooth


def calling(declaration: Declaration, case: Case) -> None:
    """Arguments by name, and by position with the defaults written out, as NumPy's own signature has them."""
    try:
        signature = inspect.signature(declaration.function)
    except ValueError:  # NumPy tells nothing about this one
        return
    function = declaration.function
    if isinstance(function, np.ufunc) or not spelling(function).startswith("np."):
        return  # a ufunc takes operands by position and the options of all ufuncs; our own functions have one spelling
    subject = Subject(declaration, case)
    for what, spelled in {"by name": _by_name, "by position": _by_position}.items():
        with Recorded() as mode:
            given, options = subject.arguments([mode.lift(v) for v in subject.leaves])
            args, kwargs = spelled(signature, signature.bind(*given, **options).arguments)
            found = [_own_value(y, mode) for y in output_leaves(declaration.function(*args, **kwargs))]
        _same_results(subject, f"the value with arguments {what}", found, output_leaves(subject.result), ROUNDING)


def _by_name(signature: inspect.Signature, given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Whatever may be named is, and so are the defaults."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    parameters = signature.parameters
    more = any(parameters[name].kind is inspect.Parameter.VAR_POSITIONAL for name in given)  # nothing before it has a name
    for name, parameter in parameters.items():
        value = given.get(name, parameter.default)
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += given.get(name, ())
        elif parameter.kind is parameter.VAR_KEYWORD:
            kwargs |= given.get(name, {})
        elif value is np._NoValue or value is parameter.empty:
            continue
        elif parameter.kind is parameter.POSITIONAL_ONLY or (more and parameter.kind is not parameter.KEYWORD_ONLY):
            args.append(value)
        else:
            kwargs[name] = value
    return args, kwargs


def _by_position(signature: inspect.Signature, given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments and defaults one after the other, as far as that goes."""
    args: list[Any] = []
    rest = dict(given)
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += rest.pop(name, ())
        value = rest.get(name, parameter.default)
        if parameter.kind is parameter.KEYWORD_ONLY or value is np._NoValue or value is parameter.empty:
            break
        if parameter.kind is not parameter.VAR_KEYWORD:
            args.append(rest.pop(name, value))
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            rest |= rest.pop(name, {})
    return args, rest


# -- first derivatives


def first_order(declaration: Declaration, case: Case) -> None:
    """jvp, vjp, grad, linearize and both Jacobians, against the oracle of the row."""
    subject = Subject(declaration, case)
    rtol = oracles.ACCURACY[declaration.oracle][0]
    expected = oracles.jacobian(subject)
    scale = np.abs(expected).max(initial=0.0)
    if declaration.oracle == "difference":  # whose rounding is that of the values
        scale = max(scale, np.abs(flat(subject(*subject.leaves))).max(initial=0.0))
    rng = np.random.default_rng(1)
    every = tuple(range(len(subject.leaves)))

    def compare(way: str, found: Any, right: Any) -> None:
        _close(subject, f"{way}, against the oracle {declaration.oracle!r}", found, right, rtol, scale)

    for mode in ("forward", "reverse"):
        blocks = jacobian(subject, every, mode=mode)(*subject.leaves)
        compare(f"jacobian, {mode}", _assembled(blocks, subject), expected)
    operator = linearize(subject, *subject.leaves)[1]
    compare("linearize", operator.todense(), expected)
    for _ in range(2):
        t, g = subject.random(rng), subject.random(rng, "outputs")
        along, back = expected @ flat(t), expected.T @ flat(g)
        compare("jvp", flat(jvp(subject, subject.leaves, t)[1]), along)
        compare("J @ t", flat(operator @ _seed(t)), along)
        compare("vjp", flat(vjp(subject, *subject.leaves)[1](tuple(g))), back)
        compare("J.H @ g", operator.H.matvec(flat(g)), back)
        compare("grad", flat(grad(subject.scalar(g), every)(*subject.leaves)), back)
    for row, e in zip(expected, np.eye(len(expected)), strict=True):
        pulled = vjp(subject, *subject.leaves)[1](tuple(unflat(e, subject(*subject.leaves))))
        compare("vjp, one output", flat(pulled), row)
    for i in every:  # one argument alone: the others are constants, and nothing is kept for them
        if not _dispatches(subject, (i,)):
            continue
        part = flat([grad(subject.scalar(g), i)(*subject.leaves)])
        start = sum(int(np.size(x)) for x in subject.leaves[:i])
        compare(f"grad in argument {i} alone", part, back[start : start + part.size])


def _dispatches(subject: Subject, chosen: Sequence[int]) -> bool:
    """Whether NumPy hands the call to us when only these operands are traced: np.full_like looks at its first alone.

    Where it does not, the call ends in a store into an ordinary array, which is refused aloud.
    """
    if len(chosen) == len(subject.leaves):
        return True
    try:
        with Recorded() as mode:
            subject.call(*(mode.lift(v) if i in chosen else v for i, v in enumerate(subject.leaves)))
    except StoreError:
        return False
    return True


def _seed(t: Sequence[Any]) -> Any:
    return tuple(t) if len(t) > 1 else t[0]


def _assembled(blocks: Any, subject: Subject) -> Any:
    """Blocks of a Jacobian (outputs × leaves) as one matrix."""
    outputs = subject(*subject.leaves)
    rows = [
        np.concatenate([np.reshape(b, (np.size(y), np.size(x))) for b, x in zip(row, subject.leaves, strict=True)], 1)
        for row, y in zip(blocks, outputs, strict=True)
    ]
    return np.concatenate(rows)


def adjointness(declaration: Declaration, case: Case) -> None:
    """⟨g, Jt⟩ = ⟨Jᵀg, t⟩ between every push and every pull, and both are linear."""
    subject = Subject(declaration, case)
    rng = np.random.default_rng(2)
    t, other, g, third = (subject.random(rng, kind) for kind in ("leaves", "leaves", "outputs", "outputs"))
    a, b = 1.75, -0.4
    operator = linearize(subject, *subject.leaves)[1]
    push = {
        "J @ t": lambda v: flat(operator @ _seed(v)),
        "jvp": lambda v: flat(jvp(subject, subject.leaves, v)[1]),
    }
    pull = {
        "vjp": lambda w: flat(vjp(subject, *subject.leaves)[1](tuple(w))),
        "grad": lambda w: flat(grad(subject.scalar(w), tuple(range(len(subject.leaves))))(*subject.leaves)),
    }
    for (one, forward), (two, backward) in itertools.product(push.items(), pull.items()):
        pushed, pulled = forward(t), backward(g)
        scale = np.abs(pushed).max(initial=0.0) + np.abs(pulled).max(initial=0.0)
        _close(subject, f"⟨g, Jt⟩ = ⟨Jᵀg, t⟩ ({one}, {two})", flat(g) @ pushed, pulled @ flat(t), ROUNDING, scale)
    for way, linear, p, q in [
        *((w, f, t, other) for w, f in push.items()),
        *((w, f, g, third) for w, f in pull.items()),
    ]:
        combined = linear([a * x + b * y for x, y in zip(p, q, strict=True)])
        apart = a * linear(p) + b * linear(q)
        _close(subject, f"linearity of {way}", combined, apart, ROUNDING, np.abs(apart).max(initial=1.0))


# -- second derivatives


def second_order(declaration: Declaration, case: Case) -> None:
    """Forward over reverse, reverse over forward, reverse over reverse and forward over forward are one Hessian."""
    subject = Subject(declaration, case)
    rng = np.random.default_rng(3)
    weights = subject.random(rng, "outputs")
    pairs = [(subject.random(rng), subject.random(rng)) for _ in range(2)]
    h = subject.scalar(weights)
    every = tuple(range(len(subject.leaves)))
    x = subject.leaves
    truth, source = oracles.curvature(subject, weights, pairs)

    blocks = jacobian(grad(h, every), every, mode="forward")(*x)
    hessian = _square(blocks, x)
    scale = max(np.abs(hessian).max(initial=0.0), 1.0)
    _close(subject, "the Hessian is symmetric", hessian, hessian.T, NESTING, scale)
    backwards = _square(jacobian(grad(h, every), every, mode="reverse")(*x), x)
    _close(subject, "the Hessian by rows and by columns", backwards, hessian, NESTING, scale)
    for (u, v), expected in zip(pairs, truth, strict=True):
        product = hessian @ flat(v)

        def slope(*xs: Any, v: Any = v) -> Any:
            return jvp(h, xs, v)[1]

        def along(*xs: Any, v: Any = v) -> Any:
            return sum(np.sum(g * t) for g, t in zip(grad(h, every)(*xs), v, strict=True))

        nestings = {
            "forward over reverse": flat(jvp(grad(h, every), x, v)[1]),
            "reverse over forward": flat(grad(slope, every)(*x)),
            "reverse over reverse": flat(grad(along, every)(*x)),
        }
        for name, found in nestings.items():
            _close(subject, f"{name}, against the Hessian", found, product, NESTING, scale)
        twice = jvp(slope, x, u)[1]
        _close(subject, "forward over forward", twice, flat(u) @ product, NESTING, scale * product.size)
        _close(
            subject,
            f"the second derivative, against {source}",
            twice,
            expected,
            oracles.ACCURACY[source][1],
            scale * product.size,
        )


def _square(blocks: Any, x: Sequence[Any]) -> Any:
    rows = [
        np.concatenate([np.reshape(b, (np.size(p), np.size(q))) for b, q in zip(row, x, strict=True)], 1)
        for row, p in zip(blocks, x, strict=True)
    ]
    return np.concatenate(rows)


# -- batches


def batching(declaration: Declaration, case: Case) -> None:
    """``vmap`` is the loop over members: for every choice of batched operands, the batch axis first or last."""
    subject = Subject(declaration, case)
    points = subject.variants(BATCH)
    for chosen in _subsets(len(subject.leaves)):
        if not _dispatches(subject, chosen):
            continue
        for size in (BATCH, 1, 0) if len(chosen) == len(subject.leaves) else (BATCH,):
            members = [_mixed(subject.leaves, p, chosen) for p in points[:size]]
            results = [output_leaves(subject.call(*m)) for m in members]
            for axis in (0, -1):
                what = f"vmap over operands {chosen}, {size} members, axis {axis}"
                try:
                    found = vmap(lambda *xs: _arrays(subject.call(*xs)), _axes(subject, chosen, axis), axis)(
                        *_stacked(subject, members, chosen, axis)
                    )
                except BatchError:
                    if _may_refuse(subject):
                        return
                    raise
                for i, y in enumerate(_arrays(subject.result)):
                    expected = np.stack([r[i] for r in results], axis) if results else _none_of(y, axis)
                    _same_result(subject, what, found[i], expected, ROUNDING)


def batched_gradients(declaration: Declaration, case: Case) -> None:
    """vmap of grad, of jvp, and grad of a sum over vmap, are the loop."""
    subject = Subject(declaration, case)
    points = subject.variants(BATCH)
    rng = np.random.default_rng(4)
    weights, t = subject.random(rng, "outputs"), subject.random(rng)
    h = subject.scalar(weights)
    every = tuple(range(len(subject.leaves)))
    for chosen in _subsets(len(subject.leaves)):
        if not _dispatches(subject, chosen):
            continue
        members = [_mixed(subject.leaves, p, chosen) for p in points]
        stacks, axes = _stacked(subject, members, chosen, 0), _axes(subject, chosen, 0)
        looped = [grad(h, every)(*m) for m in members]
        scale = max(np.abs(flat(g)).max(initial=1.0) for g in looped)
        found = vmap(grad(h, every), axes)(*stacks)
        for i in every:
            expected = np.stack([g[i] for g in looped])
            _close(subject, f"vmap(grad), operands {chosen} batched", found[i], expected, ROUNDING, scale)
        through = grad(lambda *xs, axes=axes: np.sum(vmap(h, axes)(*xs)), every)(*stacks)
        for i in every:
            each = np.stack([g[i] for g in looped])
            expected = each if i in chosen else each.sum(0)
            _close(subject, f"grad(sum(vmap)), operands {chosen} batched", through[i], expected, ROUNDING, scale * BATCH)
        pushed = vmap(lambda *xs: jvp(subject, xs, t)[1], axes)(*stacks)
        looped_push = [jvp(subject, m, t)[1] for m in members]
        for i in range(len(subject.smooth)):
            expected = np.stack([p[i] for p in looped_push])
            largest = max(np.abs(expected).max(initial=1.0), scale)
            _close(subject, f"vmap(jvp), operands {chosen} batched", pushed[i], expected, ROUNDING, largest)


def _subsets(count: int) -> list[tuple[int, ...]]:
    return [c for n in range(1, count + 1) for c in itertools.combinations(range(count), n)]


def _mixed(base: Sequence[Any], other: Sequence[Any], chosen: Sequence[int]) -> list[Any]:
    return [other[i] if i in chosen else x for i, x in enumerate(base)]


def _stacked(subject: Subject, members: Sequence[Any], chosen: Sequence[int], axis: int) -> list[Any]:
    return [
        x if i not in chosen else np.stack([m[i] for m in members], axis) if members else _none_of(x, axis)
        for i, x in enumerate(subject.leaves)
    ]


def _none_of(x: Any, axis: int) -> Any:
    """A batch without members of arrays like ``x``."""
    x = np.asarray(x)
    return np.zeros((0, *x.shape) if axis == 0 else (*x.shape, 0), x.dtype)


def _axes(subject: Subject, chosen: Sequence[int], axis: int) -> tuple[int | None, ...]:
    return tuple(axis if i in chosen else None for i in range(len(subject.leaves)))


def _arrays(result: Any) -> tuple[Any, ...]:
    """The numbers among the leaves of a result: a dtype or a Python truth value has no batch."""
    return tuple(y for y in output_leaves(result) if hasattr(y, "dtype") and not isinstance(y, type))


# -- where there is no derivative


def zero(declaration: Declaration, case: Case) -> None:
    """Under Recorded and Dual the result is an ordinary value again; under Batched it remains a batch."""
    subject = Subject(declaration, case)
    for mode, lifted in (
        (Recorded(), lambda m, v: m.lift(v)),
        (Dual(), lambda m, v: m.lift(v, np.ones_like(v))),
    ):
        with mode as running:
            made = output_leaves(subject.call(*[lifted(running, v) for v in subject.leaves]))
        if any(isinstance(y, Traced) for y in made):
            _fail(subject, f"the result carries a derivative under {type(mode).__name__}", "there is none to carry")
    with Batched(BATCH) as batch:
        stacks = [np.stack(s) for s in zip(*subject.variants(BATCH), strict=True)]
        made = output_leaves(subject.call(*[batch.lift(s) for s in stacks]))
    if not all(isinstance(y, Traced) and y.mode is batch for y in made):
        _fail(subject, "the result is no batch under Batched", "its members differ")
    if subject.smooth and all(v.dtype.kind == "f" for v in subject.leaves):
        every = tuple(range(len(subject.leaves)))
        weights = subject.random(np.random.default_rng(6), "outputs")
        for x, g in zip(subject.leaves, grad(subject.scalar(weights), every)(*subject.leaves), strict=True):
            _same_result(subject, "the gradient", g, np.zeros_like(x), 0.0)


# -- edges


def edges(declaration: Declaration, case: Case) -> None:
    """Every map that the sample puts on an edge: adjoint, algebra, pattern ⊇ truth, aliveness."""
    subject = Subject(declaration, case)
    with Recorded() as mode, np.errstate(all="ignore"):
        made = output_leaves(subject.call(*[mode.lift(v) for v in subject.leaves]))
        roots = [y.payload for y in made if isinstance(y, Traced)]
        for node in walk.linearize(ancestors(roots), {}):
            for edge in node.edges:
                if _is_array(node) and _is_array(edge):
                    _edge(subject, node, edge)


def _is_array(end: LinearNode | Edge) -> bool:
    """Not the tuple of an operation's outputs, out of which parts are cut."""
    return type(end.dtype) is not tuple


def _edge(subject: Subject, node: LinearNode, edge: Edge) -> None:
    m = edge.map
    what = f"the edge {m!r} of {node.primitive.name}"

    def pushed(through: Any) -> Any:
        return matrix_of(lambda ts: [expand(through.push(ts[0]), node.shape)], [_blank(edge)])

    def pulled(through: Any) -> Any:
        return matrix_of(lambda gs: [unbroadcast(through.pull(gs[0]), edge.shape)], [_blank(node)])

    dense, back = pushed(m), pulled(m)
    scale = np.abs(dense).max(initial=1.0)
    _close(subject, f"{what}: pull is the transpose of push", back, dense.T, ROUNDING, scale)
    flipped = matrix_of(lambda gs: [unbroadcast(m.H.push(gs[0]), edge.shape)], [_blank(node)])
    _same_result(subject, f"{what}: .H pushes what it pulls", flipped, back, 0.0)
    _same_result(subject, f"{what}: .H.H is itself", pushed(m.H.H), dense, 0.0)

    pattern, pattern_back = pushed(m.pattern()), pulled(m.pattern())
    if np.any((dense != 0) & ~(pattern > 0)):
        _fail(subject, f"{what}: its pattern leaves out an entry that is not zero", "it must be nonzero there")
    if np.any(pattern < 0):
        _fail(subject, f"{what}: its pattern has negative entries", "they could cancel where aliveness is counted")
    _same_result(subject, f"{what}: the pattern's pull", pattern_back, pattern.T, ROUNDING)

    _close(subject, f"{what}: A + A", pushed(m + m), 2 * dense, ROUNDING, scale)
    _close(subject, f"{what}: (A + A).H", pulled(m + m), 2 * dense.T, ROUNDING, scale)
    if np.shape(m.push(_blank(edge))) == node.shape and np.shape(m.pull(_blank(node))) == edge.shape:
        gram = matrix_of(lambda ts: [(m.H @ m).push(ts[0])], [_blank(edge)])
        _close(subject, f"{what}: A.H @ A", gram, dense.T @ dense, ROUNDING, scale * scale * len(dense))
        outer = matrix_of(lambda gs: [(m @ m.H).H.push(gs[0])], [_blank(node)])
        _close(subject, f"{what}: (A @ A.H).H", outer, dense @ dense.T, ROUNDING, scale * scale * len(dense.T))
    _aliveness(subject, what, node, edge, dense, pattern)


def _blank(end: LinearNode | Edge) -> Any:
    return np.zeros(end.shape)[()]


def _aliveness(subject: Subject, what: str, node: LinearNode, edge: Edge, dense: Any, pattern: Any) -> None:
    """With some entries dead (and zero), the masked verbs give the plain result, and call alive what is reached."""
    rng = np.random.default_rng(7)
    begin: LinearNode | Edge
    end: LinearNode | Edge
    for begin, matrix, reach, verb, end, repair in (
        (edge, dense, pattern, edge.map.push_alive, node, expand),
        (node, dense.T, pattern.T, edge.map.pull_alive, edge, unbroadcast),
    ):
        alive = rng.random(begin.shape) < 0.6
        seed = np.where(alive, rng.uniform(0.5, 1.5, begin.shape), 0.0)[()]
        scale = np.abs(matrix).max(initial=1.0) * max(np.size(seed), 1)
        for mask in (np.asarray(alive), None):
            given = seed if mask is not None else rng.uniform(0.5, 1.5, begin.shape)[()]
            made, reached = verb(given, mask)
            expected = np.reshape(matrix @ np.ravel(given), end.shape)
            _close(subject, f"{what}: masked", repair(made, end.shape), expected, ROUNDING, scale)
            live = np.ones(end.shape, bool) if reached is None else repair(reached.astype(float), end.shape) > 0
            counted = np.ravel(np.ones(begin.shape) if mask is None else mask.astype(float))
            touched = np.reshape(reach @ counted, end.shape) > 0
            if np.any(touched & ~live):
                _fail(subject, f"{what}: calls an entry dead that an alive one reaches", "its derivative would be lost")
            if np.any(live & ~touched) and (mask is not None or edge.map.selects):
                _fail(subject, f"{what}: calls an entry alive that nothing alive reaches", "it could become NaN")


# -- comparisons


def _same_results(subject: Subject, what: str, found: Sequence[Any], expected: Sequence[Any], rtol: float) -> None:
    if len(found) != len(expected):
        _fail(subject, f"{what} has {len(found)} parts", f"NumPy returns {len(expected)}")
    for y, right in zip(found, expected, strict=True):
        _same_result(subject, what, y, right, rtol)


def _same_result(subject: Subject, what: str, found: Any, expected: Any, rtol: float) -> None:
    """Equal in kind, shape and dtype; and in value, up to ``rtol`` of the largest entry."""
    if not hasattr(expected, "dtype") or isinstance(expected, type):
        if found != expected:
            _fail(subject, f"{what} is {found!r}", f"NumPy returns {expected!r}")
        return
    if np.shape(found) != expected.shape:
        _fail(subject, f"{what} has shape {np.shape(found)}", f"it should have {expected.shape}")
    if np.asarray(found).dtype != expected.dtype:
        _fail(subject, f"{what} has dtype {np.asarray(found).dtype}", f"it should have {expected.dtype}")
    if rtol == 0.0 or expected.dtype.kind != "f":
        if not np.array_equal(found, expected, equal_nan=expected.dtype.kind == "f"):
            _fail(subject, f"{what} is {found!r}", f"it should be exactly {expected!r}")
        return
    _close(subject, what, found, expected, rtol, np.abs(expected).max(initial=0.0))


def _same_dtypes(subject: Subject, what: str, found: Sequence[Any], like: Sequence[Any]) -> None:
    for y, x in zip(found, like, strict=True):
        if y.dtype != x.dtype or np.shape(y) != np.shape(x):
            _fail(
                subject,
                f"{what} is of {y.dtype} and shape {np.shape(y)}",
                f"it belongs to a value of {x.dtype} and shape {np.shape(x)}",
            )


def _close(subject: Subject, what: str, found: Any, expected: Any, rtol: float, scale: Any) -> None:
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        _fail(subject, f"{what} has shape {found.shape}", f"it should have {expected.shape}")
    bound = rtol * max(float(scale), 1e-3)
    same = (found == expected) | ((found != found) & (expected != expected))  # infinities and NaN are compared as such
    error = np.abs(np.where(same, 0, found.astype(float)) - np.where(same, 0, expected))
    if not np.all(error <= bound):  # also where the error is NaN
        worst = np.unravel_index(int(np.argmax(np.where(np.isnan(error), np.inf, error))), error.shape)
        _fail(
            subject,
            f"{what} is {found[worst]!r}{f' at {[int(i) for i in worst]}' if worst else ''}",
            f"it should be {expected[worst]!r}, and may be off by {bound:.2g}",
        )


def _fail(subject: Subject, what: str, why: str) -> None:
    raise CheckError(f"{subject.name}: {what}", why, "", where="")


Law = Callable[[Declaration, Case], None]
LAWS: dict[str, Law] = {
    law.__name__: law
    for law in (
        value,
        calling,
        single_precision,
        first_order,
        adjointness,
        second_order,
        batching,
        batched_gradients,
        zero,
        edges,
    )
}
_ABOUT_DERIVATIVES = frozenset({"first_order", "adjointness", "second_order", "batched_gradients", "edges"})


def applies(law: str, declaration: Declaration, case: Case) -> bool:
    """Whether a law says anything about a sample: without a derivative there is nothing to compare."""
    subject = Subject(declaration, case)
    if law == "zero":
        return declaration.kind == "zero"
    if law in _ABOUT_DERIVATIVES:
        return subject.differentiable
    return bool(subject.leaves)
