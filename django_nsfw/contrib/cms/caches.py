"""A file has another name → what django CMS keeps rendered with the old one is rendered anew."""

from collections.abc import Iterator, Sequence
from typing import Any

from cms.cache import invalidate_cms_page_cache
from cms.models import CMSPlugin
from django.apps import apps
from django.db import models
from django.db.models import Q

from ...quarantine.rows import file_field


def forget_pages(*, field: str, using: str, object_pks: Sequence[str], **kwargs: Any) -> None:
    """All pages, and the placeholders with a plugin that refers to one of the objects.

    What a plugin reaches by a longer way stays for as long as ``CMS_CACHE_DURATIONS["content"]``
    says.
    """
    invalidate_cms_page_cache()
    model = file_field(field).model
    for plugin_model in apps.get_models():
        if not issubclass(plugin_model, CMSPlugin):
            continue
        refers = Q()
        for condition in _references(plugin_model, model, object_pks):
            refers |= condition
        if refers:
            plugins: Any = plugin_model._base_manager.using(using).filter(refers)
            for plugin in plugins.select_related("placeholder"):
                plugin.placeholder.clear_cache(plugin.language)


def _references(
    plugin_model: type[models.Model], model: type[models.Model], object_pks: Sequence[str]
) -> Iterator[Q]:
    """By a foreign key, and in the texts of djangocms-text by the attribute of a tag."""
    names = [each._meta.label_lower for each in apps.get_models() if issubclass(each, model)]
    for field in plugin_model._meta.local_fields + plugin_model._meta.local_many_to_many:
        to = field.related_model
        if isinstance(to, type) and issubclass(to, model):
            yield Q(**{f"{field.name}__in": object_pks})
        elif isinstance(field, models.TextField):
            for tag in (f'"{name}:{pk}"' for name in names for pk in object_pks):
                yield Q(**{f"{field.name}__contains": tag})
