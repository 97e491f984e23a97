"""Runs Wagtail's own tests, of its wheel, with this app and without it: the same must pass.

``python -m tests.contrib.wagtail.upstream [LABEL…]``, labels as Django's test runner takes them; by
default the tests of images and documents. Both run at the same time.
"""

import sys
from pathlib import Path

import wagtail

from tests.upstream.twice import Suite, run

LABELS = ["wagtail.images", "wagtail.documents"]
FORMS = "asks for Wagtail's own class of forms, in whose place the settings name ours"
MENU = "counts queries, and the menu says how many pictures wait by one"
AS_MEANT = {
    "wagtail.documents.tests.test_form_overrides.TestDocumentFormOverride."
    "test_get_document_base_form": FORMS,
    "wagtail.documents.tests.test_form_overrides.TestDocumentFormOverride."
    "test_get_document_form": FORMS,
    "wagtail.images.tests.test_form_overrides.TestImageFormOverride."
    "test_get_image_base_form": FORMS,
    "wagtail.images.tests.test_form_overrides.TestImageFormOverride.test_get_image_form": FORMS,
    "wagtail.documents.tests.test_admin_views.TestDocumentIndexView.test_simple": MENU,
    "wagtail.documents.tests.test_admin_views.TestDocumentIndexView."
    "test_order_by_usage_count": MENU,
    "wagtail.images.tests.test_admin_views.TestImageIndexView.test_num_queries": MENU,
    "wagtail.images.tests.test_admin_views.TestImageIndexView.test_order_by_usage_count": MENU,
}
"""Tests that fail with this app, and why that is no fault of it."""


def main(labels: list[str]) -> int:
    return run(
        Suite(
            name=f"Wagtail {wagtail.__version__}",
            command=[
                sys.executable, "-W", "ignore", "-m", "django", "test", "--noinput",
                "--testrunner", "tests.upstream.recording.Runner", *(labels or LABELS),
            ],
            settings="tests.contrib.wagtail.upstream.settings",
            # Some of its tests open files by their path in its source.
            folder=Path(wagtail.__file__).parent.parent,
            as_meant=AS_MEANT,
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
