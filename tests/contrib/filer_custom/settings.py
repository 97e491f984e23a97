"""The same site with a model of images, and one of files, of its own."""

from tests.contrib.filer.settings import *  # noqa: F403
from tests.contrib.filer.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.contrib.filer_custom.pictures"]
FILER_IMAGE_MODEL = "pictures.Picture"
FILER_FILE_MODELS = ("pictures.Picture", "pictures.Sheet", "filer.File")
