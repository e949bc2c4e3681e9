"""Values as they are typed."""

from __future__ import annotations

import contextlib

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from edgewise.cli.problem import CommandError
from edgewise.cli.values import assignment


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("-2", -2),
        (" 1e-3 ", 1e-3),
        ("1_000.5", 1000.5),
        ("inf", np.inf),
        ("1+2j", 1 + 2j),
        ("True", True),
        ("None", None),
        ("'mean'", "mean"),
        ("[1,2,3]", [1.0, 2.0, 3.0]),
        ("[ 1 , 2.5 ]", [1.0, 2.5]),
        ("[[1,2],[3,4]]", [[1.0, 2.0], [3.0, 4.0]]),
        ("[1,2j]", [1, 2j]),
    ],
)
def test_values(text, value):
    given = assignment(f"x={text}")
    assert given.name == "x"
    assert type(given.value) is (np.ndarray if isinstance(value, list) else type(value))
    np.testing.assert_array_equal(given.value, value)


def test_a_value_alone_has_no_name():
    assert (assignment("3").name, assignment("3").value) == ("", 3)


def test_names_that_python_takes_for_one_are_one():
    assert assignment("ﬁ=3").name == "fi"


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("x=", 2, "a value is missing"),
        ("x=abc", 2, "abc is no number"),
        ("x=1e999", 2, "larger than any float"),
        ("x=" + "9" * 400, 2, "larger than any float"),
        ("x=[1,2", 6, "not closed"),
        ("x=[1,2]]", 7, "has ended"),
        ("x=[1,2]3", 7, "like [1,2,3]"),
        ("x=[1,]", 5, "like [1,2,3]"),
        ("x=[1 2]", 5, "like [1,2,3]"),
        ("x=[,1]", 3, "like [1,2,3]"),
        ("x=[1,,2]", 5, "like [1,2,3]"),
        ("x=[]", 2, "empty"),
        ("x=[1,a]", 5, "a is no number"),
        ("x=[[1],[2,3]]", 2, "differ in length"),
        ("x=" + "[" * 40, 18, "deep"),
        ("x=@nowhere.npy", 2, "could not be read"),
        ("x=__import__('os')", 2, "no number"),
    ],
)
def test_what_is_no_value_is_told_at_its_place(text, column, said):
    with pytest.raises(CommandError) as caught:
        assignment(text)
    assert said in caught.value.message
    assert caught.value.column == column
    assert caught.value.code == 2


def test_files(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "a.npy", array)
    np.testing.assert_array_equal(assignment(f"x=@{tmp_path}/a.npy").value, array)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no array of numbers"),
        (b"not an array at all", "no array of numbers"),
        (b"\x93NUMPY\x01\x00\x05\x00abcde", "no array of numbers"),
        (b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,), }", "no array"),
    ],
)
def test_files_that_are_none(tmp_path, content, said):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(CommandError, match=said):
        assignment(f"x=@{tmp_path}/a.npy")


def test_pickles_are_refused_and_never_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "broken"), "w"))

    np.save(tmp_path / "a.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(CommandError, match="no array of numbers"):
        assignment(f"x=@{tmp_path}/a.npy")
    assert not (tmp_path / "broken").exists()


def test_a_file_of_texts_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array(["a", "b"]))
    with pytest.raises(CommandError, match="and no numbers"):
        assignment(f"x=@{tmp_path}/a.npy")


@hypothesis.given(st.text(alphabet="[],.0123456789-+ej a=@", max_size=30))
def test_any_text_is_a_value_or_one_line(text):
    with contextlib.suppress(CommandError):
        assert np.asarray(assignment("x=" + text).value).dtype.kind in "fiubcUO"
