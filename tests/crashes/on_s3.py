"""S3 for the program that kills processes: every request that changes something is a step."""

from storages.backends.s3 import S3Storage

from django_nsfw.contrib.stored_files.storages import ModeratedStorageMixin
from tests.crashes.every_step import Steps
from tests.crashes.flows import PART
from tests.s3.server import MEDIA, QUARANTINE, Server, TransferConfig, client

CHANGING = ("Put", "Delete", "Create", "Upload", "Complete", "Copy")


class SteppingS3(S3Storage):
    """All have one connection between them: to make another takes longer than what it is for."""

    shared = None

    @property
    def connection(self):
        if SteppingS3.shared is None:
            SteppingS3.shared = super().connection
            SteppingS3.shared.meta.client.meta.events.register("after-call.s3", answered)
        return SteppingS3.shared


class ModeratedS3(ModeratedStorageMixin, SteppingS3):
    pass


def answered(model, **_):
    if model.name.startswith(CHANGING):
        Steps.take(model.name)


class Buckets(Server):
    """A server that somebody else has started. Large files go in parts, and without threads."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.client = client(endpoint)

    def options(self, bucket, **options):
        parts = TransferConfig(
            use_threads=False, multipart_threshold=PART, multipart_chunksize=PART
        )
        return super().options(bucket, transfer_config=parts, **options)

    def unfinished(self, prefix):
        """How many parts the multipart uploads have that nobody completed or aborted."""
        parts = 0
        for bucket in (MEDIA, QUARANTINE):
            uploads = self.client.list_multipart_uploads(Bucket=bucket, Prefix=f"{prefix}/")
            for upload in uploads.get("Uploads", ()):
                which = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                parts += len(self.client.list_parts(**which).get("Parts", ()))
        return parts

    def hang_up(self):
        """Two processes must not talk through one socket: each opens its own when it needs it."""
        self.client.close()
        if SteppingS3.shared is not None:
            SteppingS3.shared.meta.client.close()
