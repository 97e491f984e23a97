"""django-filer, and what is built on it, such as django CMS.

Importable from a settings module::

    from django_nsfw.contrib.filer import VALIDATORS

    FILER_ADD_FILE_VALIDATORS = VALIDATORS
"""

MIME_TYPES = (
    "image/jpeg",
    "image/pjpeg",
    "image/png",
    "image/x-png",
    "image/apng",
    "image/vnd.mozilla.apng",
    "image/gif",
    "image/webp",
    "image/avif",
    "image/bmp",
    "image/x-ms-bmp",
    "image/tiff",
    "image/heic",
    "image/heif",
)
"""What the formats are called that can be looked at. django-filer knows no ``image/*`` here. It
takes the type from the extension, and which one that is depends on the machine's own table."""

VALIDATORS = {
    mime_type: ["django_nsfw.contrib.filer.validation.validate_picture"] for mime_type in MIME_TYPES
}
"""For ``FILER_ADD_FILE_VALIDATORS``. An SVG is left to the validators of django-filer itself."""
