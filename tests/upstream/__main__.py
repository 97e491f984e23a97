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
HELD = "stores a text called .jpg, or a picture without an extension, and asks for its own name"
FORBIDS = "forbids every query while a file is saved, and known images are looked up by one"
LISTENS = "asks that nobody listens to any model, and a watched field has its listeners"
SETTINGS = "asks for Django's own storages, and the settings have one for the quarantine besides"
AS_MEANT = {
    "file_storage.tests.StorageHandlerTests.test_defaults": SETTINGS,
    "file_uploads.tests.DirectoryCreationTests.test_not_a_directory": FORBIDS,
    "file_uploads.tests.DirectoryCreationTests.test_readonly_root": FORBIDS,
    "file_uploads.tests.FileUploadTests.test_unicode_file_name": HELD,
    "file_uploads.tests.FileUploadTests.test_unicode_file_name_rfc2231": HELD,
    "file_uploads.tests.FileUploadTests.test_unicode_file_name_rfc2231_with_double_quotes": HELD,
    "file_uploads.tests.FileUploadTests.test_unicode_name_rfc2231": HELD,
    "file_uploads.tests.FileUploadTests.test_unicode_name_rfc2231_with_double_quotes": HELD,
    "model_forms.tests.FileAndImageFieldTests.test_image_field": HELD,
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
