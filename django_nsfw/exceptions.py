"""Everything django_nsfw raises of its own. Configuration mistakes are ``ImproperlyConfigured``.

An exception that says why an image has no score carries a ``code`` (stored with the scan, shown
to people through :mod:`django_nsfw.validators`) and ``params`` for the translated sentence. Its
own text is for logs and moderators.
"""

from collections.abc import Mapping


class NSFWError(Exception):
    """Base class of the exceptions of this package."""


class AssessmentError(NSFWError):
    """An image could not be scored. ``code`` names the reason and never changes meaning."""

    code = "unknown"

    def __init__(self, message: str, *, params: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.params: dict[str, object] = dict(params or {})


class ImageError(AssessmentError):
    """The file itself is at fault; another file may pass."""


class UnreadableImage(ImageError):
    """The decoder gave up on the bytes."""

    code = "unreadable_image"


class ImageTooLarge(ImageError):
    """A limit of ``NSFW_LIMITS`` was exceeded. ``params``: ``what``, ``value``, ``limit``."""

    code = "image_too_large"


class UnsupportedFormat(ImageError):
    """The bytes are no image of a format on the allowlist. ``params``: ``formats``."""

    code = "unsupported_format"


class NotAPicture(ImageError):
    """The bytes are those of no picture, and the name promises none. ``params``: ``formats``."""

    code = "not_a_picture"


class ExtensionMismatch(ImageError):
    """The file name promises another format. ``params``: ``extension``, ``format``."""

    code = "extension_mismatch"


FILE_FAULTS = frozenset(
    fault.code
    for fault in (UnreadableImage, ImageTooLarge, UnsupportedFormat, NotAPicture, ExtensionMismatch)
)
"""Codes of the failures that the person who uploads can mend, by sending another file."""


class DetectorError(AssessmentError):
    """The detector is at fault; the same file may pass later."""


class DetectorUnavailable(DetectorError):
    """The detector cannot be built or cannot answer. The text names model, cause and remedy."""

    code = "detector_unavailable"


class DetectorBusy(DetectorError):
    """More images are in flight than ``NSFW_LIMITS["max_in_flight"]`` allows."""

    code = "queue_full"


class AssessmentTimeout(DetectorError):
    """``NSFW_LIMITS["timeout"]`` ran out before every frame was scored."""

    code = "timeout"


class StorageError(NSFWError, OSError):
    """A storage failed with an exception of its own kind. An ``OSError``, as disks raise one."""


class QuarantineError(StorageError):
    """The quarantine storage failed."""


class DecisionRefused(NSFWError):
    """A moderator's decision cannot be applied. ``code`` says why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class PictureNotShown(NSFWError):
    """The picture of a scan cannot be shown to a moderator. ``code`` says why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class NotExplained(NSFWError):
    """What drove the score of a scan cannot be found out. ``code`` says why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class EvaluationError(NSFWError):
    """Detectors cannot be measured as it was asked for. The text says what to change."""


class TrainingRefused(NSFWError):
    """A model cannot be trained as it was asked for. The text says what to change."""


class TrainingStopped(NSFWError):
    """Training cannot go on now. What was kept waits to be resumed."""


class ExportRefused(NSFWError):
    """No file was written; the text says why and what to do."""


class RescanRefused(NSFWError):
    """A rescan cannot be started, resumed or cancelled as it was asked for."""


class RescanStopped(NSFWError):
    """A rescan cannot go on now. It waits to be resumed, and nothing of it is lost."""


class DetectorDied(RescanStopped):
    """A detector stopped answering in the middle of a rescan."""


class StorageDied(RescanStopped):
    """A storage stopped answering in the middle of a rescan."""
