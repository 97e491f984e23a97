"""The Celery app of the site of the tests; its queue is its folder's own."""

import hashlib
import json
import os

from celery import Celery

_site = json.loads(os.environ["SITE"])
app = Celery("site", broker=_site["broker"])
app.conf.task_default_queue = f"nsfw-{hashlib.sha256(_site['folder'].encode()).hexdigest()[:12]}"
app.conf.broker_connection_retry_on_startup = True
app.autodiscover_tasks(["django_nsfw"])
