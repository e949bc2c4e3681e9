"""The tour computes what it says, shows it in frames without rights, and does not build where an example is wrong."""

from __future__ import annotations

import html
import importlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
CHAPTERS = sorted(path.stem for path in (DOCS / "tour").glob("*.md"))


class Frames(HTMLParser):
    """The frames of a page."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "iframe":
            self.found.append(dict(attrs))


def words(page):
    """What a page says, without its frames and pictures, and with one kind of space."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"<(iframe|svg|script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", text)))


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_number_in_the_text_is_written_by_hand(name):
    text = (DOCS / "tour" / f"{name}.md").read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"(\{run\})?`[^`]*`", "", text)
    text = re.sub(r"^\d+\. ", "", text, flags=re.MULTILINE)  # of a list
    assert re.findall(r".*\d.*", text) == []


@pytest.mark.needs("sphinx", "myst_parser", "furo")
def test_the_numbers_come_from_the_run(site):
    said = {name: words(site / "tour" / f"{name}.html") for name in CHAPTERS}
    assert "14 flows to s, and on to v1 and to c" in said["reverse"]
    assert "28 for a, 42 for b" in said["reverse"]
    assert "The derivative for b is 42." in said["forward"]
    assert "2 for a, 3 for b" in said["edges"]
    assert f"that makes {3**40:,} paths".replace(",", " ") in said["paths"]
    assert f"busy for {round(3**40 / 1e9 / (365.25 * 24 * 3600))} years" in said["paths"]
    assert f"run the program {1000 + 1:,} times".replace(",", " ") in said["costs"]
    assert "{run}" not in "".join(said.values())


@pytest.mark.needs("sphinx", "myst_parser", "furo")
def test_frames_may_run_their_script_and_nothing_else(site):
    found = {name: Frames((site / "tour" / f"{name}.html").read_text(encoding="utf-8")).found for name in CHAPTERS}
    assert {name: len(frames) for name, frames in found.items() if frames} == {
        "graph": 1,
        "forward": 1,
        "reverse": 1,
        "costs": 1,
        "yours": 2,
    }
    for frame in (frame for frames in found.values() for frame in frames):
        assert set(frame) == {"class", "title", "sandbox", "height", "srcdoc"}
        assert frame["sandbox"] == "allow-scripts"
        assert frame["title"].startswith("Step through ")
        assert frame["srcdoc"].startswith("<!doctype html>")
        assert "default-src 'none'" in frame["srcdoc"]


@pytest.mark.needs("sphinx", "myst_parser", "furo", "playwright", "program:chromium")
def test_the_frames_work_offline_and_follow_the_scheme(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu"]
        running = driver.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        page = running.new_context(offline=True, color_scheme="light").new_page()
        complaints = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((site / "tour" / "reverse.html").as_uri())
        frame = page.frame_locator("iframe.step-through")
        assert frame.locator(".count-of").text_content() == "6 / 12"
        assert frame.locator(".status p").text_content() == "L = s**2 gives 49"
        frame.get_by_label("One step on").click()
        products = []
        for _ in range(5):
            frame.get_by_label("One step on").click()
            products.append(frame.locator(".current").text_content())
        assert products == ["14 × 1 = 14", "1 × 14 = 14", "1 × 14 = 14", "2 × 14 = 28", "3 × 14 = 42"]
        dark = frame.locator("#edgewise[data-theme=dark]")
        assert dark.count() == 0
        page.evaluate("document.body.dataset.theme = 'dark'")
        dark.wait_for(state="attached")
        assert complaints == []
        running.close()


@pytest.mark.needs("sphinx", "myst_parser")
@pytest.mark.parametrize(
    ("example", "complaint"),
    [
        (">>> 1 + 1\n3", "an example differs: 1 + 1\ngives\n2\nand not\n3"),
        (">>> x", "index: an example: NameError: name 'x' is not defined"),
        (">>> x = 1\n\n```\n\n{run}`y`\n\n```text", "index: y: NameError: name 'y' is not defined"),
    ],
)
def test_a_wrong_example_ends_the_build(tmp_path, example, complaint):
    conf = f"import sys\nsys.path.insert(0, {str(DOCS / '_ext')!r})\nextensions = ['myst_parser', 'tour']\n"
    (tmp_path / "conf.py").write_text(conf, encoding="utf-8")
    (tmp_path / "index.md").write_text(f"# Page\n\n```pycon\n{example}\n\n```\n\n{{run}}`1`\n", encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", str(tmp_path), str(tmp_path / "site")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_a_slope_is_drawn_through_its_point(monkeypatch):
    monkeypatch.syspath_prepend(DOCS / "_ext")
    curve = importlib.import_module("curve")
    drawn = curve.Slope(lambda x: x * x, (0.0, 4.0), 1.0, 2.0, (3.0,), says="<2>", axes=("a & b", "y")).svg()
    root = ET.fromstring(drawn)
    by = {element.get("class"): element.attrib for element in root.iter()}
    assert by["point"]["cx"] == "157.0"  # a quarter of the way
    (x1, y1, x2, y2), (cx, cy) = (
        [float(by["tangent"][name]) for name in ("x1", "y1", "x2", "y2")],
        [float(by["point"][name]) for name in ("cx", "cy")],
    )
    assert cy == pytest.approx(y1 + (cx - x1) * (y2 - y1) / (x2 - x1), abs=0.2)
    first, *_, last = (float(y) for y in by["graph"]["points"].split()[1::2])
    assert last < cy < first  # heights are counted downwards
    assert [element.text for element in root.iter() if (element.text or "").strip()] == ["a & b", "y", "<2>"]
