"""A site's own base form, with ours mixed in."""

from django import forms
from wagtail.images.forms import BaseImageForm

from django_nsfw.contrib.wagtail.forms import ModeratedFile


class TitledForm(BaseImageForm):
    def clean_title(self):
        if self.cleaned_data["title"] == "IMG_0001":
            raise forms.ValidationError("Say what it shows.")
        return self.cleaned_data["title"]


class PictureForm(ModeratedFile, TitledForm):
    pass
