"""``manage.py nsfw_shadow``: scoring, reporting, carrying over, and being killed."""

import io
import json
import subprocess
from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from django_nsfw.models import Scan, ShadowScore
from tests.background.engines.conftest import build, template  # noqa: F401 - fixtures
from tests.background.engines.processes import eventually, kill
from tests.shadow.conftest import PHOTO

databases = pytest.mark.django_db(databases=["default", "second"])


def run(*arguments):
    out, code = io.StringIO(), 0
    try:
        call_command("nsfw_shadow", *arguments, stdout=out)
    except SystemExit as ended:
        code = ended.code
    return code, out.getvalue()


@databases
class TestScoring:
    def test_what_is_due_is_scored(self, uploaded):
        assert run() == (0, "Nothing is due.\n")
        first, second, third = uploaded(3)
        scored = f"scored: scan {{}} of {PHOTO}: 0.2500 (decided by 0.0000)\n"
        assert run("--limit", "1") == (0, scored.format(first.pk))
        assert run() == (0, scored.format(second.pk) + scored.format(third.pk))
        assert run("--format", "json") == (0, "")

    def test_as_json(self, uploaded):
        [scan] = uploaded()
        code, said = run("--format", "json")
        told = json.loads(said)
        assert (code, told.pop("ms") > 0) == (0, True)
        assert told == {
            "scan": scan.pk, "field": PHOTO, "status": "scored", "nsfw": 0.25, "decided": 0.0,
            "code": "", "message": "",
        }  # fmt: skip

    def test_what_fails_is_said(self, uploaded, candidate):
        [scan] = uploaded()
        candidate.answer = RuntimeError("out of memory")
        assert run() == (
            1,
            f"later: scan {scan.pk} of {PHOTO}: detector_unavailable: The detector 'candidate' "
            "failed: RuntimeError: out of memory\n",
        )

    def test_what_nobody_can_compare_is_no_failure(self, uploaded):
        uploaded()
        Scan.objects.update(nsfw=None, error_code="timeout")
        code, said = run()
        assert (code, said.partition(": scan")[0]) == (0, "failed")


MISTAKES = {
    "no shadow": ([], {}, "NSFW_SHADOW is empty: there is no second detector."),
    "a wrong setting": (
        [], {"detector": "candidate", "share": 5},
        "NSFW_SHADOW 'share' must be a number from 0 to 1, not 5."),
    "no such detector": (
        [], {"detector": "nobody"},
        "NSFW_DETECTORS has no detector 'nobody'. Configured: default."),
    "no limit": (["--limit", "0"], {"detector": "default"}, "--limit must be 1 or more, not 0."),
    "no days": (
        ["--report", "--days", "0"], {"detector": "default"},
        "--days must be from 1 to 36500, not 0."),
    "two at once": (
        ["--report", "--carry-over"], {},
        "Error: argument --carry-over: not allowed with argument --report"),
}  # fmt: skip


@databases
@pytest.mark.parametrize(("arguments", "setting", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_a_sentence(constant, settings, arguments, setting, message):
    settings.NSFW_SHADOW = setting
    with pytest.raises(CommandError) as error:
        run(*arguments)
    assert str(error.value) == message


@pytest.fixture
def compared(settings, pair):
    settings.NSFW_POLICY, settings.NSFW_FIELDS = {"review": 0.5}, {}
    for n in range(100):
        pair((n + 0.5) / 100, (n + 0.5) / 1000)
    ShadowScore.objects.filter(scan__object_pk="3").update(nsfw=0.09)
    ShadowScore.objects.filter(scan__object_pk="90").update(nsfw=0.01)
    Scan.objects.filter(object_pk="90").update(status="approved")


@databases
class TestTelling:
    def test_the_report(self, compared):
        code, said = run("--report")
        assert code == 0
        assert said.splitlines() == [
            "100 drawn, 0 waiting, 100 compared.",
            "decides: decides@1",
            "shadow:  shadow@1",
            "10 ms a picture.",
            "Correlation of ranks (Spearman): 0.915",
            "49 pictures: allow decided, allow by the shadow",
            "1 pictures: allow decided, review by the shadow",
            "1 pictures: review decided, allow by the shadow",
            "44 pictures: review decided, review by the shadow",
            "5 pictures: reject decided, reject by the shadow",
            "Of what only the shadow would have looked at, people agreed with the shadow on 0 of "
            "0; 1 open.",
            "Of what only the shadow would have let through, people agreed with the shadow on 1 of "
            "1 (95 %: 20.7% to 100.0%); 0 open.",
            "host.Photo.image: 100 compared, 1 stricter, 1 milder.",
            "NSFW_POLICY review (host.Avatar.image, host.Badge.after, host.Badge.alone, "
            "host.Badge.before, host.Badge.shrunk, host.Paper.scan, host.Photo.image, "
            "host.Slide.image): 0.05; was 0.5; 50 of 100 pictures reach it; 95 %: 0.0445 to 0.0555",
            "NSFWValidator reject (host.Photo.image): 0.095; was 0.95; 5 of 100 pictures reach it; "
            "95 %: 0.0915 to 0.0985; TOO FEW to rely on",
        ]  # fmt: skip

    def test_nothing_yet(self):
        assert run("--report", "--days", "7") == (
            0, "0 drawn, 0 waiting, 0 compared.\nThere is nothing to compare yet.\n",
        )  # fmt: skip

    def test_the_report_as_json(self, compared):
        told = json.loads(run("--report", "--format", "json")[1])
        assert (told["pairs"], told["shadow"]) == (100, "shadow@1")
        assert {"decided": "allow", "shadow": "review", "pictures": 1} in told["verdicts"]
        assert told["milder"] == {
            "shadow": 1, "deciding": 0, "open": 0, "share": 1.0,
            "between": [pytest.approx(0.20655, abs=1e-5), 1.0],
        }  # fmt: skip
        assert told["carried"][0]["carried"] == {
            "old": 0.5, "new": 0.05, "low": 0.0445, "high": 0.0555, "pairs": 100, "above": 50,
            "kept": 50, "share": 0.5, "few": False,
        }  # fmt: skip

    def test_the_settings_can_be_pasted(self, compared):
        code, said = run("--carry-over")
        found = {}
        exec(said, found)
        assert (code, found["NSFW_POLICY"]) == (0, {"review": 0.05})
        assert "# host.Photo.image: NSFWValidator(\n#     reject=0.095,  # was 0.95;" in said
        assert json.loads(run("--carry-over", "--format", "json")[1])[1]["shadow"] == "shadow@1"


RED, BLUE = "red", "blue"
SHADOW = ("-m", "django", "nsfw_shadow")


@pytest.fixture(scope="module")
def built(build):  # noqa: F811 - a fixture
    """A site whose uploads are decided on by one detector, and shown to another in the command
    alone."""
    with build(NSFW_SHADOW={"detector": "shadow", "share": 1}) as site:
        yield site


@pytest.fixture
def site(built):
    built.ask("empty")
    return built


def test_a_killed_command_leaves_nothing_undone_and_nothing_done_twice(site):
    for colour in (RED, BLUE, RED):
        site.upload(colour, through="other app")
    assert site.ask("shadows") == [[None, 0, False]] * 3
    with site.worker(SHADOW) as process:
        eventually(lambda: process.pid in site.traces("at_work"))  # it is at the blue one
        kill(process)
    assert site.ask("shadows") == [[0.9, 1, True], [None, 1, False], [None, 0, False]]
    (site.folder / "go").touch()
    done = site.manage("nsfw_shadow")  # the first one may be alive yet
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["scored"]
    site.ask("end_leases")
    done = site.manage("nsfw_shadow")
    assert (done.returncode, done.stdout.partition(":")[0]) == (0, "scored")
    assert site.ask("shadows") == [[0.9, 1, True], [0.1, 2, True], [0.9, 1, True]]


def test_commands_at_the_same_time_score_each_once(site):
    for _ in range(10):
        site.upload(RED, through="other app")
    commands = [site._start(*SHADOW, "--format", "json", stdout=subprocess.PIPE) for _ in range(2)]
    said = [command.communicate(timeout=120)[0] for command in commands]
    assert [command.returncode for command in commands] == [0, 0]
    scans = Counter(json.loads(line)["scan"] for lines in said for line in lines.splitlines())
    assert set(scans.values()) == {1}
    assert len(scans) == 10
    assert site.ask("shadows") == [[0.9, 1, True]] * 10
