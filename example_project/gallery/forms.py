from django import forms

from .models import Photo


class PhotoForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Photo
        fields = ["title", "image"]
        widgets = {"image": forms.FileInput(attrs={"accept": "image/*"})}
