"""CKEditor 5 and TinyMCE: texts with pictures, written in the admin and read below ``/texts/``."""

from django.urls import reverse_lazy

from config.data import DATA_DIR
from config.hosts import Host

HOST = Host(
    install="pip install django-ckeditor-5 django-tinymce",
    apps=["django_ckeditor_5", "tinymce", "django_nsfw.contrib.stored_files", "texts"],
    settings={
        "CK_EDITOR_5_UPLOAD_FILE_VIEW_NAME": "texts:ckeditor",
        "CKEDITOR_5_CONFIGS": {
            "default": {
                "toolbar": ["heading", "|", "bold", "italic", "link", "imageUpload"],
                "image": {"toolbar": ["imageTextAlternative"]},
            }
        },
        "TINYMCE_DEFAULT_CONFIG": {
            "plugins": "image",
            "toolbar": "undo redo | bold italic | image",
            "license_key": "gpl",
            "language": "en_US",  # TinyMCE has none for this site's British English
            "convert_urls": False,
            "paste_data_images": True,
            "images_upload_url": reverse_lazy("texts:tinymce"),
            "images_upload_handler": "nsfwUploadToTinyMCE",
        },
        "TINYMCE_EXTRA_MEDIA": {"js": ["nsfw_stored_files/tinymce.js"]},
    },
    storages={
        "texts": {
            "BACKEND": "django_nsfw.contrib.stored_files.storages.ModeratedFileSystemStorage",
            "OPTIONS": {
                "location": DATA_DIR / "media" / "texts",
                "base_url": "/media/texts/",
                "policy": {"reject": 0.95},
            },
        },
    },
    urls=[("files/", "django_nsfw.contrib.stored_files.urls"), ("texts/", "texts.urls")],
)
