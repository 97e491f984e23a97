"""What is said to whoever saves a file that is not taken."""

from django.core.exceptions import ValidationError

from ...exceptions import NSFWError


class FileRefused(NSFWError, ValidationError):
    """A file was not stored: the policy rejects it, or it is no readable picture.

    ``code``, ``params`` and ``messages`` are those of ``NSFWValidator``; ``name`` is what the file
    was to be called.
    """

    def __init__(self, error: ValidationError, *, name: str) -> None:
        super().__init__(error.message, code=error.code, params=error.params)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is not stored: {' '.join(self.messages)}"
