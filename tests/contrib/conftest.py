"""Each folder here is a suite of its own, with the settings of its host: ``tests.databases`` runs
them, and ``pytest --ds tests.contrib.NAME.settings tests/contrib/NAME`` one of them."""

import os
from pathlib import Path

_HERE = Path(__file__).parent
_SETTINGS = os.environ.get("DJANGO_SETTINGS_MODULE", "")

collect_ignore = [
    path.parent.name
    for path in _HERE.glob("*/settings.py")
    if f"tests.contrib.{path.parent.name}.settings" != _SETTINGS
]
