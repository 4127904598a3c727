"""Sphinx configuration: Markdown pages by MyST, docstrings by numpydoc, the examples with their pictures by sphinx-gallery."""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

# Before NumPy is loaded: the times in examples/backward_cost.py are of one thread.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

project = "Gradwise"
author = "The Gradwise developers"
project_copyright = "The Gradwise developers"
version = release = installed_version("gradwise")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
# Sphinx-gallery writes pages for its own use beside the gallery's.
exclude_patterns = ["_build", "gallery/sg_execution_times.rst", "sg_execution_times.rst"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

# Formulas are set by MathJax, which a browser fetches.  To read the pages without a network, give the address of a copy (es5/tex-mml-chtml.js of its release 3).
if "MATHJAX_PATH" in os.environ:
    mathjax_path = os.environ["MATHJAX_PATH"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings give types in words
autosummary_generate = False  # numpydoc loads autosummary; nothing here uses it
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = "Gradwise"

# ------------------------------------------------------------------------------------------------------------ gallery
# Named and not given, so that Sphinx can keep the configuration for the next build.
sys.path.insert(0, str(Path(__file__).parent))

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "scripts.TutorialOrder",
    "image_scrapers": ("scripts.saved_picture",),
    "reset_argv": "scripts.where_to_save",
    "reset_modules": (),
    "capture_repr": (),
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
    "min_reported_time": 60,
    "abort_on_example_error": True,
}
