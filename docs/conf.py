"""How Sphinx builds the site: `make docs`."""

from importlib.metadata import version as installed

project = "neurodeploy"
author = "The neurodeploy developers"
copyright = "the neurodeploy developers, Apache-2.0"  # noqa: A001 - Sphinx asks for this name
release = installed("neurodeploy-snn")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode", "sphinx_click"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True
#: Words of docstrings that name no page: types in prose, exceptions without their module.
nitpick_ignore_regex = [("py:(class|exc|obj)", ".*")]

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

smartquotes = False  # they would join the dashes of options
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = "neurodeploy"
html_copy_source = False
