"""Django's test runner, which writes down what became of each test."""

import json
import os
import unittest
from pathlib import Path

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


class Runner(DiscoverRunner):
    def get_resultclass(self):
        return Recording

    def suite_result(self, suite, result, **kwargs):
        path = Path(os.environ["UPSTREAM_DATA"]) / "outcomes.json"
        path.write_text(json.dumps(Recording.outcomes))
        return super().suite_result(suite, result, **kwargs)
