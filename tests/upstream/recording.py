"""Django's test runner, which writes down what became of each test, and what passed the gates."""

import json
import os
import unittest
from collections import Counter
from pathlib import Path

from django.apps import apps
from django.db.models.signals import post_save
from django.test.runner import DiscoverRunner


class Recording(unittest.TextTestResult):
    outcomes = {}

    def addSuccess(self, test):  # noqa: N802 - unittest's own name
        super().addSuccess(test)
        self.outcomes.setdefault(test.id(), "passed")

    def addError(self, test, err):  # noqa: N802
        super().addError(test, err)
        self.outcomes[test.id()] = "error"

    def addFailure(self, test, err):  # noqa: N802
        super().addFailure(test, err)
        self.outcomes[test.id()] = "failed"

    def addSubTest(self, test, subtest, err):  # noqa: N802
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.outcomes[test.id()] = "failed"

    def addSkip(self, test, reason):  # noqa: N802
        super().addSkip(test, reason)
        self.outcomes[test.id()] = "skipped"

    def addExpectedFailure(self, test, err):  # noqa: N802
        super().addExpectedFailure(test, err)
        self.outcomes[test.id()] = "expected failure"

    def addUnexpectedSuccess(self, test):  # noqa: N802
        super().addUnexpectedSuccess(test)
        self.outcomes[test.id()] = "unexpected success"


class Runner(DiscoverRunner):
    """With this app, ``passed`` counts what it did: files that were looked at, ``scored`` or by the
    reason why there is no score, and scans that were recorded, by their status."""

    passed = {"examined": Counter(), "recorded": Counter()}

    def get_resultclass(self):
        return Recording

    def setup_test_environment(self, **kwargs):
        super().setup_test_environment(**kwargs)
        if apps.is_installed("django_nsfw"):
            from django_nsfw.models import Scan
            from django_nsfw.signals import image_assessed

            image_assessed.connect(self.count_assessed)
            post_save.connect(self.count_recorded, sender=Scan)

    def count_assessed(self, *, assessment, **kwargs):
        failure = assessment.failure
        self.passed["examined"][failure.code if failure else "scored"] += 1

    def count_recorded(self, *, instance, created, **kwargs):
        self.passed["recorded"][str(instance.status)] += created

    def suite_result(self, suite, result, **kwargs):
        found = {"outcomes": Recording.outcomes, **self.passed}
        Path(os.environ["UPSTREAM_DATA"], "found.json").write_text(json.dumps(found))
        return super().suite_result(suite, result, **kwargs)
