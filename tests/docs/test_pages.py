"""What the pages promise in tables and headings. Their examples at a prompt run as doctests."""

from __future__ import annotations

import contextlib
import doctest
import inspect
import io
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from edgewise import errors

DOCS = Path(__file__).parents[2] / "docs"
CLASSES = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, errors.EdgewiseError)]
RUN = re.compile(r"^(?:ew|np|f|print)\b.*\(")  # what of a table's code is a program: a call, and not a mere name


def read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def session(name: str) -> dict[str, Any]:
    """The names that are defined when the examples of a page have run."""
    test = doctest.DocTestParser().get_doctest(read(name), {}, name, name, 0)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    runner.run(test, out=lambda _: None, clear_globs=False)
    return test.globs


@pytest.mark.parametrize("path", ["howto/from-autograd.md", "howto/from-jax.md", "howto/from-pytorch.md"])
def test_what_a_table_says_to_write_here_runs(path):
    names = session(path)
    cells = [line.strip("| \n").split(" | ")[-1] for line in read(path).splitlines() if line.startswith("| ")]
    programs = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell) if RUN.match(code)]
    assert len(programs) >= 12
    for program in programs:
        with contextlib.redirect_stdout(io.StringIO()):
            eval(program, names)


@pytest.mark.parametrize("cls", CLASSES[1:], ids=lambda c: c.__name__)
def test_each_class_of_errors_has_its_paragraph_and_an_example(cls):
    page, name = read("errors.md"), cls.__name__
    section = re.search(rf"^### {name}\n\n(.+?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None, f"docs/errors.md has no section {name}"
    assert not section[1].startswith("```"), "a paragraph first, in words"
    assert re.search(rf"^edgewise\.errors\.{name}: ", section[1], re.MULTILINE), "an example that raises it"


@pytest.mark.parametrize("cls", CLASSES[1:], ids=lambda c: c.__name__)
def test_the_table_of_errors_is_the_tree(cls):
    (also,) = re.findall(rf"^\| `{cls.__name__}` \| (.+?) \|", read("errors.md"), re.MULTILINE)
    bases = [base.__name__ for base in cls.__bases__ if base is not errors.EdgewiseError]
    assert re.findall(r"`(\w+)`", also) == bases


def test_supported_versions_are_those_of_the_package():
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = dict(re.findall(r"^\| (Python|NumPy|optree) \| (.+?) \|$", read("stability.md"), re.MULTILINE))
    pythons = said["Python"].split(", ")
    named = [c.rpartition(" ")[2] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    assert project["requires-python"] == f">={pythons[0]}"
    assert set(named) <= set(pythons)
    for package in ("NumPy", "optree"):
        assert f"{package.lower()}>={said[package].removesuffix(' and newer')}" in project["dependencies"]


def test_every_mistake_is_on_its_page():
    folder = DOCS.parent / "tests" / "errors" / "mistakes"
    included = re.findall(r"^```\{include\} \.\./tests/errors/mistakes/(.+)$", read("mistakes.md"), re.MULTILINE)
    assert included == sorted(path.name for path in folder.glob("*.md"))
