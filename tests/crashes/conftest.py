"""What the laboratory saw: one program for all, because it takes seconds to start."""

import pytest

from tests.crashes import programs


@pytest.fixture(scope="session")
def results(tmp_path_factory):
    return programs.run("tests.crashes.laboratory", tmp_path_factory.mktemp("laboratory"))
