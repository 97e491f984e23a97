"""The example with Wagtail. Its 150 migrations are left out: the suite has the same tables."""

from tests.example.conftest import Example


def test_nothing_is_wrong_with_its_settings(tmp_path):
    example = Example(tmp_path)
    example.environment["NSFW_HOSTS"] = "wagtail"
    done = example.manage("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (0 silenced).\n"
