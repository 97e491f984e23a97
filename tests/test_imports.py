"""The import rules of the rooms: on the memory of a process, and on the import graph."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import django_nsfw

PACKAGE = Path(django_nsfw.__file__).parent

HEAVY = {
    "pdqhash",
    "numpy",
    "torch",
    "torchvision",
    "timm",
    "onnxruntime",
    "onnx",
    "huggingface_hub",
    "transformers",
    "sklearn",
    "matplotlib",
    "PIL",
}

SETUP = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
import django_nsfw.models, django_nsfw.admin
{then}
print(sorted({found}))
"""
TOO_HEAVY = f"{HEAVY!r} & set(sys.modules)"
OURS = "m for m in sys.modules if m.startswith('django_nsfw')"


def in_a_fresh_process(then="", found=TOO_HEAVY) -> str:
    script = SETUP.format(then=then, found=found)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_setting_up_django_loads_nothing_heavy():
    assert in_a_fresh_process(then="import django_nsfw.decisions") == "[]"


AT_EVERY_START = {
    "admin", "apps", "checks", "conf", "exceptions", "gate", "models", "one_by_one", "permissions",
    "policy", "receivers", "registry", "validators", "verdict",
}  # fmt: skip
"""Rooms that connect and declare. What works is imported when it is first called: the bound on
``django.setup()`` leaves no time for more."""


def test_a_process_that_starts_loads_only_what_connects_and_declares():
    loaded = ast.literal_eval(in_a_fresh_process(found=OURS))
    assert {name.split(".")[1] for name in loaded if "." in name} == AT_EVERY_START


def test_checks_load_nothing_heavy():
    then = "from django.core import checks; checks.run_checks(tags=['nsfw'])"
    assert in_a_fresh_process(then) == "[]"


def test_the_models_alone_bring_neither_pil_nor_a_detector():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, django\n"
            "from django.conf import settings\n"
            "settings.configure(INSTALLED_APPS=['django.contrib.contenttypes', "
            "'django.contrib.auth'])\n"
            "django.setup()\n"
            "import django_nsfw.validators, django_nsfw.policy, django_nsfw.scores\n"
            "print([m for m in sys.modules if m.startswith(('PIL', 'django_nsfw.det', "
            "'django_nsfw.im', 'django_nsfw.models', 'django_nsfw.scanning'))])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(module: str, path: Path) -> set[str]:
    """Everything that a module imports anywhere in it, for type checking too, absolute."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package
            for _ in range(node.level - 1):
                base = base.rpartition(".")[0]
            source = f"{base}.{node.module}" if node.level and node.module else node.module or base
            names |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
    return names


GRAPH = {module: imported(module, path) for module, path in modules().items()}


def importers(prefix: str) -> list[tuple[str, list[str]]]:
    """Modules of ours that import anything under ``prefix``."""
    hits = []
    for module, names in GRAPH.items():
        found = sorted(n for n in names if n == prefix or n.startswith(f"{prefix}."))
        if found:
            hits.append((module, found))
    return hits


@pytest.mark.parametrize(
    "room",
    [
        "django_nsfw.detectors",
        "django_nsfw.evaluation",
        "django_nsfw.explaining",
        "django_nsfw.images",
        "django_nsfw.policy",
        "django_nsfw.training",
    ],
)
def test_rooms_without_a_database(room):
    offenders = [m for m, _ in importers("django.db") if m == room or m.startswith(f"{room}.")]
    offenders += [
        m for m, _ in importers("django_nsfw.models") if m == room or m.startswith(f"{room}.")
    ]
    assert offenders == []


def test_images_know_nothing_of_django():
    assert [m for m, _ in importers("django") if m.startswith("django_nsfw.images")] == []


@pytest.mark.parametrize("room", ["scores", "verdict", "exceptions", "limits"])
def test_values_are_made_of_the_standard_library(room):
    names = GRAPH[f"django_nsfw.{room}"]
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_policy_imports_scores_and_verdicts_and_nothing_else_of_ours():
    ours = {n for n in GRAPH["django_nsfw.policy"] if n.startswith("django_nsfw.")}
    assert {n.split(".")[1] for n in ours} == {"scores", "verdict"}


@pytest.mark.parametrize("forbidden", ["PIL", "django_nsfw.images", "django_nsfw.detectors"])
def test_models_never_import(forbidden):
    assert [m for m, _ in importers(forbidden) if m.startswith("django_nsfw.models")] == []


@pytest.mark.parametrize("top", ["django_nsfw.admin", "django_nsfw.management.commands"])
def test_nothing_imports_the_top_floor(top):
    assert [m for m, _ in importers(top) if not m.startswith(top)] == []


def test_nothing_imports_the_packages_of_hosts():
    ours = "django_nsfw.contrib"
    assert [m for m, _ in importers(ours) if not m.startswith(ours)] == []


@pytest.mark.parametrize(
    ("host", "package"),
    [
        ("rest_framework", "rest_framework"),
        ("drf_spectacular", "rest_framework"),
        ("filer", "filer"),
        ("easy_thumbnails", "easy_thumbnails"),
        ("sorl", "sorl_thumbnail"),
        ("cms", "cms"),
        ("prometheus_client", "prometheus"),
        ("opentelemetry", "opentelemetry"),
        ("health_check", "health_check"),
        ("wagtail", "wagtail"),
        ("django_ckeditor_5", "stored_files"),
        ("tinymce", "stored_files"),
    ],
)
def test_each_host_is_imported_by_its_package_alone(host, package):
    ours = f"django_nsfw.contrib.{package}"
    assert [m for m, _ in importers(host) if not m.startswith(ours)] == []


def test_what_is_for_tests_is_imported_by_tests_alone():
    ours = "django_nsfw.testing"
    plugin = "django_nsfw.pytest_plugin"
    assert {m for m, _ in importers(ours) if not m.startswith(ours)} == {plugin}
    assert {m for m, _ in importers("pytest")} == {plugin}
    assert importers(plugin) == []


TRAINING = {
    "batches", "learning", "measuring", "running", "settings", "starting", "state", "workplace",
}  # fmt: skip
"""Rooms that work with tensors. What only counts and compares pictures does not."""


@pytest.mark.parametrize(
    ("framework", "rooms"),
    [
        (
            "torch",
            {
                f"django_nsfw.detectors.{module}"
                for module in (
                    "torch_classifier",
                    "timm",
                    "transformers",
                    "export",
                    "fused_attention",
                )
            }
            | {f"django_nsfw.training.{module}" for module in TRAINING},
        ),
        (
            "timm",
            {"django_nsfw.detectors.timm"}
            | {f"django_nsfw.training.{module}" for module in TRAINING},
        ),
        ("transformers", {"django_nsfw.detectors.transformers"}),
        (
            "onnxruntime",
            {f"django_nsfw.detectors.{module}" for module in ("runtime", "onnx", "export")},
        ),
        ("onnx", {"django_nsfw.detectors.export"}),
        ("huggingface_hub", {"django_nsfw.detectors.hub"}),
        (
            "sklearn",
            {f"django_nsfw.evaluation.{module}" for module in ("metrics", "calibration")},
        ),
        ("matplotlib", {"django_nsfw.evaluation.plots"}),
    ],
)
def test_each_framework_stays_in_its_module(framework, rooms):
    assert {m for m, _ in importers(framework)} <= rooms


def test_rooms_stay_small():
    rooms = {m: path for m, path in modules().items() if ".migrations." not in m}
    long = {m: n for m, path in rooms.items() if (n := len(path.read_text().splitlines())) > 320}
    assert long == {}
