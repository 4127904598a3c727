"""Sphinx configuration: Markdown pages by MyST, docstrings by numpydoc."""

from importlib.metadata import version as installed_version

project = "Gradwise"
author = "The Gradwise developers"
project_copyright = "The Gradwise developers"
version = release = installed_version("gradwise")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "sphinx.ext.viewcode", "numpydoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types in words
autosummary_generate = False  # numpydoc loads autosummary; nothing here uses it
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = "Gradwise"
