"""django-filer: its folders and uploads are in the admin, with every file watched."""

from config.hosts import Host
from django_nsfw.contrib.filer import VALIDATORS

HOST = Host(
    install='pip install "django-nsfw[filer]"',
    apps=[
        "easy_thumbnails",
        "filer",
        "django_nsfw.contrib.easy_thumbnails",
        "django_nsfw.contrib.filer",
    ],
    settings={
        "FILER_ADD_FILE_VALIDATORS": VALIDATORS,
        "FILER_ENABLE_PERMISSIONS": True,
        "THUMBNAIL_PROCESSORS": (
            "easy_thumbnails.processors.colorspace",
            "easy_thumbnails.processors.autocrop",
            "filer.thumbnail_processors.scale_and_crop_with_subject_location",
            "easy_thumbnails.processors.filters",
        ),
    },
    fields={"filer.File.file": {"uploader": "owner", "other_files": "allow"}},
    urls=[("filer/", "filer.urls"), ("", "filer.server.urls")],
)
