"""How the documentation is built: ``make docs``."""

from django_nsfw import __version__

project = "django-nsfw"
author = "the authors of django-nsfw"
copyright = "the authors of django-nsfw"
version = release = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"django-nsfw {release}"
html_copy_source = False
html_show_sourcelink = False
