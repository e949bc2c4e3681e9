"""``bench``, ``demo``, ``info``, ``completion``, ``--help``: and the program as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from edgewise.cli.arguments import COMMANDS
from edgewise.cli.completion import script
from edgewise.cli.functions import functions


def process(*words: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edgewise", *words], capture_output=True, text=True, timeout=60, check=False, **options
    )


def test_bench_tells_times_beside_the_value(run):
    done = run("bench", "sum(x**2)", "x=[1,2,3]", "--seconds", "0.01")
    assert done.code == 0
    assert [row[0] for row in done.rows] == [
        "value",
        "value and gradient, reverse",
        "gradient, forward",
        "differences, central",
    ]
    assert all(float(cell) > 0 for row in done.rows for cell in row[1:])
    told = json.loads(run("bench", "x*y", "x=[1,2]", "y=2", "--seconds", "0.01", "--json").out)
    assert told["inputs"] == 3
    assert [t["program"] for t in told["times"]][1:3] == ["jacobian, reverse", "jacobian, forward"]
    assert run("bench", "2").code == 2


def test_demo_shows_a_trace_a_loop_and_a_nan(run):
    done = run("demo")
    assert (done.code, done.err) == (0, "")
    assert "s  = v1 + c" in done.out
    assert "0.353553" in done.out
    assert "demo.py:4" in done.out  # the line of the square root


def test_info_tells_versions_and_functions(run):
    rows = run("info").rows
    assert [row[0] for row in rows[:3]] == ["edgewise", "python", "numpy"]
    assert [row[0] for row in run("info", "--functions").rows] == sorted(functions())


def test_cache_tells_what_is_there_and_clears_it(run, monkeypatch, tmp_path):
    from edgewise.compile.cache import entry_key, object_cache

    folder = tmp_path / "objects"
    monkeypatch.setenv("EDGEWISE_CACHE_DIR", str(folder))
    monkeypatch.setenv("EDGEWISE_CACHE_SIZE", "100")
    told = [["folder", str(folder)], ["objects", "0"], ["size", "0.0 MiB of at most 100"]]
    assert run("cache").rows == told
    assert not folder.exists()
    object_cache().put(entry_key("text"), bytes(2**20))
    assert run("cache").rows == [told[0], ["objects", "1"], ["size", "1.0 MiB of at most 100"]]
    assert run("cache", "clear").rows == [["removed", f"1 object from {folder}"]]
    assert run("cache").rows == told
    assert list(folder.iterdir()) == []
    monkeypatch.setattr("edgewise.cli.screen.is_terminal", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert run("cache").out.splitlines()[1] == "objects  0"


def test_cache_says_why_there_is_none(run, monkeypatch, tmp_path):
    monkeypatch.setenv("EDGEWISE_CACHE_DIR", str(tmp_path))
    tmp_path.chmod(0o777)
    done = run("cache", "clear")
    assert done.code == 1
    assert done.err == f"error: {tmp_path} cannot be used: others may write to it\n"
    monkeypatch.setenv("EDGEWISE_CACHE", "off")
    assert run("cache").rows == [["folder", "none: EDGEWISE_CACHE is off"]]
    monkeypatch.setenv("EDGEWISE_CACHE", "perhaps")
    assert run("cache").err == "error: EDGEWISE_CACHE is 'perhaps'; set it to on or to off\n"
    assert run("cache", "wipe").code == 2


def test_help_has_examples_and_every_command(run):
    done = run("--help")
    assert done.code == 0
    assert 'edgewise "(a*b + c)**2" a=3 b=2 c=1' in done.out
    assert all(command in done.out for command in COMMANDS)
    assert run().out == run("-h").out == done.out
    for command in COMMANDS:
        assert run(command, "--help").code == 0
    assert run("--version").out.startswith("edgewise ")


def test_lines_of_help_fit_a_terminal(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    for words in (["--help"], *([command, "--help"] for command in COMMANDS)):
        assert max(map(len, run(*words).out.splitlines())) <= 120


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_commands_and_options(run, shell):
    done = run("completion", shell)
    assert done.code == 0
    for word in (*COMMANDS, "order", "force", "samples", "forward"):
        assert word in done.out
    assert run("completion", "csh").code == 2


def shell(program: str, text: str) -> list[str]:
    done = subprocess.run([program, "-c", text], capture_output=True, text=True, timeout=30, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.needs("program:bash")
def test_completion_in_bash(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # files are offered too

    def after(*words: str) -> list[str]:
        listed = " ".join(f"'{w}'" for w in words)
        return shell(
            "bash",
            f"{script('bash')}\nCOMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _edgewise; echo ${{COMPREPLY[@]}}",
        )

    assert after("edgewise", "vi") == ["view"]
    assert after("edgewise", "check", "--sa") == ["--samples"]
    assert after("edgewise", "a*b", "a=3", "--mode", "f") == ["forward"]
    assert after("edgewise", "completion", "z") == ["zsh"]


@pytest.mark.needs("program:zsh")
def test_completion_in_zsh_is_a_program():
    assert shell("zsh", f"autoload -U compinit; compinit -u -D; {script('zsh')}\necho $_comps[edgewise]") == [
        "_edgewise"
    ]


@pytest.mark.needs("program:fish")
def test_completion_in_fish():
    def after(line: str) -> list[str]:
        told = subprocess.run(
            ["fish", "-c", f"{script('fish')}\ncomplete -C '{line}'"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return [row.partition("\t")[0] for row in told.stdout.splitlines()]

    assert "view" in after("edgewise vi")
    assert after("edgewise check --sam") == ["--samples"]
    assert after("edgewise grad --mode f") == ["forward"]


# -- a process


def test_the_program_as_a_process():
    done = process("a*b", "a=3", "b=2", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\t2\nb\t3\n", "")
    done = process("a^2", "a=3")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_bytes_that_are_no_text_are_refused_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "edgewise", b"a\xff\xfe", b"a=1"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: ")


def test_a_terminal_without_the_signs_is_given_others():
    done = process("demo", env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert done.returncode == 0
    assert done.stdout.isascii()


@pytest.mark.needs("program:bash")
def test_a_reader_that_has_read_enough_is_no_error():
    command = f"{sys.executable} -m edgewise info --functions | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_a_mistake_of_ours_is_one_line(run, monkeypatch):
    from edgewise.cli import info

    monkeypatch.setattr(info, "info", lambda options: 1 / 0)
    assert run("info") == (1, "", "error: edgewise itself failed: ZeroDivisionError: division by zero\n")


def test_little_is_imported_for_a_trace():
    heavy = (
        "rich",
        "scipy",
        "hypothesis",
        "webbrowser",
        "resvg_py",
        "cairosvg",
        "edgewise.cli.view",
        "edgewise.cli.check",
    )
    code = (
        "import sys; from edgewise.cli import main; main(['a*b', 'a=3', 'b=2', '--json']); "
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
