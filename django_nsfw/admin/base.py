"""What our admin classes are made of: those of django-unfold where the site has it, else Django's.

An admin by unfold styles the forms, filters and actions of its own classes only.
"""

from typing import TYPE_CHECKING

from django.apps import apps

if TYPE_CHECKING or not apps.is_installed("unfold"):
    from django.contrib.admin import ModelAdmin, TabularInline
else:
    from unfold.admin import ModelAdmin, TabularInline

__all__ = ["ModelAdmin", "TabularInline"]
