"""The runner of Django's own tests: with this app, every file field that they have is watched."""

from django.apps import apps
from django.test import override_settings

from tests.upstream.recording import Runner as RecordingRunner


class Runner(RecordingRunner):
    def setup_test_environment(self, **kwargs):
        super().setup_test_environment(**kwargs)
        if apps.is_installed("django_nsfw"):
            import django_nsfw.admin  # noqa: F401 - runtests.py leaves out what finds it
            from django_nsfw.registry import file_fields, registry

            labels = [label for label, _ in file_fields()]
            override_settings(NSFW_FIELDS={label: {} for label in labels}).enable()
            if list(registry.watched) != labels:
                raise RuntimeError(f"Of {labels} these are watched: {list(registry.watched)}")
            print(f"Watched: {', '.join(labels)}")
