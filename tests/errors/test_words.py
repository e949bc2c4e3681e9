"""The parts of a message: the user's line, what he called, what a value is; and the tree of exceptions."""

from __future__ import annotations

import inspect
import linecache
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgewise as ew
from edgewise import errors
from edgewise.errors import EdgewiseError, StoreError, a_kind, is_library, spelled_call, user_frame, user_line

CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, EdgewiseError)]


# -- the tree


def test_the_tree_at_the_top_of_the_file_is_the_tree() -> None:
    drawn = re.findall(r"([├└│ ]*)(?:[├└]── )?(\w+Error) .*?(?:\((\w+)\))?$", errors.__doc__, re.MULTILINE)
    names = {name: (len(indent), builtin) for indent, name, builtin in drawn}
    assert {c.__name__ for c in CLASSES} == {"EdgewiseError", *names}
    for cls in CLASSES[1:]:
        _, builtin = names[cls.__name__]
        assert issubclass(cls, getattr(__builtins__, builtin, None) or __builtins__[builtin])
    for cls in CLASSES[1:]:
        above = cls.__mro__[1]
        lines = [name for _, name, _ in drawn]
        if above is not EdgewiseError:
            assert names[cls.__name__][0] > names[above.__name__][0]
            assert lines.index(above.__name__) < lines.index(cls.__name__)


def test_every_class_is_exported_and_documented() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    for cls in CLASSES:
        assert cls.__name__ in errors.__all__
        assert inspect.getdoc(cls)
        assert cls.__name__ in docs


def test_a_message_has_its_parts_in_order() -> None:
    error = StoreError("what", "why", "instead", "file.py:3")
    assert str(error) == "file.py:3: what\n  why: why\n  instead: instead"
    assert (error.where, error.what, error.why, error.instead) == ("file.py:3", "what", "why", "instead")
    assert str(StoreError("what", where="")) == "what"
    assert str(StoreError("what", "why", where="f:1")) == "f:1: what\n  why: why"


def test_every_class_can_be_pickled_and_copied() -> None:
    import copy
    import pickle

    for cls in CLASSES:
        error = cls("what", "why", "instead", "file.py:3")
        for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert type(other) is cls
            assert str(other) == str(error)


# -- the line


def test_user_line_is_relative_to_the_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    assert user_line() == f"test_words.py:{inspect.currentframe().f_lineno}"
    monkeypatch.chdir(Path(__file__).parent / "mistakes")
    assert user_line() == f"{__file__}:{inspect.currentframe().f_lineno}"


def test_libraries_and_python_are_not_the_user() -> None:
    assert is_library(np.__file__)
    assert is_library(errors.__file__)
    assert is_library(os.__file__)
    assert is_library("<frozen importlib._bootstrap>")
    assert is_library("numpy/random/_generator.pyx")
    assert not is_library(__file__)
    assert not is_library("<stdin>")
    assert not is_library(os.path.join(os.path.dirname(os.__file__), "site-packages", "theirs", "model.py"))


def test_errors_under_the_interactive_prompt() -> None:
    program = "import edgewise as ew\newgrad = ew.grad(lambda x: 'a')\nnewgrad = ewgrad(1.0)\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "edgewise.errors.OutputError: <string>:3: <lambda> returned a str" in done.stderr


def test_user_frame_where_there_is_no_user() -> None:
    namespace: dict[str, Any] = {"user_line": user_line, "user_frame": user_frame}
    code = compile("line, frame = user_line(), user_frame()", errors.__file__, "exec")
    before = sys.getrecursionlimit()
    exec(code, namespace)
    assert namespace["frame"] is not None  # pytest's
    assert sys.getrecursionlimit() == before


# -- what was called


class Probe:
    """Tells how the line that asks it for a number spells the call."""

    def __float__(self) -> float:
        SPELLED.append(spelled_call(user_frame().f_back))
        return 0.0


SPELLED: list[str] = []


def spelled(source: str) -> str:
    name = f"<spelled {source}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    import math

    exec(compile(source, name, "exec"), {"t": Probe(), "math": math, "np": np, "f": lambda x: float})
    return SPELLED[-1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("math.sin(t)", "math.sin"),
        ("float(t)", "float"),
        ("1.0 + math.sin( t ) * 2", "math.sin"),
        ("y = [math.cos(t) for _ in [1]]", "math.cos"),
        ("math.atan2(\n  1.0,\n  t,\n)", "math.atan2"),
        ("'é' + str(math.sin(t))", "math.sin"),
        ("np.zeros(2).fill(t)", ""),
        ("f(0)(t)", ""),
        ("(math.sin)(t)", ""),
        ("math.sin(float(t))", "float"),
        ("math.sin(t); math.cos(0.0)", "math.sin"),
    ],
)
def test_spelled_call(source: str, expected: str) -> None:
    assert spelled(source) == expected


def test_spelled_call_without_source() -> None:
    import math

    exec(compile("math.sin(t)", "<no source>", "exec"), {"t": Probe(), "math": math})
    assert SPELLED[-1] == ""
    assert spelled_call(None) == ""


def test_a_kind() -> None:
    assert [a_kind(v) for v in (None, 1, "a", 1.0, [], {}, object())] == [
        "None", "an int", "a str", "a float", "a list", "a dict", "an object",
    ]  # fmt: skip
    assert a_kind(np.zeros(2)) == "an array of dtype float64"
    assert a_kind(np.array(1)) == "a number of dtype int64"
    assert a_kind(np.float32(1)) == "a float32"


# -- where rules run


def test_the_line_of_an_error_in_a_rule_is_the_call_of_the_transformation(refused: Any) -> None:
    bad = ew.primitive(pull=lambda g: np.ones(5))(lambda x: 2 * x)
    refused(lambda: ew.grad(lambda x: np.sum(bad(x)))(np.ones(2)), errors.DeclarationError, "returned shape (5,)")
