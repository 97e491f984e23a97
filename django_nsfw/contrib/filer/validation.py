"""The validator for ``FILER_ADD_FILE_VALIDATORS``: in the admin, who uploads is told at once."""

from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.files import File as Upload
from django.utils.translation import gettext
from filer import settings as filer_settings
from filer.models import File
from filer.utils.loader import load_model
from filer.validation import FileValidationError

from ...validators import NSFWValidator

_validate = NSFWValidator()


def validate_picture(file_name: str, file: IO[bytes], owner: Any, mime_type: str) -> None:
    """Refuse what the policy of ``filer.File.file`` rejects, and what is no readable picture."""
    field = File._meta.get_field("file")
    picture = load_model(filer_settings.FILER_IMAGE_MODEL)(
        owner=owner, original_filename=file_name, mime_type=mime_type
    )
    upload = field.attr_class(picture, field, file_name)
    upload.file = file if isinstance(file, Upload) else Upload(file, name=file_name)
    upload._committed = False
    try:
        _validate(upload)
    except ValidationError as error:
        reason = " ".join(error.messages)
        raise FileValidationError(
            gettext("File “%(name)s”: %(reason)s") % {"name": file_name, "reason": reason},
            code=error.code,
        ) from error
