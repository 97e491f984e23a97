"""The engines that sites have: how one is set up, its worker, and what waits in its queue."""

import socket
import uuid
from contextlib import contextmanager
from importlib.util import find_spec

import django

TASKS = "django_nsfw.runners.tasks.TasksRunner"
CELERY = "django_nsfw.runners.celery.CeleryRunner"


def framework():
    """Where the backends are: in Django from 6.0 on, before that in its backport."""
    return "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"


def tasks(backend, **options):
    """Settings of a site with another backend of the framework."""
    path = f"{framework()}.backends.{backend}"
    return {"NSFW_RUNNER": TASKS, "TASKS": {"default": {"BACKEND": path, **options}}}


class Engine:
    """One queue of its own, so that runs of these tests do not meet."""

    packages: tuple[str, ...] = ()
    port = 0

    def __init__(self):
        self.queue = f"nsfw_{uuid.uuid4().hex[:20]}"

    @classmethod
    def absent(cls):
        """What is missing on this machine, in words; empty where nothing is."""
        for package in cls.packages:
            if find_spec(package) is None:
                return f"{package} is not installed: it comes with the dependency group `test`"
        if cls.port:
            try:
                socket.create_connection(("127.0.0.1", cls.port), timeout=2).close()
            except OSError as error:
                return f"{cls.__name__}: nothing answers on 127.0.0.1:{cls.port} ({error})"
        return ""


class TasksDB(Engine):
    packages = ("django_tasks_db",)

    def settings(self):
        backend = {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", self.queue]}
        return {"NSFW_RUNNER": TASKS, "TASKS": {"default": backend}}

    def command(self):
        return (
            "-m", "django", "db_worker",
            "--queue-name", self.queue, "--interval", "0.1", "--no-startup-delay",
        )  # fmt: skip

    def waiting(self, site):
        queues = site.ask("waiting")
        assert set(queues) <= {self.queue}
        return len(queues)

    def clean(self):
        """Its queue is a table of the site."""


class TasksRQ(Engine):
    packages = ("django_tasks_rq", "django_rq")
    port = 6379

    def settings(self):
        backend = {"BACKEND": "django_tasks_rq.RQBackend", "QUEUES": [self.queue]}
        queue = {"HOST": "127.0.0.1", "PORT": self.port, "DB": 0}
        return {
            "NSFW_RUNNER": TASKS,
            "TASKS": {"default": backend},
            "RQ_QUEUES": {self.queue: queue},
        }

    def command(self):
        return (
            "-m", "django", "rqworker", self.queue,
            "--job-class", "django_tasks_rq.Job", "--worker-class", "rq.SimpleWorker",
        )  # fmt: skip

    def waiting(self, site=None):
        with self._client() as client:
            return client.llen(f"rq:queue:{self.queue}")

    def clean(self):
        with self._client() as client:
            for job in client.lrange(f"rq:queue:{self.queue}", 0, -1):
                client.delete(b"rq:job:" + job)
            for key in client.scan_iter(f"rq:*{self.queue}*"):
                client.delete(key)

    def _client(self):
        import redis

        return redis.Redis(port=self.port)


class _Celery(Engine):
    packages = ("celery",)

    def settings(self, *, port=None):
        return {
            "NSFW_RUNNER": CELERY,
            "CELERY_BROKER_URL": self.url(port or self.port),
            "CELERY_WORKER_ENABLE_REMOTE_CONTROL": False,  # no queues besides ours
            "CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP": True,
        }

    def command(self):
        return (
            "-m", "celery", "-A", "tests.background.project", "worker",
            "--queues", self.queue, "--concurrency", "1", "--loglevel", "INFO",
            "--without-gossip", "--without-mingle", "--without-heartbeat",
        )  # fmt: skip


class CeleryRedis(_Celery):
    packages = ("celery", "redis")
    port = 6379

    def url(self, port):
        return f"redis://127.0.0.1:{port}/0"

    def settings(self, **where):
        # Besides its queues a worker has keys that others on the same database would share.
        prefix = {"global_keyprefix": f"{self.queue}."}
        return super().settings(**where) | {"CELERY_BROKER_TRANSPORT_OPTIONS": prefix}

    def waiting(self, site=None):
        with self._client() as client:
            return client.llen(f"{self.queue}.{self.queue}")

    def clean(self):
        with self._client() as client:
            for key in client.scan_iter(f"{self.queue}*"):
                client.delete(key)

    def _client(self):
        import redis

        return redis.Redis(port=self.port)


class CeleryRabbitMQ(_Celery):
    packages = ("celery", "amqp")
    port = 5672

    def url(self, port):
        return f"amqp://guest:guest@127.0.0.1:{port}//"

    def waiting(self, site=None):
        with self._channel() as channel:
            return channel.queue_declare(self.queue, passive=True).message_count

    def clean(self):
        with self._channel() as channel:
            channel.queue_delete(self.queue)
            channel.exchange_delete(self.queue)

    def _channel(self):
        from kombu import Connection

        @contextmanager
        def channel():
            with Connection(self.url(self.port)) as connection:
                yield connection.default_channel

        return channel()


ENGINES = (TasksDB, TasksRQ, CeleryRedis, CeleryRabbitMQ)
