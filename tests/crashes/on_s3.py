"""S3 for the program that kills processes: every request that changes something is a step."""

from storages.backends.s3 import S3Storage

from tests.crashes.every_step import Steps
from tests.s3.server import Server, TransferConfig, client

CHANGING = ("Put", "Delete", "Create", "Upload", "Complete", "Copy")


class SteppingS3(S3Storage):
    @property
    def connection(self):
        known = getattr(self._connections, "connection", None)
        connection = super().connection
        if known is None:
            connection.meta.client.meta.events.register("after-call.s3", self._answered)
        return connection

    def _answered(self, model, **_):
        if model.name.startswith(CHANGING):
            Steps.take(model.name)


class Buckets(Server):
    """A server that somebody else has started. Large files go in parts, and without threads."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.client = client(endpoint)

    def options(self, bucket, **options):
        parts = TransferConfig(use_threads=False, multipart_threshold=1 << 20)
        return super().options(bucket, transfer_config=parts, **options)
