"""The documentation builds without a warning, asks nothing of other sites, and leaves nothing public out."""

from __future__ import annotations

import html
import inspect
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import edgewise as ew
from edgewise.core.registry import DECLARATIONS, spelling

DOCS = Path(__file__).parents[2] / "docs"
REMOTE = re.compile(r"(?:[a-z]+:)?//", re.IGNORECASE)  # https://host, and //host
NAME = "http://www.w3.org/"  # of an XML namespace: nobody goes there
LOADED_BY_CSS = re.compile(r"@import\s+[\"']([^\"']+)|url\(\s*[\"']?([^\"')]+)", re.IGNORECASE)
SPOKEN_TO_BY_JS = re.compile(r"[\"'`]((?:https?:|wss?:)?//[\w.-]+\.\w+[^\"'`]*)[\"'`]")


class Loaded(HTMLParser):
    """Collects what a browser loads by itself to show a page; a link that a reader may follow is not among it."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in ("src", "data", "poster") if name in given]
        self.addresses += [part.split()[0] for part in given.get("srcset", "").split(",") if part.strip()]
        if tag in ("link", "use", "image") and given.get("rel", "") not in ("canonical", "license"):
            self.addresses += [given[name] for name in ("href", "xlink:href") if name in given]
        self.addresses += loaded_by(given.get("style", ""))
        self.style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self.style = False

    def handle_data(self, data: str) -> None:
        if self.style:
            self.addresses += loaded_by(data)


def loaded_by(css: str) -> list[str]:
    return [first or second for first, second in LOADED_BY_CSS.findall(css)]


def addresses(path: Path) -> list[str]:
    """What a file of the site makes a browser load."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        return loaded_by(text)
    if path.suffix == ".js":
        return SPOKEN_TO_BY_JS.findall(text)
    page = Loaded()
    page.feed(text)
    return page.addresses


def test_a_remote_address_is_noticed_wherever_it_stands(tmp_path):
    written = {
        "a.html": '<script src="https://host/x.js"></script><link rel="stylesheet" href="//host/x.css">'
        "<style>@import 'https://host/y.css';</style><img srcset='https://host/a.png 2x' style='color: red'>"
        "<p style='background: url(https://host/b.png)'><a href='https://host/may-be-followed'>link</a></p>",
        "a.css": "@import url(https://host/d.css);",
        "b.css": "@font-face { src: url('https://host/font.woff2') } @import \"//host/c.css\"; a { b: url(near.png) }",
        "c.js": "fetch('https://host.org/data'); // see https://host.org/manual",
    }
    found = {}
    for name, text in written.items():
        (tmp_path / name).write_text(text)
        found[name] = [a for a in addresses(tmp_path / name) if REMOTE.match(a)]
    assert found == {
        "a.html": [
            "https://host/x.js",
            "//host/x.css",
            "https://host/y.css",
            "https://host/a.png",
            "https://host/b.png",
        ],
        "a.css": ["https://host/d.css"],
        "b.css": ["https://host/font.woff2", "//host/c.css"],
        "c.js": ["https://host.org/data"],
    }


def public_names() -> list[str]:
    """What the reference must have an anchor for: public names, and those of public modules."""
    found = []
    for name in (*ew.__all__, "linalg", "report"):  # which are loaded when they are asked for
        value = getattr(ew, name)
        if not inspect.ismodule(value):
            found.append(f"edgewise.{name}")
            continue
        found.append(f"module-edgewise.{name}")
        members = {m: getattr(value, m) for m in value.__all__}
        if value is ew.errors:  # what else is there serves edgewise itself
            members = {m: v for m, v in members.items() if inspect.isclass(v)}
        found += [f"edgewise.{name}.{m}" for m, v in members.items() if not inspect.ismodule(v)]
    return found


@pytest.mark.needs("sphinx", "myst_parser", "furo")
def test_the_site(site):
    """One build, and all that is asked of it: a build takes seconds."""
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert {".html", ".css", ".js"} == {path.suffix for path in files}
    remote = {
        (path.relative_to(site).as_posix(), address)
        for path in files
        for address in addresses(path)
        if REMOTE.match(address) and not address.startswith(NAME)
    }
    assert remote == set()

    reference = (site / "reference.html").read_text(encoding="utf-8")
    assert [anchor for anchor in public_names() if f'id="{anchor}"' not in reference] == []
    assert "Return type" not in reference, "a colon in Returns: parts a type off, and no types are given there"

    covered = html.unescape(re.sub(r"<[^>]+>", "", (site / "coverage.html").read_text(encoding="utf-8")))
    names = {spelling(f) for f in DECLARATIONS if not hasattr(f, "__self__")}
    public = {name for name in names if name.startswith("np.")}
    assert [name for name in public if not re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", covered)] == []
