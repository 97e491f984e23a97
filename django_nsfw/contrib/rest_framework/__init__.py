"""Django REST framework: fields for serializers, and an API that reads scans and decisions."""

from .fields import ModeratedImageField, ModerationNoticeField, ModerationStatusField
from .serializers import ModeratedImages

__all__ = [
    "ModeratedImageField",
    "ModeratedImages",
    "ModerationNoticeField",
    "ModerationStatusField",
]
