"""``edgewise view``: files of every kind, none overwritten, and traces that come from elsewhere."""

from __future__ import annotations

import builtins
import contextlib
import copy
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest

from edgewise.cli.tracefile import fault_of

SMALL = ("(a*b + c)**2", "a=3", "b=2", "c=1")
drawn = pytest.mark.needs("edgewise.explain.svg", "edgewise.explain.page")


@pytest.fixture
def trace(run):
    return json.loads(run(*SMALL, "--json").out)


def test_json(run, tmp_path, trace):
    """What a trace is drawn from; what --json adds, the derivatives that were asked for, is not part of it."""
    assert trace.pop("derivatives")["gradient"] == {"a": 28, "b": 42, "c": 14}
    path = tmp_path / "t.json"
    assert run("view", *SMALL, "-o", str(path)) == (0, "", f"wrote {path}\n")
    assert json.loads(path.read_text()) == trace
    again = tmp_path / "again.json"
    assert run("view", str(path), "-o", str(again)).code == 0
    assert json.loads(again.read_text()) == trace


@drawn
def test_page_and_picture(run, tmp_path):
    assert run("view", *SMALL, "-o", str(tmp_path / "t.html")).code == 0
    assert "edgewise-trace" in (tmp_path / "t.html").read_text()
    assert run("view", *SMALL, "-o", str(tmp_path / "t.svg"), "--mode", "forward").code == 0
    assert ET.parse(tmp_path / "t.svg").getroot().tag.endswith("svg")


@drawn
@pytest.mark.needs("resvg_py")
def test_png(run, tmp_path):
    assert run("view", *SMALL, "-o", str(tmp_path / "t.png")).code == 0
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


@drawn
@pytest.mark.needs("cairosvg")
def test_pdf(run, tmp_path):
    done = run("view", *SMALL, "-o", str(tmp_path / "t.PDF"))
    if "cannot be used here" in done.err:
        pytest.skip("the cairo library is not installed")
    assert done.code == 0
    assert (tmp_path / "t.PDF").read_bytes().startswith(b"%PDF")


@drawn
@pytest.mark.parametrize(("module", "suffix"), [("resvg_py", "png"), ("cairosvg", "pdf")])
def test_a_missing_extra_is_named(run, tmp_path, monkeypatch, module, suffix):
    monkeypatch.setitem(sys.modules, module, None)
    done = run("view", *SMALL, "-o", str(tmp_path / f"t.{suffix}"))
    assert done.code == 1
    assert done.err.endswith('is not installed: pip install "edgewise[image]"\n')
    assert not list(tmp_path.iterdir())


def test_no_file_is_replaced_unasked(run, tmp_path):
    path = tmp_path / "t.json"
    path.write_text("mine")
    done = run("view", *SMALL, "-o", str(path))
    assert (done.code, done.err) == (2, f"error: {path} exists; --force replaces it\n")
    assert path.read_text() == "mine"
    assert run("view", *SMALL, "-o", str(path), "--force").code == 0
    assert path.read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([*SMALL], 2, "say where the picture goes"),
        ([*SMALL, "-o", "t.gif"], 2, "no format"),
        ([*SMALL, "-o", "nowhere/t.json"], 1, "could not be written"),
        (["2", "-o", "t.json"], 2, "nothing to differentiate"),
        (["nowhere.json", "-o", "t.json"], 2, "could not be read"),
        (["nowhere.json", "a=1", "-o", "t.json"], 2, "takes no values"),
    ],
)
def test_what_cannot_be_drawn_is_told(run, tmp_path, monkeypatch, words, code, said):
    monkeypatch.chdir(tmp_path)
    done = run("view", *words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert not list(tmp_path.iterdir())


@drawn
def test_open_shows_the_page_or_says_where_it_is(run, tmp_path, monkeypatch):
    import tempfile
    import webbrowser

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert run("view", *SMALL, "--open").err.startswith("opened ")
    (page,) = tmp_path.iterdir()
    assert opened == [page.as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    done = run(*SMALL, "--open", "-q")
    assert done.code == 0
    assert "no browser was found" in done.err


# -- traces of others


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "3", '"x"', "NaN", "[" * 100_000, '{"schema": "other"}', "\ufeff{}"]
)
def test_a_file_that_is_no_trace(run, tmp_path, text):
    (tmp_path / "t.json").write_text(text)
    done = run("view", str(tmp_path / "t.json"), "-o", str(tmp_path / "t.html"))
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "t.html").exists()


WRONG = [None, True, -1, 99, 1.5, "x", "\x00", [], {}, [[]], {"shape": 3}, {"shape": [2], "dtype": "f", "stats": 1}]


def spots(value, path=()):
    """Where something can be put in place of something else."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from spots(part, (*path, key))


@drawn
def test_a_trace_with_anything_wrong_in_it_is_drawn_or_told(run, trace):
    """Every value is replaced by every wrong one. Whatever passes the look at its form can be drawn, or is refused."""
    from edgewise.cli.problem import CommandError
    from edgewise.cli.view import render

    assert fault_of(trace) == ""
    for path in list(spots(trace)):
        for wrong in WRONG:
            changed = copy.deepcopy(trace)
            at = changed
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = wrong
            if fault_of(changed):
                continue
            for suffix in (".html", ".svg"):
                with contextlib.suppress(CommandError):  # and no other error
                    render(changed, suffix)


def test_rich_and_the_extras_are_not_imported_unless_they_are_needed(run, monkeypatch):
    real = builtins.__import__
    asked = set()
    monkeypatch.setattr(
        builtins, "__import__", lambda name, *rest: asked.add(name.partition(".")[0]) or real(name, *rest)
    )
    assert run(*SMALL).code == 0
    assert not asked & {"rich", "resvg_py", "cairosvg", "scipy"}


# -- TeX

HOSTILE = r"\input{/etc/passwd}}$#%&_^~ a\write18{ls}"


@drawn
def test_tikz_has_every_box_and_no_command_of_the_users(run, tmp_path, trace):
    for node in trace["nodes"]:
        node["name"] = node["label"] = HOSTILE
    (tmp_path / "t.json").write_text(json.dumps(trace))
    assert run("view", str(tmp_path / "t.json"), "-o", str(tmp_path / "t.tex")).code == 0
    picture = (tmp_path / "t.tex").read_text()
    assert picture.count("\\node") >= 3 * len(trace["nodes"])
    commands = set(re.findall(r"\\[A-Za-z]+", picture))
    drawing = {
        "definecolor",
        "begin",
        "end",
        "path",
        "node",
        "sffamily",
        "bfseries",
        "fontsize",
        "selectfont",
        "partial",
    }
    drawing |= {"textbackslash", "textasciitilde", "textasciicircum", "dots", "times"}
    assert {c[1:] for c in commands} <= drawing
    written = re.sub(r"\\.", "", picture)
    assert written.count("{") == written.count("}")


@drawn
def test_tikz_draws_the_paths_of_the_picture(run, tmp_path):
    """Ends of lines are where the SVG has them."""
    from edgewise.explain.tikz import _path

    assert _path("M1 2H5V7l-9 -5v10z", 10, 20) == (
        "(11.00,22.00) -- (15.00,22.00) -- (15.00,27.00) -- (6.00,22.00) -- (6.00,32.00) -- cycle"
    )
    assert _path("M0 10a10 10 0 0 1 10 -10", 0, 0).endswith(".. (10.00,0.00)")
    assert "(0.00,4.48) and (4.48,0.00)" in _path("M0 10a10 10 0 0 1 10 -10", 0, 0)


@drawn
@pytest.mark.needs("program:pdflatex")
def test_tikz_compiles(run, tmp_path):
    assert (
        run(
            "view", "sum(tanh(A @ x)**2) - a_b", "A=[[1,2],[3,4]]", "x=[1,2]", "a_b=3", "-o", str(tmp_path / "t.tex")
        ).code
        == 0
    )
    (tmp_path / "page.tex").write_text(
        "\\documentclass{article}\n\\usepackage[T1]{fontenc}\n\\usepackage{lmodern,textcomp,tikz,xcolor}\n\\begin{document}\n\\input{t}\n\\end{document}\n"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
