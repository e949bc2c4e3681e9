"""What an expression may be, and that nothing else gets through."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import time

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

import edgewise as ew
from edgewise.cli.expressions import DEPTH, LENGTH, NODES, parse
from edgewise.cli.functions import functions
from edgewise.cli.problem import CommandError

POINT = {"a": 1.5, "b": -2.0, "x": np.array([1.0, 2.0, 3.0]), "A": np.array([[2.0, 1.0], [1.0, 3.0]])}


def value(text: str):
    f = parse(text, POINT)
    return f(*(POINT.get(name, 1.0) for name in f.names))


def outcome(text: str):
    """The value, or the error."""
    try:
        return value(text)
    except CommandError as error:
        return error


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("a", 1.5),
        ("-a**2", -2.25),
        ("2**-1", 0.5),
        ("(a*b + 1)**2", 4.0),
        ("7 % 4 / 2", 1.5),
        ("sum(x)", 6.0),
        ("sum(A, axis=0)", [3.0, 4.0]),
        ("sum(A, 1)", [3.0, 4.0]),
        ("A @ [1, 1]", [3.0, 4.0]),
        ("x[0] + x[-1]", 4.0),
        ("x[1:]", [2.0, 3.0]),
        ("x[::-1]", [3.0, 2.0, 1.0]),
        ("x[[0, 2]]", [1.0, 3.0]),
        ("A[:, 0]", [2.0, 1.0]),
        ("x[None, :] * [[1], [2]]", [[1, 2, 3], [2, 4, 6]]),
        ("where(x > 1, x, 0)", [0.0, 2.0, 3.0]),
        ("maximum(a, b)", 1.5),
        ("abs(b)", 2.0),
        ("asin(1)", math.pi / 2),
        ("2*pi + 0*e", 2 * math.pi),
        ("det(A)", 5.0),
        ("norm([3, 4])", 5.0),
        ("concatenate([x, [4]])", [1, 2, 3, 4]),
        ("stack([a, b])", [1.5, -2.0]),
        ("reshape(x, (3, 1))", [[1], [2], [3]]),
        ("einsum('i,i->', x, x)", 14.0),
        ("eigh(A)[0]", np.linalg.eigvalsh(POINT["A"])),
        ("linspace(0, 1, 5)[2]", 0.5),
        ("power(9, 30)", 9.0**30),  # integers would have wrapped around
        ("prod([9999, 9999, 9999, 9999, 9999])", 9999.0**5),
        ("kron(kron(kron(999, 999), kron(999, 999)), kron(kron(999, 999), 999))", 999.0**7),
        ("x[argsort(-x)]", [3.0, 2.0, 1.0]),
        ("  a", 1.5),
    ],
)
def test_an_expression_has_the_value_that_numpy_gives_it(text, right):
    np.testing.assert_allclose(value(text), right, rtol=1e-13)


def test_variables_come_in_the_order_of_their_first_use():
    assert parse("c + a*b + c*a").names == ("c", "a", "b")


def test_a_given_name_is_a_variable_even_where_mathematics_knows_it():
    assert parse("e*sin", ("e", "sin")).names == ("e", "sin")
    assert parse("sin(sin)", ("sin",))(0.5) == np.sin(0.5)
    assert parse("e").names == ()


def test_an_expression_is_a_function_to_every_transformation():
    f = parse("(a*b + c)**2")
    assert ew.grad(f, (0, 1, 2))(3.0, 2.0, 1.0) == (28.0, 42.0, 14.0)
    assert ew.hessian(f)(3.0, 2.0, 1.0) == 8.0
    np.testing.assert_allclose(ew.vmap(f)(np.ones(2), np.ones(2), np.arange(2.0)), [1.0, 4.0])


def test_letters_beyond_ascii_are_letters():
    assert parse("α**2 + β").names == ("α", "β")
    with pytest.raises(CommandError) as caught:
        parse("αβ + sine(a)")
    assert caught.value.column == 5  # Python counts bytes, people count letters


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("(a*b + c)^2", 9, "use ** for powers"),
        ("a +", 3, "ends too early"),
        ("", None, "there is no expression"),
        ("   ", None, "there is no expression"),
        ("sin(a", 3, "never closed"),
        ("a b", 2, "this is no expression"),
        ("sine(a)", 0, "did you mean sin?"),
        ("1 + sin", 4, "is a function, and is called: sin(x)"),
        ("np.sin(a)", 0, "without their module"),
        ("a.real", 0, "attributes are not read"),
        ("a if b else c", 2, "where(condition, a, b)"),
        ("a and b", 2, "logical_and"),
        ("lambda: 0", 0, "lambda"),
        ("(a := 1)", 3, "binds no names"),
        ("[i for i in x]", 3, "'for'"),
        ("max(a, b)", 0, "use maximum(a, b)"),
        ("a < b < c", 0, "two values at a time"),
        ("a is b", 2, "'is'"),
        ("a // b", 0, "operator"),
        ("~a", 0, "~"),
        ("a & b", 2, "where(a > 0, b, 0)"),
        ("f'{a}'", 2, "{"),
        ("b'x'", 0, "no part"),
        ("'x'", 0, "no number"),
        ("None", 0, "no number"),
        ("a\n", 1, "does not belong"),
        ("a\x00", 1, "does not belong"),
        ("\udcff", 0, "does not belong"),
        ("_a", 0, "begins with a letter"),
        ("sum(*x)", 4, "one by one"),
        ("sum(**x)", 6, "takes no **"),
        ("sum(x, out=x)", 11, "takes no out"),
        ("sum(x, dtype='O')", 13, "takes no dtype"),
        ("sum(x, axis=0, axis=1)", 20, "given twice"),
        ("(a)(b)", 1, "a product is written with *"),
        ("3(4)", 0, "a product is written with *"),
        ("1e999", 0, "larger than any float"),
        ("9" * 400, 0, "larger than any float"),
        ("2**1025", 3, "exponent may be at most 1024"),
        ("2**-1025", 3, "exponent may be at most 1024"),
        ("tile(a, 1000001)", 8, "at most 1000000"),
        ("a" * 65, 0, "at most 64 characters"),
        ("(" * 51, 50, "nested more than 50 deep"),
        ("a" + "+a" * 2047, None, "parts"),
        ("-" * 400 + "a", None, "nested"),
        ("a" + "**a" * 200, None, f"more than {DEPTH} deep"),
        (",".join("a" * 2000), None, f"more than {NODES} parts"),
        ("a" * (LENGTH + 1), None, "4097 characters"),
    ],
)
def test_what_is_no_expression_is_told_in_one_line_at_its_place(text, column, words):
    with pytest.raises(CommandError) as caught:
        parse(text, "ab")
    assert words in caught.value.message
    assert caught.value.code == 2
    assert "\n" not in caught.value.message
    if column is not None:
        assert caught.value.column == column
        message, shown, caret = str(caught.value).split("\n")
        assert message.startswith("error: ")
        assert caret.strip() == "^"
        assert len(caret) <= len(shown) + 1


def test_a_long_chain_is_not_deep():
    assert parse("+".join("a" * 900))(1.0) == 900.0


ESCAPES = [
    "__import__('os').system('touch broken')",
    "().__class__.__bases__[0].__subclasses__()",
    "[].__class__",
    "''.__class__",
    "(1).__class__",
    "a.__class__.__mro__",
    "sin.__globals__",
    "getattr(a, 'real')",
    "eval('1')",
    "exec('1')",
    "open('broken', 'w')",
    "compile('1', '', 'eval')",
    "globals()",
    "vars()",
    "breakpoint()",
    "input()",
    "print(a)",
    "type(a)",
    "object()",
    "load('x.npy')",
    "loadtxt('x')",
    "fromfile('x')",
    "frompyfunc(a, 1, 1)",
    "vectorize(a)",
    "sin.__call__(1)",
    "sum.reduce(x)",
    "add.at(x, 0, 1)",
    "f'{a.__class__}'",
    "'{0.__class__}'.format(a)",
    "'%s' % a",
    "'x' * 999",
    "[a for a in [1]][0]",
    "(lambda: 1)()",
    "(a := 1)",
    "yield a",
    "await a",
    "a if 1 else b",
    "{1: 2}[1]",
    "{1, 2}",
    "x[a.b]",
    "x[__import__('os')]",
    "apply_along_axis(eval, 0, x)",
    "`ls`",
    "$(ls)",
    "a; b",
    "import os",
    "astype(x, 'O')",
    "ｅｖａｌ(a)",
]


@pytest.mark.parametrize("text", ESCAPES)
def test_nothing_but_mathematics_gets_through(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError):
        value(text)
    assert list(tmp_path.iterdir()) == []


def test_python_is_asked_to_parse_and_never_to_run_or_to_open(tmp_path):
    """Python tells an audit hook whenever it compiles, runs or opens something. Parsing counts as compiling."""
    program = tmp_path / "audited.py"
    program.write_text(f"""if True:
        import contextlib, sys
        from edgewise.cli.expressions import parse
        from edgewise.cli.problem import CommandError
        told, armed = set(), False
        sys.addaudithook(lambda event, args: told.add(event) if armed else None)
        parse("(a*b + c)**2")(3.0, 2.0, 1.0)  # all that is needed is imported
        armed = True
        for text in {["(a*b + c)**2", *ESCAPES]!r}:
            with contextlib.suppress(CommandError):
                f = parse(text, ("a", "x"))
                f(*[1.0] * len(f.names))
        armed = False
        print(sorted(told - {{"compile", "object.__getattr__", "sys._getframe"}}))
    """)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "text",
    [
        "tile(tile(tile(x, 999), 999), 999)",
        "broadcast_to(1.5, (999, 999, 999))",
        "pad(x, (999, 999)) @ transpose([x])",
        "reshape(tile(x, 999), (2997, 1)) * tile(x, 999)",
        "reshape(tile(x, 999), (2997, 1)) @ reshape(tile(x, 999), (1, 2997))",
        "diag(diag(tile(x, 999)))",
        "svd(reshape(tile(x, 999), (2997, 1)))",
        "meshgrid(x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x)",
        "kron(x," * 30 + "x" + ")" * 30,
        "outer(x," * 30 + "x" + ")" * 30,
        "convolve(tile(x, 999), tile(tile(x, 99), 99))",
        "roots(tile(x, 999))",
        "polyint(x, 999999)",
        "diff(x, 999999)",
        "array_split(x, 999999)",
        "resize(x, (999, 999, 999))",
        "full_like(x, 1, shape=(999, 999, 999))",
        "sum(tile(x, 999)[:, None, None] * tile(x, 999)[None, :, None] * tile(x, 999))",
        "einsum('i,j,k,l->', tile(x, 999), tile(x, 999), tile(x, 999), tile(x, 999))",
        "tensordot(tile(x, 999), tile(x, 999), 0)",
        "+".join(["sum(tile(tile(x, 999), 999))"] * 100),
        "+".join(["sum(inv(reshape(linspace(0, 1, 900), (30, 30)) @ ones_like(A[0, 0])))"] * 9),
    ],
)
def test_a_short_expression_cannot_ask_for_a_terabyte_or_an_hour(text):
    begin = time.process_time()
    made = outcome(text)
    assert not isinstance(made, CommandError) or made.code == 1
    assert time.process_time() - begin < 10


# -- fuzz

WORDS = [
    *"abxA",
    *"()[],+-*/@%<:.=",
    "**",
    "==",
    "1",
    "2.5",
    "1e9",
    "999",
    "'same'",
    "axis=0",
    "_",
    "__class__",
    "lambda",
]
WORDS += [
    "if",
    "\\",
    "{",
    "}",
    "α",
    "é",
    "^",
    "0x1f",
    "1j",
    "None",
    "True",
    "...",
    "!",
    "~",
    "exec",
    "open",
    "import",
    "pi",
]


def attempt(text: str) -> None:
    """A value, or one line."""
    made = outcome(text)
    if isinstance(made, CommandError):
        assert made.message.isprintable()
        assert made.code in (1, 2)
        assert made.column is None or 0 <= made.column <= len(text)
        assert all(line.isprintable() for line in str(made).split("\n"))
    else:
        assert np.asarray(made).dtype.kind in "fiubc"


@hypothesis.given(st.text(max_size=40))
def test_any_text_is_a_value_or_one_line(text):
    attempt(text)


@hypothesis.given(
    st.lists(st.sampled_from([*WORDS, *sorted(functions()), *(f"{n}(" for n in sorted(functions()))]), max_size=20)
)
def test_any_words_are_a_value_or_one_line(words):
    attempt("".join(words))


def grown(rng: random.Random, depth: int) -> str:
    """A random expression that is well formed, mostly."""
    kind = rng.random()
    if depth == 0 or kind < 0.25:
        return rng.choice(["a", "b", "x", "A", "2", "0.5", "x[0]", "pi", "999", "-1"])
    if kind < 0.5:
        return (
            f"({grown(rng, depth - 1)}{rng.choice(['+', '-', '*', '/', '**', '@', '%', '<'])}{grown(rng, depth - 1)})"
        )
    if kind < 0.6:
        return f"[{', '.join(grown(rng, depth - 1) for _ in range(rng.randrange(1, 4)))}]"
    if kind < 0.7:
        return f"{grown(rng, depth - 1)}[{rng.choice(['0', '1:', 'None', '-1', '...', '[0, 1]', '99', '0, 0'])}]"
    operands = ", ".join(grown(rng, depth - 1) for _ in range(rng.choice([1, 1, 1, 2, 2, 3])))
    return f"{rng.choice(sorted(functions()))}({operands}{rng.choice(['', '', ', axis=0', ', keepdims=True'])})"


@hypothesis.given(st.integers(0, 2**32), st.integers(1, 5))
def test_any_well_formed_expression_is_a_value_or_one_line(seed, depth):
    attempt(grown(random.Random(seed), depth))
