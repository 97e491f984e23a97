import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_nsfw.detectors import detectors, handler
from django_nsfw.exceptions import DetectorUnavailable

from . import backends

HERE = "tests.detectors.backends"


@pytest.fixture(autouse=True)
def counters():
    for cls in vars(backends).values():
        if isinstance(cls, type) and issubclass(cls, backends.Plain):
            cls.built = cls.loaded = 0
    backends.Down.up = False


def spec(name, /, **options):
    return {"BACKEND": f"{HERE}.{name}", "OPTIONS": options}


def test_an_alias_has_one_instance(configure):
    configure(default=spec("Plain"), other=spec("Plain"))

    assert detectors["default"] is detectors["default"]
    assert detectors["default"] is not detectors["other"]
    assert list(detectors) == ["default", "other"]
    assert "other" in detectors
    assert "third" not in detectors


def test_eight_threads_at_once_build_one(configure):
    configure(default=spec("Slow"))
    barrier = threading.Barrier(8)

    def get(_):
        barrier.wait()
        return detectors["default"]

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(get, range(8)))

    assert len(found) == 1
    assert (backends.Slow.built, backends.Slow.loaded) == (1, 1)


def test_a_slow_load_does_not_hold_up_another_alias(configure):
    configure(slow=spec("Stuck"), quick=spec("Plain"))
    backends.Stuck.started.clear()
    backends.Stuck.go.clear()
    thread = threading.Thread(target=lambda: detectors["slow"])
    thread.start()
    try:
        assert backends.Stuck.started.wait(5)
        assert detectors["quick"].identity == "plain"
        assert backends.Stuck.loaded == 0
    finally:
        backends.Stuck.go.set()
        thread.join()


def test_changed_settings_forget_the_instance(configure):
    configure(default=spec("Plain", name="first"))
    before = detectors["default"]
    configure(default=spec("Plain", name="second"))

    assert detectors["default"] is not before
    assert detectors["default"].identity == "second"


def test_build_makes_a_new_instance_without_loading(configure):
    configure(default=spec("Plain"))

    assert detectors.build("default") is not detectors.build("default")
    assert backends.Plain.loaded == 0


def test_a_failure_is_remembered_then_tried_again(configure, monkeypatch):
    configure(default=spec("Down"))
    now = [1000.0]
    monkeypatch.setattr(handler.time, "monotonic", lambda: now[0])

    for _ in range(3):
        with pytest.raises(DetectorUnavailable, match=r"^plain cannot be had\.$"):
            detectors["default"]
    assert backends.Down.loaded == 1

    backends.Down.up = True
    now[0] += handler.RETRY_AFTER - 0.1
    with pytest.raises(DetectorUnavailable):
        detectors["default"]
    now[0] += 0.2
    assert detectors["default"].identity == "plain"
    assert backends.Down.loaded == 2


def test_whatever_a_backend_raises_is_an_unavailable_detector(configure):
    configure(default=spec("Raising"))

    with pytest.raises(DetectorUnavailable) as caught:
        detectors["default"]

    assert str(caught.value) == (
        "NSFW detector 'default' could not be loaded: RuntimeError: out of luck"
    )


def test_a_missing_package_is_told_from_a_wrong_path(configure):
    backend = "tests.detectors.needs_missing_package.Unreachable"
    configure(default={"BACKEND": backend})

    with pytest.raises(DetectorUnavailable) as caught:
        detectors["default"]

    assert str(caught.value) == (
        "NSFW detector 'default' cannot be built: No module named 'a_package_nobody_has'. "
        f"Install what {backend} needs."
    )


@pytest.mark.parametrize(
    ("backend", "package", "extra"),
    [
        ("timm.TimmDetector", "timm", "timm"),
        ("transformers.TransformersDetector", "torch", "transformers"),
        ("onnx.OnnxDetector", "onnxruntime", "onnx"),
        ("onnx.OpenNSFWDetector", "onnxruntime", "opennsfw"),
    ],
)
def test_a_backend_of_ours_names_its_extra(configure, monkeypatch, backend, package, extra):
    path = f"django_nsfw.detectors.{backend}"
    for name in list(sys.modules):
        room, _, module = name.rpartition(".")
        if room == "django_nsfw.detectors" and module in {
            "timm", "transformers", "onnx", "runtime",
        }:  # fmt: skip
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    configure(default={"BACKEND": path})

    with pytest.raises(DetectorUnavailable) as caught:
        detectors["default"]

    assert str(caught.value) == (
        f"NSFW detector 'default' cannot be built: import of {package} halted; None in "
        f'sys.modules. Install it with: pip install "django-nsfw[{extra}]"'
    )


OURS = (
    "Backends of this package: django_nsfw.detectors.timm.TimmDetector, "
    "django_nsfw.detectors.transformers.TransformersDetector, "
    "django_nsfw.detectors.onnx.OnnxDetector, django_nsfw.detectors.onnx.OpenNSFWDetector, "
    "django_nsfw.detectors.fallback.FallbackDetector, "
    "django_nsfw.detectors.cascade.CascadeDetector, "
    "django_nsfw.detectors.ensemble.EnsembleDetector."
)
AT = "NSFW_DETECTORS['default']"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        pytest.param("timm", f"{AT} must be a dictionary, not 'timm'.", id="no dictionary"),
        pytest.param({}, f"{AT} has no BACKEND. {OURS}", id="no backend"),
        pytest.param(
            {"BACKEND": f"{HERE}.Plain", "OPTION": {}},
            f"{AT} has no key 'OPTION'. Valid keys: BACKEND, OPTIONS.",
            id="unknown key",
        ),
        pytest.param(
            {"BACKEND": 5}, f"{AT} BACKEND must be a dotted path, not 5.", id="backend no path"
        ),
        pytest.param(
            {"BACKEND": f"{HERE}.Plain", "OPTIONS": []},
            f"{AT} OPTIONS must be a dictionary, not [].",
            id="options no dictionary",
        ),
        pytest.param(
            {"BACKEND": "Plain"},
            f"{AT} BACKEND 'Plain' cannot be imported: it is not a dotted path. {OURS}",
            id="path without a dot",
        ),
        pytest.param(
            {"BACKEND": "django_nsfw.detectors.tim.TimmDetector"},
            f"{AT} BACKEND 'django_nsfw.detectors.tim.TimmDetector' cannot be imported: there is "
            f"no module 'django_nsfw.detectors.tim'. {OURS}",
            id="wrong module",
        ),
        pytest.param(
            {"BACKEND": f"{HERE}.Plan"},
            f"{AT} BACKEND '{HERE}.Plan' cannot be imported: module '{HERE}' has no 'Plan'. {OURS}",
            id="wrong class",
        ),
        pytest.param(
            {"BACKEND": f"{HERE}.NoDetector"},
            f"{AT} BACKEND '{HERE}.NoDetector' is not a subclass of "
            "django_nsfw.detectors.base.Detector.",
            id="no detector",
        ),
        pytest.param(
            spec("Needy", size=3, color="blue"),
            f"{AT} Needy has no option 'color'. Valid options: size, colour.",
            id="unknown option",
        ),
        pytest.param(spec("Needy"), f"{AT} Needy needs the option 'size'.", id="missing option"),
    ],
)
def test_a_mistake_in_the_settings_names_the_value_and_the_valid_ones(configure, wrong, message):
    configure(default=wrong)

    with pytest.raises(ImproperlyConfigured) as caught:
        detectors["default"]

    assert str(caught.value) == message


def test_an_unknown_alias_names_the_configured_ones(configure):
    configure(default=spec("Plain"), fine=spec("Plain"))

    with pytest.raises(ImproperlyConfigured) as caught:
        detectors["fin"]

    assert str(caught.value) == ("NSFW_DETECTORS has no detector 'fin'. Configured: default, fine.")


def run(code: str) -> str:
    """The output of ``code`` in a fresh process with Django set up."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    prelude = "import django; django.setup()\n"
    done = subprocess.run(
        [sys.executable, "-c", prelude + code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_imports_no_framework():
    out = run(
        "import sys; import django_nsfw.detectors\n"
        "names = 'numpy PIL torch timm transformers onnxruntime huggingface_hub'.split()\n"
        "print([n for n in names if n in sys.modules and n != 'PIL'])"
    )

    assert out == "[]\n"


def test_the_room_never_imports_the_orm():
    out = run(
        "import ast, pathlib, django_nsfw.detectors as room\n"
        "for path in pathlib.Path(room.__file__).parent.glob('*.py'):\n"
        "    for node in ast.walk(ast.parse(path.read_text())):\n"
        "        names = [node.module or ''] if isinstance(node, ast.ImportFrom) else "
        "[a.name for a in node.names] if isinstance(node, ast.Import) else []\n"
        "        assert not any(n.startswith('django.db') for n in names), path"
    )

    assert out == ""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_builds_its_own_even_while_the_parent_holds_the_locks():
    out = run(
        "import os, sys, threading\n"
        "from django.test import override_settings\n"
        "from django_nsfw.detectors import detectors\n"
        "from tests.detectors import backends\n"
        "spec = lambda n: {'BACKEND': 'tests.detectors.backends.' + n}\n"
        "with override_settings(NSFW_DETECTORS={'a': spec('Plain'), 'b': spec('Stuck')}):\n"
        "    mine = detectors['a']\n"
        "    threading.Thread(target=lambda: detectors['b'], daemon=True).start()\n"
        "    assert backends.Stuck.started.wait(5)\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        backends.Stuck.go.set()\n"
        "        assert detectors['a'] is not mine\n"
        "        assert detectors['b'].identity == 'plain'\n"
        "        print('child built both', flush=True)\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    assert detectors['a'] is mine\n"
        "    backends.Stuck.go.set()\n"
    )

    assert out == "child built both\n"


def test_an_identity_that_no_scan_could_keep_is_refused(settings):
    settings.NSFW_DETECTORS = {"long": {"BACKEND": f"{HERE}.LongWinded"}}
    with pytest.raises(ImproperlyConfigured) as error:
        detectors["long"]
    assert str(error.value).startswith(
        "NSFW_DETECTORS['long']: the identity of LongWinded has 256 characters, at most 255 can "
        "be stored: iii"
    )
