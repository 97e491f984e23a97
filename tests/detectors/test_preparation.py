import io
import json
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from .test_handler import spec


@pytest.fixture
def two(configure):
    configure(default=spec("Plain", name="plain"), down=spec("Down", name="down"))


def test_it_says_what_each_detector_is(configure):
    configure(default=spec("Plain", name="plain"))
    out = io.StringIO()

    call_command("nsfw_prepare", stdout=out, no_color=True)

    lines = out.getvalue().splitlines()
    assert lines[:3] == ["default: ready", "  identity plain", "  labels   sfw, nsfw (NSFW)"]
    assert [line.split()[0] for line in lines[3:]] == ["load", "warm"]


def test_one_that_fails_does_not_hide_the_others(two):
    out = io.StringIO()

    with pytest.raises(CommandError) as caught:
        call_command("nsfw_prepare", stdout=out, no_color=True)

    assert str(caught.value) == "1 of 2 not prepared.\ndown: down cannot be had."
    assert out.getvalue().startswith("default: ready")


def test_named_ones_only(two):
    out = io.StringIO()
    call_command("nsfw_prepare", "default", stdout=out)
    assert "default: ready" in out.getvalue()

    with pytest.raises(CommandError) as caught:
        call_command("nsfw_prepare", "other")
    assert str(caught.value) == (
        "NSFW_DETECTORS has no detector 'other'. Configured: default, down."
    )


def test_a_mistake_in_the_settings_is_a_result(configure):
    configure(default=spec("Plain", size=1))

    with pytest.raises(CommandError, match=r"default: .*Plain has no option 'size'"):
        call_command("nsfw_prepare")


def test_json_for_machines(two):
    out = io.StringIO()

    with pytest.raises(CommandError):
        call_command("nsfw_prepare", format="json", stdout=out)

    first, second = json.loads(out.getvalue())
    assert (first["alias"], first["error"], first["identity"]) == ("default", "", "plain")
    assert first["labels"] == ["sfw", "nsfw"]
    assert first["nsfw_labels"] == ["nsfw"]
    assert first["load_seconds"] >= 0
    assert first["ms_per_image"] >= 0
    assert (second["alias"], second["error"]) == ("down", "down cannot be had.")


def test_the_exit_code_tells_and_there_is_no_traceback(tmp_path):
    (tmp_path / "failing_settings.py").write_text(
        "from tests.settings import *\n"
        "NSFW_DETECTORS = {'default': {'BACKEND': 'tests.detectors.backends.Down'}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "django", "nsfw_prepare"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "failing_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), os.getcwd()]),  # noqa: PTH109
        },
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.endswith(
        "CommandError: 1 of 1 not prepared.\ndefault: plain cannot be had.\n"
    )
    assert "Traceback" not in done.stderr
