"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

import django
from django.conf import settings

from django_nsfw import __version__

sys.path.insert(0, str(Path(__file__).parent))  # for the extension beside this file

# The reference is read off modules that have models.
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django_nsfw"],
    USE_TZ=True,
)
django.setup()

project = "django-nsfw"
author = "the authors of django-nsfw"
copyright = "the authors of django-nsfw"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "system_checks"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"django-nsfw {release}"
html_copy_source = False
html_show_sourcelink = False

autodoc_member_order = "bysource"
