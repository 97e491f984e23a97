"""The policy of a file is that of its storage."""

from collections.abc import Mapping
from typing import Any

from django.core.files.storage import storages
from django.utils.module_loading import import_string

from .models import StoredFile


def of_storage(instance: StoredFile | None, field_name: str) -> Mapping[str, Any]:
    """``"policy"`` in the ``OPTIONS`` of the entry of ``STORAGES`` that a file was saved into; its
    own ``for_object`` is asked last, as everywhere."""
    if instance is None:
        return {}
    policy = dict(getattr(storages[instance.storage], "policy", {}))
    if path := policy.pop("for_object", ""):
        policy |= import_string(path)(instance, field_name) or {}
    return policy
