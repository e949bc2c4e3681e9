"""README.md says what is so. What it shows at a prompt runs as doctests; here is the rest of it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import special

import edgewise as ew

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What the table lists as "not yet". Who makes one of these work moves its words to the column "works today".
NOT_YET = {
    "derivatives *through* its functions": lambda x: np.sum(special.gamma(x)),
}


def block(language: str, beginning: str) -> str:
    """The fenced block that begins with these words."""
    found = re.search(rf"```{language}\n({re.escape(beginning)}.*?)```", README, re.DOTALL)
    assert found is not None, f"no {language} block that begins with {beginning!r}"
    return found[1]


def test_the_error_is_quoted_word_for_word(tmp_path, monkeypatch):
    (tmp_path / "model.py").write_text(block("python", "import math"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ew.errors.ConversionError) as caught:
        runpy.run_path(str(tmp_path / "model.py"))
    assert f"edgewise.errors.ConversionError: {caught.value}\n" == block("text", "edgewise.errors")


def test_the_declaration_is_quoted_word_for_word():
    quoted = block("python", "tanh = ")
    assert quoted in (ROOT / "src/edgewise/book/trigonometric.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NOT_YET)
def test_what_is_not_there_yet_is_an_error(name):
    assert name in README
    with pytest.raises(ew.errors.NoRuleError):
        ew.grad(NOT_YET[name])(np.array([1.0, 2.0, 4.0]))


def test_every_public_name_stands_in_the_readme():
    not_functions = {"book", "compositions", "errors", "LinearOperator"}
    missing = [name for name in ew.__all__ if name not in not_functions and not re.search(rf"`{name}\b", README)]
    assert not missing


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_directories_of_the_layout_are_there():
    rows = re.findall(r"^\| ((?:`[a-z]+(?:/|\.py)`(?:, )?)+) \|", README, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert {"book/", "core/", "transforms/"} <= set(named)
    assert [name for name in named if not (ROOT / "src/edgewise" / name).exists()] == []
