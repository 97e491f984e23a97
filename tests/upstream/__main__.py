"""Runs Django's own tests, of its source package, with this app and without it: the same must pass.

``python -m tests.upstream [LABEL…]``, labels as Django's ``runtests.py`` takes them; by default the
tests of files, fields, forms, the admin, and of what is saved and how. Both run at the same time.
"""

import sys

import django

from tests.upstream.source import django_tests
from tests.upstream.twice import Suite, run

LABELS = [
    "admin_views",
    "bulk_create",
    "file_storage",
    "file_uploads",
    "files",
    "fixtures",
    "forms_tests",
    "model_fields",
    "model_forms",
    "serializers",
    "signals",
    "transaction_hooks",
]
FORBIDS = "forbids every query while a file is saved, and known images are looked up by one"
LISTENS = "asks that nobody listens to any model, and a watched field has its listeners"
SETTINGS = "asks for Django's own storages, and the settings have one for the quarantine besides"
LOOKS = "asks that nobody has looked at a lazy storage, and a check asks which folder it has"
AS_MEANT = {
    "file_storage.tests.StorageLazyObjectTests."
    "test_lazy_object_is_not_evaluated_before_manual_access": LOOKS,  # from Django 6.1 on
    "file_storage.tests.StorageHandlerTests.test_defaults": SETTINGS,
    "file_uploads.tests.DirectoryCreationTests.test_not_a_directory": FORBIDS,
    "file_uploads.tests.DirectoryCreationTests.test_readonly_root": FORBIDS,
    "signals.tests.SignalTests.test_disconnect_in_dispatch": LISTENS,
}
"""Tests that fail with this app, and why that is no fault of it."""
TAKES_TIME = "measures how long something takes, on a machine that does other things as well"
UNSTEADY = {
    "serializers.test_deserialization.TestDeserializer.test_crafted_xml_performance": TAKES_TIME,
}


def main(labels: list[str]) -> int:
    return run(
        Suite(
            name=f"Django {django.__version__}",
            command=[
                sys.executable, str(django_tests() / "runtests.py"), "--noinput", "--parallel=1",
                *(labels or LABELS),
            ],
            settings="tests.upstream.settings",
            as_meant=AS_MEANT,
            unsteady=UNSTEADY,
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
