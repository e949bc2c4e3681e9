"""How Sphinx builds the documentation; ``make docs`` runs it, offline and with warnings as errors."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "edgewise"
author = "The edgewise authors"
project_copyright = author
version = release = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "coverage_table", "tour", "trim"]
exclude_patterns = ["decisions/README.md", "figures/*"]  # included by decisions.md and by performance.md
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(numpy|scipy)\..*")]  # their pages are on other sites

myst_heading_anchors = 3  # links to sections, errors.md#storeerror

# -- the reference: docstrings say in words what types would, and shapes besides

autodoc_typehints = "none"
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 100
add_module_names = False
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# -- the site: no remote fonts, scripts or styles; tests/docs holds that

html_theme = "furo"
html_title = f"edgewise {release}"
html_logo = html_favicon = "_static/edgewise.svg"
html_static_path = ["_static"]
html_css_files = ["edgewise.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
