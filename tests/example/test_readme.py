"""What the README says is so."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.template import Context, Template

from django_nsfw.conf import DEFAULT_POLICY, Settings
from django_nsfw.detectors.handler import BACKENDS, EXTRAS
from django_nsfw.limits import Limits
from django_nsfw.models import Decision
from django_nsfw.policy import KnownRules, Policy
from tests.conftest import encode, mistaken, upload
from tests.host.models import Photo

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    [_, body] = re.split(rf"^## {title}$", README, flags=re.MULTILINE)
    return re.split(r"^## ", body, flags=re.MULTILINE)[0]


def rows(text: str, head: str) -> dict[str, list[str]]:
    """First cell without its code marks → the other cells, of the table that begins with head."""
    table = text[text.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {first.strip("`"): rest for first, *rest in cells}


def quickstart() -> list[tuple[str, str]]:
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section("Quickstart"), re.DOTALL | re.MULTILINE)
    assert [kind for kind, _ in blocks] == ["console", "python", "python", "console"]
    return blocks


def test_the_quickstart_has_at_most_ten_lines_of_code():
    lines = [line for _, block in quickstart() for line in block.splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= 10


def test_the_quickstart_works_in_a_new_project(tmp_path):
    _, (_, in_settings), (_, in_models), (_, commands) = quickstart()

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={
                "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
                "PYTHONWARNINGS": "error",
            },
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    run("-m", "django", "startproject", "site_of_mine", ".")
    run("manage.py", "startapp", "photos")
    own = tmp_path / "site_of_mine" / "settings.py"
    own.write_text(
        f"{own.read_text()}\nINSTALLED_APPS += ['photos']\nMEDIA_ROOT = BASE_DIR / 'media'\n"
        f"{in_settings}"
    )
    validator, image = in_models.splitlines()[1:]
    (tmp_path / "photos" / "models.py").write_text(
        f"from django.db import models\n{validator}\nclass Photo(models.Model):\n    {image}\n"
    )
    for command in commands.strip().split(" && "):
        run(*command.split()[1:])
    assert run("manage.py", "check") == "System check identified no issues (0 silenced)."
    (tmp_path / "mistaken.png").write_bytes(encode(mistaken(seed=18), "PNG"))
    code = (
        "from pathlib import Path\n"
        "from django.core.files.base import ContentFile\n"
        "from django_nsfw.models import Scan\n"
        "from photos.models import Photo\n"
        "body = Path('mistaken.png').read_bytes()\n"
        "Photo.objects.create(image=ContentFile(body, 'a.png'))\n"
        "print(Scan.objects.get().status)\n"
    )
    assert run("manage.py", "shell", "--verbosity", "0", "--command", code) == "held"
    assert len(list((tmp_path / "quarantine" / "held").glob("*/*"))) == 1
    [placeholder] = (tmp_path / "media" / "photos").iterdir()
    assert placeholder.read_bytes() != (tmp_path / "mistaken.png").read_bytes()


@pytest.mark.parametrize("block", [block for kind, block in BLOCKS if kind == "python"])
def test_python_blocks_are_python(block):
    compile(block, "README.md", "exec")


@pytest.mark.django_db
def test_the_blocks_on_listings_and_decisions_run(constant, django_user_model):
    constant.answer = 0.7
    photo = Photo.objects.create(image=upload())
    [listings], [deciding] = (
        [block for kind, block in BLOCKS if kind == "python" and mark in block]
        for mark in ("exclude_held", "approve(")
    )
    names = {"Photo": Photo, "user": django_user_model.objects.create(username="moderator")}
    exec(listings, names)
    assert [shown.nsfw_image for shown in names["photos"]] == ["held"]
    [tags] = [block for kind, block in BLOCKS if kind == "django"]
    rendered = Template(tags).render(Context({"photo": photo})).split()
    assert re.sub("<[^>]+>", "", " ".join(rendered)) == "Awaiting review … … held"
    exec(deciding, names)
    assert [d.note for d in Decision.objects.all()] == ["a saucer"]
    assert names["exclude_held"](Photo.objects.all()).count() == 1


def test_settings_are_those_that_exist():
    documented = rows(section("Settings"), "setting")
    names = {f"NSFW_{name.upper()}" for name in vars(Settings) if not name.startswith("_")}
    assert documented.keys() == names | {'STORAGES["nsfw_quarantine"]'}


def test_policy_keys_are_those_that_exist_with_their_defaults():
    documented = rows(section("Settings"), "policy key")
    defaults = {f.name: DEFAULT_POLICY.get(f.name, f.default) for f in fields(Policy)}
    said = {name: cells[-1].strip("`") for name, cells in documented.items()}
    defaults["known"] = {f.name: getattr(defaults["known"], f.name) for f in fields(KnownRules)}
    assert {name: ast.literal_eval(value) for name, value in said.items()} == defaults


def test_limits_are_those_that_exist_with_their_defaults():
    text = section("Settings")
    said = re.findall(r"`(max_\w+|timeout)`[^|]*\| ([\d,]+) \|", text)
    assert {name: float(value.replace(",", "")) for name, value in said} == {
        f.name: float(f.default) for f in fields(Limits)
    }


def test_detectors_are_those_that_exist_with_their_extras():
    documented = rows(section("Detectors"), "backend")
    assert {
        f"django_nsfw.detectors.{name}": cells[-1].strip("`–") for name, cells in documented.items()
    } == {backend: EXTRAS.get(backend, "") for backend in BACKENDS}


def test_commands_are_those_that_exist_with_their_options():
    documented = rows(section("Commands"), "command")
    own = {name for name, app in get_commands().items() if app == "django_nsfw"}
    assert {name.split()[0] for name in documented} == own
    for usage, [told] in documented.items():
        name = usage.split()[0]
        parser = load_command_class("django_nsfw", name).create_parser("manage.py", name)
        valid = set(parser._option_string_actions)
        assert set(re.findall(r"--[\w-]+", usage + told)) <= valid


def test_files_it_points_at_exist():
    targets = re.findall(r"\]\(([^)]+)\)", README)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
