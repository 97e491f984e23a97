"""The doors by which people bring files into django-filer, and what it says of bad ones itself."""

from django.urls import reverse

from tests.conftest import upload

PDF = b"%PDF-1.7 of nothing"
UNREADABLE = (
    "Image format not recognized or image size exceeds limit of 89 million pixels by a factor of "
    "two or more. Before uploading again, check file format or resize image to 12612 x 7094 "
    "resolution or lower."
)
"""What django-filer says itself, before it asks any validator."""
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    b'<rect width="9" height="9"/></svg>'
)


def send(client, name, body, folder=None):
    """What the uploader of the directory listing sends, one file after the other."""
    address = (
        reverse("admin:filer-ajax_upload", args=[folder.pk])
        if folder
        else reverse("admin:filer-ajax_upload")
    )
    return client.post(address, {"file": upload(name, body)})


def page_of(obj):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def change(client, obj, **data):
    """The form on the page of a file with its current values; returns the errors that it shows."""
    address = page_of(obj)
    form = client.get(address).context["adminform"].form
    values = {k: v for k, v in form.initial.items() if k in form.fields and v is not None}
    values.pop("file", None)
    answer = client.post(address, {**values, **data})
    return answer.context["adminform"].form.errors if answer.context else {}
