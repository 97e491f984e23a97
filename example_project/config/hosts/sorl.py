"""sorl-thumbnail: small copies at ``/sheet/``, which go with a picture that is taken down."""

from config.hosts import Host

HOST = Host(
    install="pip install sorl-thumbnail",
    apps=["sorl.thumbnail", "django_nsfw.contrib.sorl_thumbnail", "sheet"],
    urls=[("sheet/", "sheet.urls")],
)
