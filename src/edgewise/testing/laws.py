"""The laws: what holds for every declaration at every sample.

Each law is a function of a ``Declaration`` and a ``Case`` that raises ``CheckError`` where it is broken; ``LAWS`` lists
them, and ``applies`` says which of them a sample can be asked about. Nothing here knows a function by name: a row that
enters the book is under every law at once.

    value, single_precision,     what comes out is what NumPy computes, in NumPy's shape and dtype, in every mode
    calling                      whatever way NumPy lets it be called
    first_order                  every way to a first derivative, against an oracle that owes us nothing
    adjointness                  ⟨g, Jt⟩ = ⟨Jᵀg, t⟩; push and pull are linear
    second_order                 the four nestings agree, with each other and with an oracle; Hessians are symmetric
    batching, nested_batches,    a batch is the loop over its members, whatever is batched and wherever its axis is
    batched_gradients
    ownership                    results are the caller's own: nobody else's memory, and free to be written to
    zero                         no derivative where there is none: the result is an ordinary value again
    compiled,                    what jit makes of it, and of its derivatives, is NumPy's value
    compiled_derivatives
    edges                        on every edge: adjoint, algebra, pattern ⊇ truth, aliveness

Start with ``first_order``. The oracles are in ``oracles``, and what takes a sample apart in ``subject``. Samples are of
real numbers; ``complex_laws`` makes functions of real and imaginary parts of them, which are under the same laws.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgewise.core.registry import Declaration, spelling
from edgewise.core.traced import Traced
from edgewise.errors import BatchError
from edgewise.families.samples import Case
from edgewise.families.samples import case as make_case
from edgewise.modes import Batched, Dual, Recorded
from edgewise.testing import oracles
from edgewise.testing.batch_laws import BATCH, batched_gradients, batching, nested_batches
from edgewise.testing.compare import NESTING, ROUNDING, SINGLE, close, fail, same_dtypes, same_result, same_results
from edgewise.testing.compiled_laws import compiled, compiled_derivatives
from edgewise.testing.edge_laws import edges
from edgewise.testing.subject import Subject, flat, output_leaves, unflat
from edgewise.transforms.batching import vmap
from edgewise.transforms.forward import jvp
from edgewise.transforms.gradient import grad
from edgewise.transforms.jacobian import jacobian
from edgewise.transforms.operator import linearize, vjp

__all__ = ["LAWS", "applies"]

SEEDS = 8  # unit seeds that are tried one by one
EXACT_FAMILIES = frozenset({"elementwise", "movement", "index", "join", "zero"})  # the same operation, bit for bit

Vector = Callable[[Sequence[Any]], Any]  # of leaves


# -- values


def value(declaration: Declaration, case: Case) -> None:
    """Recorded, Dual and Batched compute what NumPy computes; also where a sample asks for no derivative."""
    subject = Subject(declaration, case if case.wrt else make_case(*case.args, **case.kwargs))
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
        same_dtypes(subject, way, found, subject.leaves)
        close(subject, way, flat(found), expected.T @ flat(weights), SINGLE, scale)
    values, pushed = jvp(subject, subject.leaves, tangents)
    same_dtypes(subject, "jvp", pushed, outputs)
    same_dtypes(subject, "the value of jvp", values, outputs)
    close(subject, "jvp", flat(pushed), expected @ flat(tangents), SINGLE, scale)


def _same_values(subject: Subject, rtol: float) -> None:
    exact = subject.declaration.kind in EXACT_FAMILIES
    rtol = 0.0 if exact else rtol
    for mode in (Recorded, Dual):
        with mode() as running:
            found = [_own_value(y, running) for y in output_leaves(subject.call(*_lifted(running, subject.leaves)))]
        same_results(subject, f"the value under {mode.__name__}", found, output_leaves(subject.result), rtol)
    if not subject.leaves:
        return
    points = subject.variants(BATCH)
    with Batched(BATCH) as batch:
        lifted = [batch.lift(np.stack(stack)) for stack in zip(*points, strict=True)]
        try:
            made_batch = output_leaves(subject.call(*lifted))
        except BatchError:
            if subject.may_refuse_batches:
                return
            raise
        members = [[_member(y, batch, i) for y in made_batch] for i in range(BATCH)]
    for i, (point, found) in enumerate(zip(points, members, strict=True)):
        expected = output_leaves(subject.call(*point))
        same_results(subject, f"member {i} under Batched", found, expected, rtol)


def _lifted(mode: Recorded | Dual, leaves: Sequence[Any]) -> list[Traced]:
    """Inputs of a mode that differentiates, with any tangent."""
    return [mode.lift(v, np.ones_like(v)) if isinstance(mode, Dual) else mode.lift(v) for v in leaves]


def _own_value(y: Any, mode: Any) -> Any:
    return mode.lower(y)


def _member(y: Any, batch: Batched, i: int) -> Any:
    return batch.lower(y)[i] if isinstance(y, Traced) and y.mode is batch else y


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
        given, options = subject.arguments(subject.leaves)
        args, kwargs = spelled(signature, signature.bind(*given, **options).arguments)
        try:
            function(*args, **kwargs)
        except TypeError:  # the signature promises more than NumPy keeps
            continue
        with Recorded() as mode:
            given, options = subject.arguments([mode.lift(v) for v in subject.leaves])
            args, kwargs = spelled(signature, signature.bind(*given, **options).arguments)
            found = [_own_value(y, mode) for y in output_leaves(declaration.function(*args, **kwargs))]
        same_results(subject, f"the value with arguments {what}", found, output_leaves(subject.result), ROUNDING)


def _by_name(signature: inspect.Signature, given: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Whatever may be named is, and so are the defaults."""
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    parameters = signature.parameters
    # nothing before *args can be named
    more = any(parameters[name].kind is inspect.Parameter.VAR_POSITIONAL for name in given)
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
        close(subject, f"{way}, against the oracle {declaration.oracle!r}", found, right, rtol, scale)

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
    for row, e in zip(expected[:SEEDS], np.eye(len(expected))[:SEEDS], strict=True):
        pulled = vjp(subject, *subject.leaves)[1](tuple(unflat(e, subject(*subject.leaves))))
        compare("vjp, one output", flat(pulled), row)
    for i in every:  # one argument alone: the others are constants, and nothing is kept for them
        if not subject.dispatches((i,)):
            continue
        part = flat([grad(subject.scalar(g), i)(*subject.leaves)])
        start = sum(int(np.size(x)) for x in subject.leaves[:i])
        compare(f"grad in argument {i} alone", part, back[start : start + part.size])


def _seed(t: Sequence[Any]) -> Any:
    return tuple(t) if len(t) > 1 else t[0]


def _assembled(blocks: Any, subject: Subject) -> Any:
    """Blocks of a Jacobian (outputs × leaves) as one matrix, complex outputs as real and imaginary parts."""
    rows = []
    for row, y in zip(blocks, subject(*subject.leaves), strict=True):
        parts = [np.reshape(b, (np.size(y), np.size(x))) for b, x in zip(row, subject.leaves, strict=True)]
        band = np.concatenate(parts, 1)
        rows += [np.real(band), np.imag(band)] if y.dtype.kind == "c" else [band]
    return np.concatenate(rows)


def adjointness(declaration: Declaration, case: Case) -> None:
    """⟨g, Jt⟩ = ⟨Jᵀg, t⟩ between every push and every pull, and both are linear."""
    subject = Subject(declaration, case)
    rng = np.random.default_rng(2)
    t, other, g, third = (subject.random(rng, kind) for kind in ("leaves", "leaves", "outputs", "outputs"))
    a, b = 1.75, -0.4
    operator = linearize(subject, *subject.leaves)[1]
    push: dict[str, Vector] = {
        "J @ t": lambda v: flat(operator @ _seed(v)),
        "jvp": lambda v: flat(jvp(subject, subject.leaves, v)[1]),
    }
    pull: dict[str, Vector] = {
        "vjp": lambda w: flat(vjp(subject, *subject.leaves)[1](tuple(w))),
        "grad": lambda w: flat(grad(subject.scalar(w), tuple(range(len(subject.leaves))))(*subject.leaves)),
    }
    for (one, forward), (two, backward) in itertools.product(push.items(), pull.items()):
        pushed, pulled = forward(t), backward(g)
        scale = np.abs(pushed).max(initial=0.0) + np.abs(pulled).max(initial=0.0)
        close(subject, f"⟨g, Jt⟩ = ⟨Jᵀg, t⟩ ({one}, {two})", flat(g) @ pushed, pulled @ flat(t), ROUNDING, scale)
    for way, linear, p, q in [
        *((w, f, t, other) for w, f in push.items()),
        *((w, f, g, third) for w, f in pull.items()),
    ]:
        combined = linear([a * x + b * y for x, y in zip(p, q, strict=True)])
        apart = a * linear(p) + b * linear(q)
        close(subject, f"linearity of {way}", combined, apart, ROUNDING, np.abs(apart).max(initial=1.0))


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
    close(subject, "the Hessian is symmetric", hessian, hessian.T, NESTING, scale)
    backwards = _square(jacobian(grad(h, every), every, mode="reverse")(*x), x)
    close(subject, "the Hessian by rows and by columns", backwards, hessian, NESTING, scale)
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
            close(subject, f"{name}, against the Hessian", found, product, NESTING, scale)
        twice = jvp(slope, x, u)[1]
        close(subject, "forward over forward", twice, flat(u) @ product, NESTING, scale * product.size)
        close(
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


# -- results


def ownership(declaration: Declaration, case: Case) -> None:
    """Results may be written to, and share memory with no argument, no seed and no other result."""
    subject = Subject(declaration, case)
    rng = np.random.default_rng(8)
    every = tuple(range(len(subject.leaves)))
    t, g = subject.random(rng), subject.random(rng, "outputs")
    x, operator = subject.leaves, linearize(subject, *subject.leaves)[1]
    for way, made in {
        "jvp": jvp(subject, x, t),
        "vjp": (vjp(subject, *x)[0], vjp(subject, *x)[1](tuple(g))),
        "grad": grad(subject.scalar(g), every)(*x),
        "linearize": (operator @ _seed(t), operator.H @ (tuple(g))),
        "vmap": vmap(subject, 0)(*(np.stack([v, v]) for v in x)) if not declaration.ragged else (),
        "jacobian": jacobian(subject, every)(*x),
    }.items():
        results = [y for y in output_leaves(made) if isinstance(y, np.ndarray)]
        for i, y in enumerate(results):
            if not y.flags.writeable:
                fail(subject, f"an array returned by {way} is read-only", "it is the caller's")
            for other in (*results[:i], *t, *g, *x):
                if np.may_share_memory(y, other):
                    fail(subject, f"an array returned by {way} shares memory", "writing to it would be seen elsewhere")


# -- where there is no derivative


def zero(declaration: Declaration, case: Case) -> None:
    """Under Recorded and Dual the result is an ordinary value again; under Batched it remains a batch."""
    subject = Subject(declaration, case)
    for mode in (Recorded, Dual):
        with mode() as running:
            made = output_leaves(subject.call(*_lifted(running, subject.leaves)))
        if any(isinstance(y, Traced) for y in made):
            fail(subject, f"the result carries a derivative under {mode.__name__}", "there is none to carry")
    with Batched(BATCH) as batch:
        stacks = [np.stack(s) for s in zip(*subject.variants(BATCH), strict=True)]
        made = output_leaves(subject.call(*[batch.lift(s) for s in stacks]))
    if not all(isinstance(y, Traced) and y.mode is batch for y in made):
        fail(subject, "the result is no batch under Batched", "its members differ")
    if subject.smooth and all(v.dtype.kind == "f" for v in subject.leaves):
        every = tuple(range(len(subject.leaves)))
        weights = subject.random(np.random.default_rng(6), "outputs")
        for x, g in zip(subject.leaves, grad(subject.scalar(weights), every)(*subject.leaves), strict=True):
            same_result(subject, "the gradient", g, np.zeros_like(x), 0.0)


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
        nested_batches,
        batched_gradients,
        ownership,
        zero,
        edges,
        compiled,
        compiled_derivatives,
    )
}
_ABOUT_DERIVATIVES = frozenset(
    {"first_order", "adjointness", "second_order", "batched_gradients", "ownership", "edges", "compiled_derivatives"}
)


def applies(law: str, declaration: Declaration, case: Case) -> bool:
    """Whether a law says anything about a sample: without a derivative there is nothing to compare."""
    if law == "value":
        return True
    subject = Subject(declaration, case)
    if law == "zero":
        return declaration.kind == "zero"
    if law == "batched_gradients" and declaration.ragged:
        return False
    if law in _ABOUT_DERIVATIVES:
        return subject.differentiable
    return bool(subject.leaves)
