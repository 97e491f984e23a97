"""Wagtail: its admin below ``/cms/``, with images and documents that are watched."""

from config.hosts import Host

HOST = Host(
    install='pip install "django-nsfw[wagtail]"',
    apps=[
        "django_nsfw.contrib.wagtail",
        "wagtail.embeds",
        "wagtail.sites",
        "wagtail.users",
        "wagtail.documents",
        "wagtail.images",
        "wagtail.search",
        "wagtail.admin",
        "wagtail",
        "modelcluster",
        "taggit",
        "django_filters",
    ],
    settings={
        "WAGTAIL_SITE_NAME": "Photo gallery",
        "WAGTAILADMIN_BASE_URL": "http://127.0.0.1:8000",
        "WAGTAILIMAGES_IMAGE_FORM_BASE": "django_nsfw.contrib.wagtail.forms.ImageForm",
        "WAGTAILDOCS_DOCUMENT_FORM_BASE": "django_nsfw.contrib.wagtail.forms.DocumentForm",
    },
    fields={
        "wagtailimages.Image.file": {"uploader": "uploaded_by_user"},
        "wagtailimages.Rendition.file": None,  # made of an image that was looked at
        "wagtaildocs.Document.file": {"uploader": "uploaded_by_user", "other_files": "allow"},
        "wagtailusers.UserProfile.avatar": {"uploader": "user"},
    },
    urls=[("cms/", "wagtail.admin.urls"), ("documents/", "wagtail.documents.urls")],
)
