"""Pictures that browsers put straight into a bucket: the postbox at ``/postbox/``.

Environment: ``EXAMPLE_BUCKET`` (its name), and what boto3 reads: ``AWS_ACCESS_KEY_ID``,
``AWS_SECRET_ACCESS_KEY``, ``AWS_DEFAULT_REGION`` and, for another server than Amazon's,
``AWS_ENDPOINT_URL``. ``EXAMPLE_BUCKET_TOKEN`` is what the bucket shows with its events, at
``/bucket-events/``.
"""

import os

from config.data import kept_secret
from config.hosts import Host

HOST = Host(
    install='pip install "django-nsfw[storages]"',
    apps=["storages", "django_nsfw.contrib.bucket_events", "postbox"],
    storages={
        "bucket": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": os.environ.get("EXAMPLE_BUCKET", "postbox")},
        },
    },
    settings={
        "NSFW_BUCKET_EVENTS_TOKENS": [
            os.environ.get("EXAMPLE_BUCKET_TOKEN") or kept_secret("bucket-token")
        ],
    },
    urls=[
        ("postbox/", "postbox.urls"),
        ("bucket-events/", "django_nsfw.contrib.bucket_events.urls"),
    ],
)
