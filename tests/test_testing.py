"""What projects use in their own tests: what a test says of uploads happens, and nothing stays."""

import asyncio
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage, storages
from django.core.management import call_command
from django.forms import modelform_factory
from django.test import SimpleTestCase, TestCase, override_settings

from django_nsfw.assessment import aassess, assess
from django_nsfw.conf import QUARANTINE_ALIAS
from django_nsfw.decisions import approve
from django_nsfw.memo import memo
from django_nsfw.models import Scan
from django_nsfw.policy import Policy
from django_nsfw.testing import picture, uploads
from django_nsfw.testing.script import running
from tests.conftest import upload
from tests.host.models import Photo

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
PhotoForm = modelform_factory(Photo, fields=["image"])


def submitted(file) -> list[str]:
    """Codes of the errors that a form says."""
    form = PhotoForm({}, {"image": file})
    return [error.code for errors in form.errors.as_data().values() for error in errors]


def saved(file) -> str:
    """The status of a file that is saved past all validation."""
    photo = Photo.objects.create(image=file)
    return Scan.objects.get(object_pk=photo.pk).status


WAYS = {
    "clear": (uploads.clear, [], "clear"),
    "held": (uploads.held, [], "held"),
    "rejected": (uploads.rejected, ["nsfw"], "held"),
    "failing": (uploads.failing, [], "held"),
    "scored below": (lambda: uploads.scored(0.49), [], "clear"),
    "scored at the threshold": (lambda: uploads.scored(0.5), [], "held"),
    "scored to be refused": (lambda: uploads.scored(0.95), ["nsfw"], "held"),
}


@pytest.mark.parametrize(("way", "errors", "status"), WAYS.values(), ids=WAYS)
def test_what_is_said_of_all_happens_to_all(way, errors, status):
    with way():
        assert submitted(picture()) == errors
        assert saved(picture()) == status


POLICIES = {
    "nobody is to look": ({"review": None, "reject": None}, "clear", "held", ["nsfw"]),
    "everything is looked at": ({"review": 0, "reject": None}, "clear", "held", ["nsfw"]),
    "what is looked at stays public": (
        {"on_review": "flag", "reject": None}, "clear", "flagged", ["nsfw"],
    ),
    "hardly anything is refused": ({"reject": 1}, "clear", "held", ["nsfw"]),
    "another detector": ({"detector": "constant"}, "clear", "held", ["nsfw"]),
}  # fmt: skip


@pytest.mark.parametrize(("policy", "clear", "held", "refused"), POLICIES.values(), ids=POLICIES)
def test_it_happens_whatever_the_policy(settings, policy, clear, held, refused):
    settings.NSFW_FIELDS = {"host.Photo.image": policy}
    with uploads.clear():
        assert (submitted(picture()), saved(picture())) == ([], clear)
    with uploads.held():
        assert (submitted(picture()), saved(picture())) == ([], held)
    with uploads.rejected():
        assert (submitted(picture()), saved(picture())) == (refused, "held")


@pytest.mark.parametrize(
    ("on_error", "errors", "status"),
    [("hold", [], "held"), ("reject", ["detector_unavailable"], "held"), ("allow", [], "clear")],
)
def test_of_what_fails_the_policy_decides(settings, on_error, errors, status):
    settings.NSFW_FIELDS = {"host.Photo.image": {"on_error": on_error}}
    with uploads.failing():
        assert (submitted(picture()), saved(picture())) == (errors, status)
    assert Scan.objects.get().error_message == "The test says that it is down."


def test_what_is_no_picture_is_refused_as_ever():
    with uploads.clear() as script:
        assert submitted(upload("cat.jpg", b"%PDF-1.7")) == ["invalid_image"]  # by the form
        assert saved(upload("cat.jpg", b"%PDF-1.7")) == "held"
    assert script.inferences == 0


BAD = picture("bad.jpg", seed=1)


@pytest.mark.parametrize(
    "which",
    [["bad.jpg"], ["b?d.*"], ["other.jpg", "bad.jpg"], [BAD], [BAD.read()], ["x", BAD]],
    ids=["name", "pattern", "several names", "file", "bytes", "name and file"],
)
def test_only_the_files_that_are_named(which):
    BAD.seek(0)
    with uploads.held(*which):
        assert saved(picture("bad.jpg", seed=1)) == "held"
        assert saved(picture("Bad.jpg")) == "clear"
        assert saved(picture("good.jpg")) == "clear"


def test_a_file_that_the_field_renames_is_known_by_its_bytes():
    with uploads.held("bad.jpg"):
        bad = picture("bad.jpg")
        assert submitted(bad) == []
        photo = Photo()
        photo.image.save("photo-of-the-day.jpg", ContentFile(bad.open().read()))
        assert Scan.objects.get(object_pk=photo.pk).status == "held"


def test_the_last_that_names_a_file_counts():
    with uploads.clear() as script:
        script.hold("a.jpg", "b.jpg")
        script.fail("c.jpg", message="It is Sunday.")
        script.clear("b.jpg")
        script.score(0.6, "d.jpg")
        found = {name: saved(picture(f"{name}.jpg")) for name in "abcde"}
        assert found == {"a": "held", "b": "clear", "c": "held", "d": "held", "e": "clear"}
        script.reject()
        assert submitted(picture("b.jpg")) == ["nsfw"]
    assert list(Scan.objects.order_by("pk").values_list("nsfw", "error_message")) == [
        (0.75, ""),
        (0.0, ""),
        (None, "It is Sunday."),
        (0.6, ""),
        (0.0, ""),
    ]


def test_the_same_bytes_can_be_said_something_else_of():
    file = picture(seed=7)
    with uploads.held() as script:
        assert saved(file) == "held"
        script.clear()
        assert saved(picture(seed=7)) == "clear"
        script.fail()
        assert saved(picture(seed=7)) == "held"
    with uploads.clear():
        assert saved(picture(seed=7)) == "clear"


def test_files_that_were_scored_are_counted():
    with uploads.held() as script:
        form = PhotoForm({}, {"image": picture(seed=1)})
        form.save()
        assert script.inferences == 1
        saved(picture(seed=1))  # the same bytes
        assert script.inferences == 1
        saved(picture("long.png", size=(40, 400)))  # several tiles
        assert script.inferences == 2
        script.fail()
        saved(picture())
        assert script.inferences == 2


def test_what_a_moderator_decided_about_the_same_bytes_counts_more():
    with uploads.held():
        assert saved(picture(seed=1)) == "held"
        approve(Scan.objects.get(), moderator=None)
        assert saved(picture(seed=1)) == "approved"


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_that_is_none_fails_where_it_is_written(score):
    with pytest.raises(ValueError, match="A score is from 0 to 1, not"):
        uploads.scored(score)


def test_other_threads_hear_it_too():
    found = []
    with uploads.held() as script:
        thread = threading.Thread(target=lambda: found.append(assess(picture()).nsfw))
        thread.start()
        thread.join()
    assert (found, script.inferences) == ([0.75], 1)


@pytest.mark.django_db(transaction=True)
def test_stored_files_are_rescanned_as_it_says(capsys):
    name = default_storage.save("photos/bad.jpg", picture("bad.jpg", seed=3))
    Photo.objects.bulk_create([Photo(image=name, width=1, height=1)])
    with uploads.held(picture(seed=3)):
        call_command("nsfw_rescan", "host.Photo.image", "--unscanned")
    assert Scan.objects.get().status == "held"


class TestNothingStays:
    def test_settings_detectors_and_storages_are_those_from_before(self, settings, tmp_path):
        before = django_settings.NSFW_DETECTORS, storages[QUARANTINE_ALIAS], Policy.verdict
        settings.NSFW_RUNNER = "django_nsfw.runners.tasks.TasksRunner"
        with pytest.raises(ZeroDivisionError), uploads.held():
            saved(picture())
            with uploads.clear():
                saved(picture())
            assert len(running) == 1
            assert 1 / 0
        assert (
            django_settings.NSFW_DETECTORS, storages[QUARANTINE_ALIAS], Policy.verdict
        ) == before  # fmt: skip
        assert settings.NSFW_RUNNER == "django_nsfw.runners.tasks.TasksRunner"
        assert (running, len(memo._kept)) == ([], 0)
        assert not (tmp_path / "quarantine").exists()

    def test_within_another_one_the_inner_one_counts_and_then_the_outer_one_again(self):
        with uploads.held() as outer:
            with uploads.clear() as inner:
                assert saved(picture()) == "clear"
            assert saved(picture()) == "held"
        assert (outer.inferences, inner.inferences) == (1, 1)

    def test_what_is_held_comes_back_from_memory(self):
        with uploads.held():
            file = picture()
            saved(file)
            [name] = storages[QUARANTINE_ALIAS].listdir("held")[0]
            assert name
            approve(Scan.objects.get(), moderator=None)
        stored = Path(Photo.objects.get().image.path)
        assert stored.read_bytes() == file.open().read()

    @override_settings(
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        }
    )
    def test_what_others_keep_in_memory_stays_there_and_no_quarantine_need_be_set(self):
        default_storage.save("there.txt", ContentFile(b"there"))
        with uploads.held():
            assert default_storage.exists("there.txt")
            assert saved(picture()) == "held"
        assert default_storage.exists("there.txt")
        assert QUARANTINE_ALIAS not in storages.backends

    def test_storages_can_be_overridden_meanwhile(self, tmp_path):
        with uploads.held():
            with override_settings(STORAGES=django_settings.STORAGES):
                assert saved(picture()) == "held"
            assert not isinstance(storages[QUARANTINE_ALIAS], FileSystemStorage)
            approve(Scan.objects.get(), moderator=None)
        assert not (tmp_path / "quarantine").exists()

    def test_the_same_one_can_be_entered_again(self):
        held = uploads.held()
        for _ in range(2):
            with held as script:
                assert saved(picture()) == "held"
            assert script.inferences == 1
        with held as outer, held as inner:
            assert outer is not inner
        assert running == []


class TestOutsideOfTests:
    def test_it_cannot_be_switched_on(self, monkeypatch):
        monkeypatch.delattr(mail, "outbox")
        with pytest.raises(ImproperlyConfigured, match="does so in tests only"):
            uploads.clear().enable()
        assert running == []

    def test_its_detector_lets_nothing_through(self, settings):
        backend = "django_nsfw.testing.script.ScriptedDetector"
        settings.NSFW_DETECTORS = {"default": {"BACKEND": backend}}
        assert saved(picture()) == "held"
        scan = Scan.objects.get()
        assert scan.error_code == "detector_unavailable"
        assert "django_nsfw.testing is for tests" in scan.error_message


@uploads.held(attr_name="script")
class OfAClass(TestCase):
    def test_every_test_of_it(self):
        self.assertEqual(saved(picture()), "held")
        self.assertEqual(self.script.inferences, 1)

    def test_each_with_a_script_of_its_own(self):
        self.assertEqual(self.script.inferences, 0)

    @uploads.clear("good.jpg", kwarg_name="script")
    def test_and_one_otherwise(self, script):
        self.assertEqual(saved(picture()), "clear")
        self.assertIsNot(script, self.script)


class OfFunctions(SimpleTestCase):
    def test_asynchronous_ones_too(self):
        @uploads.scored(0.9)
        async def test():
            return (await aassess(picture())).nsfw

        self.assertEqual(asyncio.run(test()), 0.9)


class TestPictures:
    def test_each_is_another_one_but_for_the_same_seed(self):
        bodies = {picture().read() for _ in range(5)}
        assert len(bodies) == 5
        assert picture(seed=3).read() == picture(seed=3).read()

    @pytest.mark.parametrize("name", ["a.jpg", "b.PNG", "c.webp", "d.gif", "e.bmp", "f.tiff"])
    def test_they_are_of_the_format_that_the_name_says(self, name):
        with uploads.clear():
            assert saved(picture(name, size=(30, 20))) == "clear"
        scan = Scan.objects.get()
        assert (scan.width, scan.height) == (30, 20)

    def test_other_names_are_told_the_right_ones(self):
        with pytest.raises(ValueError, match=r"'cat\.svg': a picture can be one of \.apng, "):
            picture("cat.svg")


PROJECT = {
    "settings.py": """
from pathlib import Path
HERE = Path(__file__).parent
SECRET_KEY = "tests-only"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_nsfw", "photos"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
MEDIA_ROOT = HERE / "media"
QUARANTINE = {"BACKEND": "django.core.files.storage.FileSystemStorage",
              "OPTIONS": {"location": HERE / "quarantine"}}
STORAGES = {"default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "nsfw_quarantine": QUARANTINE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
""",
    "photos/__init__.py": "",
    "photos/models.py": """
from django.db import models
from django_nsfw.validators import NSFWValidator

class Photo(models.Model):
    image = models.ImageField(upload_to="photos", validators=[NSFWValidator(reject=0.9)])
""",
    "photos/test_photos.py": """
import sys
from django.test import TestCase
from django_nsfw.listings import status_of
from django_nsfw.testing import picture, uploads
from photos.models import Photo

class PhotoTests(TestCase):
    @uploads.held()
    def test_held(self):
        self.assertEqual(status_of(Photo.objects.create(image=picture()).image), "held")

    @uploads.clear()
    def test_clear(self):
        self.assertEqual(status_of(Photo.objects.create(image=picture()).image), "clear")

    def test_nothing_heavy_is_there(self):
        self.assertEqual({"torch", "timm", "onnxruntime", "transformers"} & set(sys.modules), set())
""",
    "photos/test_with_pytest.py": """
import pytest
from django.core.exceptions import ValidationError
from django_nsfw.listings import status_of
from django_nsfw.testing import picture
from photos.models import Photo

pytestmark = pytest.mark.django_db

def test_the_fixture(nsfw_uploads):
    assert status_of(Photo.objects.create(image=picture()).image) == "clear"
    nsfw_uploads.hold("bad.jpg")
    assert status_of(Photo.objects.create(image=picture("bad.jpg")).image) == "held"
    nsfw_uploads.reject()
    with pytest.raises(ValidationError):
        Photo(image=picture()).full_clean()
    assert nsfw_uploads.inferences == 3
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A site of somebody else; beside it what an installation of ours tells pytest."""
    root = tmp_path_factory.mktemp("project")
    for name, text in PROJECT.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    told = root / "django_nsfw-0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: django-nsfw\nVersion: 0\n")
    written = [f"{name} = {where}" for name, where in points["pytest11"].items()]
    (told / "entry_points.txt").write_text("\n".join(["[pytest11]", *written]))
    return root


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["-m", "django", "test", "--settings", "settings"], "Ran 3 tests"),
        (
            ["-W", "error", "-m", "pytest", "-q", "--ds", "settings", "-p", "no:cacheprovider"],
            "4 passed",
        ),
    ],
    ids=["Django's runner", "pytest"],
)
def test_a_project_of_somebody_else(project, command, said):
    done = subprocess.run(
        [sys.executable, *command],
        cwd=project,
        env={"PYTHONPATH": f"{project}:{ROOT}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert not (project / "quarantine").exists()


def test_pytest_loads_nothing_of_django_for_projects_that_have_none(tmp_path):
    code = "import sys, django_nsfw.pytest_plugin; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
