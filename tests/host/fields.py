"""Image fields as third-party packages write them: they work on the content in ``save()``."""

import io

from django.core.files.base import ContentFile
from django.db import models
from django.db.models.fields.files import ImageFieldFile


def shrink(content, side):
    from PIL import Image  # here, so that setting up Django shows what our own rooms import

    content.seek(0)
    with Image.open(io.BytesIO(content.read())) as image:
        small = image.convert("RGB").resize((side, side))
    out = io.BytesIO()
    small.save(out, "PNG")
    return ContentFile(out.getvalue())


class ShrinkingFieldFile(ImageFieldFile):
    """Stores a smaller picture than it was given."""

    def save(self, name, content, save=True):
        super().save(name, shrink(content, 32), save)


class ThumbnailBeforeFieldFile(ImageFieldFile):
    """Writes a thumbnail, made from the upload, before the picture itself."""

    def save(self, name, content, save=True):
        self.storage.save(f"small/{name}.png", shrink(content, 16))
        super().save(name, content, save)


class ThumbnailAfterFieldFile(ImageFieldFile):
    """Writes a thumbnail, made from the upload, after the picture itself."""

    def save(self, name, content, save=True):
        super().save(name, content, save)
        self.storage.save(f"small/{name}.png", shrink(content, 16))


class IndependentFieldFile(ImageFieldFile):
    """Stores by itself and asks nobody."""

    def save(self, name, content, save=True):
        self.name = self.storage.save(self.field.generate_filename(self.instance, name), content)
        setattr(self.instance, self.field.attname, self.name)
        self._committed = True
        if save:
            self.instance.save()


class IndependentField(models.ImageField):
    attr_class = IndependentFieldFile


class ShrinkingField(models.ImageField):
    attr_class = ShrinkingFieldFile


class ThumbnailBeforeField(models.ImageField):
    attr_class = ThumbnailBeforeFieldFile


class ThumbnailAfterField(models.ImageField):
    attr_class = ThumbnailAfterFieldFile
