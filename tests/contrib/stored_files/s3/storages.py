"""The recipe of the documentation, on connections that the suite closes."""

from django_nsfw.contrib.stored_files.storages import ModeratedStorageMixin
from tests.s3.storages import ToldS3


class ModeratedS3Storage(ModeratedStorageMixin, ToldS3):
    """For STORAGES, with the options of S3Storage and a policy."""
