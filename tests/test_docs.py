"""What the documentation names exists, and what exists is in the documentation.

Every comparison has two sides, one read from the pages and one derived from the code. Each is
tried on pages with a row too many and a row too few, so that none of them can only succeed.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest
from django.dispatch import Signal
from django.utils import timezone

from django_nsfw import conf, images, known_lists, signals, validators
from django_nsfw.contrib import rest_framework
from django_nsfw.contrib.rest_framework import queries
from django_nsfw.contrib.rest_framework.serializers import NSFWScanDetailSerializer
from django_nsfw.coverage import Covered
from django_nsfw.detectors import handler, metadata, preparation
from django_nsfw.digests import Digest
from django_nsfw.erasure import Erased
from django_nsfw.evaluation import tables
from django_nsfw.evaluation.as_json import SCHEMA, as_json
from django_nsfw.evaluation.metrics import Measured
from django_nsfw.evaluation.results import Report, summarise
from django_nsfw.evaluation.scoring import Said
from django_nsfw.evaluation.subjects import Subject
from django_nsfw.limits import Limits
from django_nsfw.management.commands import nsfw_digest
from django_nsfw.manifests import importing
from django_nsfw.manifests.columns import MANIFEST, SCORES
from django_nsfw.models import Scan
from django_nsfw.policy import KnownRules, Policy
from django_nsfw.queue.words import REASONS
from django_nsfw.rescans import progress
from django_nsfw.retention import Pruned
from django_nsfw.shadow.scoring import Shadowed
from django_nsfw.sweeping import Finding, Mended
from django_nsfw.templatetags.nsfw import register
from django_nsfw.testing import Script, uploads
from django_nsfw.training.recipe import Recipe
from django_nsfw.webhooks import endpoints
from django_nsfw.webhooks.delivering import Attempt
from tests import documentation as docs
from tests.documentation import PACKAGE, PAGES, README, ROOT, SOURCES, UNSAID

EVERY_PAGE = "\n".join(PAGES.values())
ENGINES = ("tasks", "celery")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A table of a page, by the head of its first column, and what the code has in its place.

    ``defaults``: the second column is compared with the values, where the page gives a literal.
    """

    page: str
    heading: str
    head: str
    expected: Callable[[], Mapping[str, Any]]
    defaults: bool = False

    def differences(self, page: str) -> list[str]:
        rows = {
            docs.code(k): v
            for k, v in docs.table(docs.section(page, self.heading), self.head).items()
        }
        expected = self.expected()
        found = [f"not in the code: {name}" for name in rows if name not in expected]
        found += [f"not on the page: {name}" for name in expected if name not in rows]
        if self.defaults:
            for name in rows.keys() & expected.keys():
                said, true = docs.value(rows[name][0]), expected[name]
                if UNSAID not in (said, true) and said != true:
                    found.append(f"{name}: {said!r} on the page, {true!r} in the code")
        return found


def of(page: str, heading: str, head: str, expected: Any, *, defaults: bool = False) -> Comparison:
    return Comparison(page=page, heading=heading, head=head, expected=expected, defaults=defaults)


def a_report() -> Report:
    """With a detector that said nothing."""
    said = Said(alias="default", identity="", rows=[], recorded=0)
    subject = Subject(title="", samples=[])
    return summarise(subject, [said], [], threshold=0.5, marked={}, created=timezone.now())


COMPARISONS = {
    "settings": of("settings", "Names", "setting", lambda: {
        **{name: {} for name in docs.setting_names(SOURCES[PACKAGE / "conf.py"])},
        "NSFW_DETECTORS": UNSAID, "NSFW_POLICY": conf.DEFAULT_POLICY,
        "NSFW_RUNNER": conf.DEFAULT_RUNNER, "NSFW_BACKGROUND": conf.DEFAULT_BACKGROUND,
        "NSFW_REVIEW": conf.DEFAULT_REVIEW, "NSFW_WEBHOOKS": []},
        defaults=True),
    "policy keys": of(
        "settings", "Policy", "policy key", lambda: docs.defaults_of(Policy), defaults=True),
    "keys of NSFW_BACKGROUND": of(
        "background", "Deadlines", "key of `NSFW_BACKGROUND`", lambda: conf.DEFAULT_BACKGROUND,
        defaults=True),
    "keys of NSFW_REVIEW": of(
        "moderating", "Looking", "key of `NSFW_REVIEW`", lambda: conf.DEFAULT_REVIEW,
        defaults=True),
    "rules for known images": of(
        "known", "Policy", "key", lambda: docs.defaults_of(KnownRules), defaults=True),
    "columns of lists": of("commands", "nsfw_known", "column", lambda: docs.names(
        known_lists.COLUMNS)),
    "limits": of("settings", "Limits", "limit", lambda: docs.defaults_of(Limits), defaults=True),
    "recipe": of(
        "training", "The recipe", "argument", lambda: docs.defaults_of(Recipe), defaults=True),
    "codes of the validator": of(
        "settings", "NSFWValidator", "validation code", lambda: docs.names(validators.MESSAGES)),
    "checks": of("checks", "System checks", "id", lambda: docs.names(
        sorted(set().union(*map(docs.check_ids, SOURCES.values()))))),
    "detectors": of("detectors", "Detectors", "backend", lambda: docs.names(handler.BACKENDS)),
    "formats": of("images", "Formats", "format", lambda: docs.names(images.FORMATS | {"HEIF": ()})),
    "filters and tags": of("listings", "Templates", "filter or tag", lambda: docs.names(
        {**register.filters, **register.tags})),
    "permissions": of("moderating", "Permissions", "permission", lambda: docs.names(
        docs.permissions())),
    "statuses": of("moderating", "Statuses", "status", lambda: docs.names(Scan.Status.values)),
    "reasons": of("moderating", "Reasons", "reason", lambda: docs.names(docs.reasons())),
    "refusals": of("moderating", "In code", "refusal", lambda: docs.names(
        set().union(*(docs.codes_of("DecisionRefused", source) for source in SOURCES.values())))),
    "messages of workers": of(
        "upgrading", "Two versions at a time", "message", lambda: docs.names(set().union(
            *(docs.tasks(SOURCES[PACKAGE / "runners" / f"{engine}.py"]) for engine in ENGINES)))),
    "signals": of("signals", "When each is sent", "signal", lambda: docs.names(
        name for name, value in vars(signals).items() if isinstance(value, Signal))),
    "findings of the sweep": of("holding", "The sweep", "finding", lambda: docs.names(
        finding.value for finding in Finding)),
    "loggers": of("deployment", "Logging", "logger", lambda: docs.names(docs.loggers(SOURCES))),
    "keys of nsfw_scan": of("commands", "nsfw_scan", "key", docs.result_keys),
    "keys of an explanation": of(
        "commands", "Explaining scores", "key of `explanation`", docs.explanation_keys),
    "keys of nsfw_prepare": of("commands", "nsfw_prepare", "key", lambda: docs.names(
        field.name for field in fields(preparation.Prepared))),
    "columns of labelled pictures": of(
        "evaluating", "Labelled pictures", "column", lambda: docs.names(tables.COLUMNS)),
    "keys of a report": of("evaluating", "The JSON", "top-level key", lambda: docs.names(
        as_json(a_report()))),
    "keys of a detector": of("evaluating", "The JSON", "key of a detector", lambda: docs.names(
        as_json(a_report())["detectors"][0])),
    "keys of measured": of("evaluating", "The JSON", "key of `measured`", lambda: docs.names(
        field.name for field in fields(Measured))),
    "keys of nsfw_prune": of("commands", "nsfw_prune", "key", lambda: docs.names(
        field.name for field in fields(Pruned))),
    "counts of nsfw_manifest": of("commands", "nsfw_manifest", "count", lambda: docs.names(
        (*importing.DONE, *importing.MOVED, *importing.REFUSED))),
    "columns of a manifest": of("cluster", "The manifest", "column", lambda: docs.names(MANIFEST)),
    "columns of scores": of("cluster", "The scores", "column", lambda: docs.names(SCORES)),
    "keys of nsfw_digest": of("commands", "nsfw_digest", "key", lambda: docs.names(
        nsfw_digest.as_keys(Digest(address="", since=timezone.now())))),
    "keys of nsfw_deliver": of("commands", "nsfw_deliver", "key", lambda: docs.names(
        field.name for field in fields(Attempt))),
    "keys of NSFW_SHADOW": of(
        "shadow", "A second detector", "key of `NSFW_SHADOW`", lambda: conf.DEFAULT_SHADOW,
        defaults=True),
    "keys of nsfw_shadow": of("commands", "nsfw_shadow", "key", lambda: docs.names(
        field.name for field in fields(Shadowed))),
    "keys of an endpoint": of("telling", "Webhooks", "key of an endpoint", lambda: docs.names(
        endpoints.KEYS)),
    "events": of("telling", "Webhooks", "event", lambda: docs.names(endpoints.EVENTS)),
    "keys of nsfw_coverage": of("commands", "nsfw_coverage", "key", lambda: docs.names(
        [*(field.name for field in fields(Covered)), "gap"])),
    "keys of nsfw_erase": of("commands", "nsfw_erase", "key", lambda: docs.names(
        field.name for field in fields(Erased))),
    "columns that an erasure leaves or blanks": of(
        "retention", "Erasing", "column", lambda: docs.names(
            field.name for field in Scan._meta.concrete_fields)),
    "keys of nsfw_rescan": of("commands", "nsfw_rescan", "key", lambda: docs.names([
        "run", "status", *progress.COUNTS, "failed_chunks", "seconds", "images_per_second",
        "troubles"])),
    "parameters of scans": of(
        "rest-framework", "Reading scans and decisions", "parameter of scans",
        lambda: docs.names(queries.ScanQuery().fields)),
    "parameters of decisions": of(
        "rest-framework", "Reading scans and decisions", "parameter of decisions",
        lambda: docs.names(queries.DecisionQuery().fields)),
    "keys of a scan": of(
        "rest-framework", "Reading scans and decisions", "key of a scan",
        lambda: docs.names(NSFWScanDetailSerializer().fields)),
    "fields of serializers": of(
        "rest-framework", "What an answer says", "field", lambda: docs.names(
            name for name in rest_framework.__all__ if name.startswith("Moderation"))),
    "ways of testing": of("testing", "What can be said", "way", lambda: docs.names(
        docs.functions(uploads))),
    "methods of a script": of("testing", "What can be said", "method", lambda: docs.names(
        docs.functions(Script))),
    "keys of nsfw_sweep": of("commands", "nsfw_sweep", "key", lambda: docs.names(
        [*(field.name for field in fields(Mended)), "needs_person"])),
}  # fmt: skip
COMPARISONS |= {
    f"options of {backend.rpartition('.')[2]}": of(
        "detectors", backend.rpartition(".")[2], "option",
        lambda backend=backend: docs.backend_options(backend), defaults=True)
    for backend in handler.BACKENDS
}  # fmt: skip
COMPARISONS |= {
    f"options of {name}": of(
        "commands", name, "option", lambda name=name: docs.command_options(name), defaults=True)
    for name in docs.COMMANDS
}  # fmt: skip

compare = pytest.mark.parametrize("compared", COMPARISONS.values(), ids=COMPARISONS)


@compare
def test_page_and_code_agree(compared):
    assert compared.differences(PAGES[compared.page]) == []


@compare
def test_a_row_too_few_would_be_noticed(compared):
    text = PAGES[compared.page]
    row = next(iter(docs.table(docs.section(text, compared.heading), compared.head)))
    without = re.sub(rf"^\| {re.escape(row)} \|.*\n", "", text, flags=re.MULTILINE)
    assert compared.differences(without) == [f"not on the page: {docs.code(row)}"]


@compare
def test_a_row_too_many_would_be_noticed(compared):
    text = PAGES[compared.page]
    own = docs.section(text, compared.heading)
    more = re.sub(
        rf"(\| {compared.head} \|.*\n\|[-|]+\|\n)", r"\1| `surplus` | `1` |\n", own, count=1
    )
    assert compared.differences(text.replace(own, more)) == ["not in the code: surplus"]


@pytest.mark.parametrize(
    "compared",
    [c for c in COMPARISONS.values() if c.defaults],
    ids=[name for name, c in COMPARISONS.items() if c.defaults],
)
def test_a_wrong_default_would_be_noticed(compared):
    rows = docs.table(docs.section(PAGES[compared.page], compared.heading), compared.head)
    expected = compared.expected()
    literal = [
        k for k, v in rows.items() if UNSAID not in (docs.value(v[0]), expected[docs.code(k)])
    ]
    assert literal
    row = f"| {literal[0]} | {rows[literal[0]][0]} |"
    wrong = docs.section(PAGES[compared.page], compared.heading).replace(
        row, f"| {literal[0]} | `'wrong'` |"
    )
    text = f"# {compared.heading}\n{wrong}"
    assert [d for d in compared.differences(text) if "'wrong' on the page" in d]


def test_every_format_has_its_extensions():
    rows = docs.table(PAGES["images"], "format")
    said = {docs.code(k): tuple(re.findall(r"`(\.\w+)`", v[0])) for k, v in rows.items()}
    assert {k: v for k, v in said.items() if k in images.FORMATS} == dict(images.FORMATS)


@pytest.mark.parametrize("name", sorted(docs.dotted_names(EVERY_PAGE + README)))
def test_what_is_named_exists(name):
    assert docs.exists(name)


def test_every_setting_that_is_named_exists():
    known = docs.setting_names(SOURCES[PACKAGE / "conf.py"])
    of_the_example = {"NSFW_HOSTS"}
    assert set(re.findall(r"\bNSFW_[A-Z]+\b", EVERY_PAGE)) == known | of_the_example


def test_every_check_that_is_named_exists():
    known = {i.rpartition(".")[2] for i in set().union(*map(docs.check_ids, SOURCES.values()))}
    assert set(re.findall(r"\b[EW]0\d\d\b", EVERY_PAGE)) == known


def test_every_command_has_a_section_and_no_section_lacks_its_command():
    assert sorted(re.findall(r"^## (.+)$", PAGES["commands"], re.MULTILINE)) == docs.COMMANDS


def wrong_words(call: list[str]) -> list[str]:
    name, *words = call
    if name not in docs.COMMANDS:
        return [name]
    known = docs.command_options(name)
    return [w for w in words if w.startswith("--") and w not in known]


@pytest.mark.parametrize("call", docs.called_commands(EVERY_PAGE + README), ids=" ".join)
def test_every_call_of_a_command_is_one(call):
    assert wrong_words(call) == []


def test_every_extra_that_is_named_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = re.findall(r"django-nsfw\[([\w,]+)\]", EVERY_PAGE + README)
    named = {extra for each in lists for extra in each.split(",")}
    assert {*handler.EXTRAS.values(), "export", "heif"} <= named
    assert named <= set(project["optional-dependencies"])


@pytest.mark.parametrize(
    ("page", "head"),
    [("architecture", "promise"), ("threat-model", "attempt"), ("threat-model", "what happens")],
)
def test_every_test_that_holds_a_promise_exists(page, head):
    rows = docs.table(PAGES[page], head)
    assert rows
    for promise, (*_, tests) in rows.items():
        named = re.findall(r"`(tests/[\w/]+\.py)`", tests)
        assert named, promise
        assert [name for name in named if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    ("heading", "head", "words"),
    [("Statuses", "status", dict(Scan.Status.choices)), ("Reasons", "reason", REASONS)],
)
def test_moderators_find_the_words_of_the_screen(heading, head, words):
    rows = docs.table(docs.section(PAGES["moderating"], heading), head)
    assert {docs.code(name): said for name, (said, *_) in rows.items()} == {
        name: str(word) for name, word in words.items()
    }


def public_names() -> set[str]:
    rows = docs.table(PAGES["upgrading"], "place")
    return {
        f"{docs.code(place)}.{name}"
        for place, [names] in rows.items()
        for name in re.findall(r"`(\w+)`", names)
    }


def test_every_public_name_exists():
    assert [name for name in sorted(public_names()) if not docs.exists(name)] == []


def test_what_examples_import_is_public():
    recipes = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("docs/recipes/*.py"))]
    imported = set().union(*map(docs.imports, [block for _, block in PYTHON] + recipes))
    assert imported - public_names() == set()


def test_the_engines_carry_the_same_messages():
    first, second = (docs.tasks(SOURCES[PACKAGE / "runners" / f"{name}.py"]) for name in ENGINES)
    assert first == second != set()


def test_the_numbers_of_formats_are_those_of_the_code():
    rows = docs.table(PAGES["upgrading"], "format")
    assert [docs.code(number) for [number] in rows.values()] == [SCHEMA, metadata.FORMAT]


@pytest.mark.parametrize("what", ["Django", "Python"])
def test_supported_versions_are_those_of_the_package(what):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    in_package = re.findall(rf":: {what} :: (\d\.\d+)", "\n".join(project["classifiers"]))
    [said] = docs.table(PAGES["upgrading"], "supported")[what]
    assert said.split(", ") == in_package != []


PAPERS = {
    name: (ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "SECURITY.md")
}


@pytest.mark.parametrize("paper", PAPERS.values(), ids=PAPERS)
def test_what_contributors_are_pointed_at_is_there(paper):
    named = re.findall(r"\]\(([\w./-]+)\)|`((?:tests|django_nsfw|\.ci)/[\w./]+)`", paper)
    assert named
    assert [path for pair in named for path in pair if path and not (ROOT / path).exists()] == []


def test_make_does_what_contributors_are_told():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    [targets] = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    told = re.findall(r"^make (\w+)", PAPERS["CONTRIBUTING.md"], re.MULTILINE)
    assert told
    assert set(told) <= set(targets.split())


def test_the_pin_of_the_default_model_is_that_of_the_code():
    hub = SOURCES[PACKAGE / "detectors" / "hub.py"]  # not imported: it needs the hub's client
    [revision] = re.findall(r'revision="(\w{40})"', hub)
    [sha256] = re.findall(r'sha256="(\w{64})"', hub)
    assert re.findall(r"`(\w{40}|\w{64})`", PAGES["detectors"]) == [revision, sha256]


PYTHON = [
    (f"{page}-{number}", block)
    for page, text in {**PAGES, "README": README}.items()
    for number, block in enumerate(docs.blocks(text, "python"))
]


@pytest.mark.parametrize("block", [b for _, b in PYTHON], ids=[name for name, _ in PYTHON])
def test_python_compiles(block):
    compile(block, "<documentation>", "exec")


def test_a_worker_of_gunicorn_has_its_detector_before_the_first_upload(constant):
    [block] = [block for _, block in PYTHON if "post_worker_init" in block]
    configuration: dict[str, Any] = {}
    exec(block, configuration)
    assert constant.loads == 0
    configuration["post_worker_init"](worker=None)
    assert constant.loads == 1


# The functions that read the code, on code that has something more.


def test_reading_notices_what_is_new():
    assert docs.check_ids('Error("x", id="django_nsfw.E099")') == {"django_nsfw.E099"}
    assert docs.setting_names('_mapping("NSFW_NEW", {})') == {"NSFW_NEW"}
    assert docs.codes_of("Failure", 'Failure(code="new", message=x)') == {"new"}
    assert docs.tasks("@task(queue_name='x')\ndef new(): ...\ndef other(): ...") == {"new"}
    assert docs.imports("from django_nsfw.new import one, two\nfrom os import path") == {
        "django_nsfw.new.one",
        "django_nsfw.new.two",
    }
    assert docs.loggers(
        {PACKAGE / "new" / "room.py": "logger = logging.getLogger(__name__)\n"}
    ) == {"django_nsfw.new.room"}
    assert docs.constructor_options(
        "class D:\n    def __init__(self, *, a: int, b: str = 'x') -> None: ...", "D"
    ) == {"a": docs.REQUIRED, "b": "x"}


@pytest.mark.parametrize(
    "name",
    [
        "django_nsfw.nothing",
        "django_nsfw.policy.Nothing",
        "django_nsfw.detectors.timm.Nothing",
    ],
)
def test_a_name_that_does_not_exist_would_be_noticed(name):
    assert docs.dotted_names(f"see `{name}`.") == {name}
    assert not docs.exists(name)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("python manage.py nsfw_nothing", ["nsfw_nothing"]),
        ("python manage.py nsfw_sweep --nothing", ["--nothing"]),
        ("`manage.py nsfw_scan DIR --fail-on review`", []),
    ],
)
def test_a_wrong_call_would_be_noticed(line, wrong):
    [call] = docs.called_commands(line)
    assert wrong_words(call) == wrong


def test_a_block_that_does_not_compile_would_be_noticed():
    [block] = docs.blocks("```python\nx = = 1\n```\n```text\ny\n```\n", "python")
    with pytest.raises(SyntaxError):
        compile(block, "<sample>", "exec")


def test_a_page_without_the_section_or_with_a_row_twice_is_an_error():
    with pytest.raises(KeyError):
        docs.section("# One\n", "Two")
    with pytest.raises(ValueError, match="stands there twice"):
        docs.table("| a | b |\n|---|---|\n| x | 1 |\n| x | 2 |\n", "a")
