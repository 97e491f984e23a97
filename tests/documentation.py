"""Reading the pages of the documentation, and reading off the code what they must say."""

import ast
import re
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from inspect import isfunction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from PIL import Image

import django_nsfw
from django_nsfw.exceptions import AssessmentError
from django_nsfw.explaining.overlays import Overlays
from django_nsfw.files import FileResult
from django_nsfw.models import Decision, KnownImage, Scan
from django_nsfw.scores import Assessment, CropScores, Ground, Scores
from django_nsfw.verdict import Verdict
from tests.detectors_for_tests import ReddestDetector

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(django_nsfw.__file__).parent
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}
PAGES = {
    path.stem: path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/hosts/*.md")])
}
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(p.stem for p in PACKAGE.glob("management/commands/nsfw_*.py"))
REQUIRED = object()
UNSAID = object()
"""A default that the code has in other words than the page."""


# What the pages say.


def section(text: str, heading: str) -> str:
    """From a heading to the next of its level or above; ``KeyError`` without it."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    if found is None:
        raise KeyError(heading)
    rest = text[found.end() :]
    return re.split(rf"^#{{1,{len(found[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def table(text: str, head: str) -> dict[str, list[str]]:
    """The rows of every table whose first column is called ``head``: first cell → other cells."""
    rows: dict[str, list[str]] = {}
    for lines in re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\|\n((?:\|.*\n)*)", text, re.M):
        for line in lines.splitlines():
            first, *rest = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
            if first in rows:
                raise ValueError(f"{first} stands there twice")
            rows[first] = rest
    return rows


def code(cell: str) -> str:
    return cell.strip("`")


def value(cell: str) -> Any:
    """A default as the page has it: a literal or a word in backticks, or words that describe it."""
    if not cell.startswith("`"):
        return REQUIRED if cell == "required" else UNSAID
    try:
        return ast.literal_eval(code(cell))
    except ValueError:
        return code(cell)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def dotted_names(text: str) -> set[str]:
    """Names below the package, but for those of templates and checks, which are no Python."""
    found = re.findall(r"\bdjango_nsfw(?:\.\w+)+", text)
    return {
        n
        for n in found
        if not re.search(
            r"\.(?:[EW]\d{3}|(?:view|approve|reject|reveal|bulk|manage|undo|see)_\w+)$", n
        )
    }


def called_commands(text: str) -> list[list[str]]:
    """The words of each line that calls a command of ours, from its name on."""
    found = re.findall(r"manage\.py (nsfw_\w+[^\n`]*)", text)
    return [line.split() for line in found]


# What the code says.


def check_ids(source: str) -> set[str]:
    return set(re.findall(r"id=\"(django_nsfw\.[EW]\d{3})\"", source))


def setting_names(source: str) -> set[str]:
    return set(re.findall(r"(?:_mapping|getattr)\((?:django_settings, )?\"(NSFW_\w+)\"", source))


def loggers(sources: Mapping[Path, str]) -> set[str]:
    return {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path, source in sources.items()
        if re.search(r"^logger = logging\.getLogger\(__name__\)$", source, re.MULTILINE)
    }


def tasks(source: str) -> set[str]:
    """Functions that a task engine calls by their name."""
    return {
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(d).startswith(("task(", "shared_task(")) for d in node.decorator_list)
    }


def imports(source: str) -> set[str]:
    """Dotted names that an example takes from the package."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("django_nsfw")
        for alias in node.names
    }


def codes_of(call: str, source: str) -> set[str]:
    """The literal ``code=`` of every call of ``call``."""
    return {
        keyword.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == call
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }


def constructor_options(source: str, cls: str) -> dict[str, Any]:
    """Keyword → default of ``__init__``. Read, not imported: torch may not be there."""
    [found] = [n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == cls]
    [init] = [n for n in found.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    pairs = zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)
    return {a.arg: REQUIRED if d is None else ast.literal_eval(d) for a, d in pairs}


def backend_options(backend: str) -> dict[str, Any]:
    module, _, cls = backend.rpartition(".")
    source = SOURCES[PACKAGE.parent / f"{module.replace('.', '/')}.py"]
    if base := _inherits_options_from(source, cls):
        return backend_options(f"{module.rpartition('.')[0]}.{base}")
    return constructor_options(source, cls)


def _inherits_options_from(source: str, cls: str) -> str:
    """Module and class, of the same package, that has the ``__init__``; "" where ``cls`` has it."""
    body = ast.parse(source).body
    [found] = [n for n in body if isinstance(n, ast.ClassDef) and n.name == cls]
    if any(isinstance(n, ast.FunctionDef) and n.name == "__init__" for n in found.body):
        return ""
    base = ast.unparse(found.bases[0])
    [module] = [
        str(n.module)
        for n in body
        if isinstance(n, ast.ImportFrom) and base in (alias.name for alias in n.names)
    ]
    return f"{module}.{base}"


def exists(name: str) -> bool:
    """Whether a dotted name is a module of the package, or a name in one. Imports nothing."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        path = PACKAGE.parent.joinpath(*parts[:length])
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if file in SOURCES:
            return length == len(parts) or parts[length] in _top_level(SOURCES[file])
    return False


def _top_level(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def defaults_of(cls: Any) -> dict[str, Any]:
    return {
        field.name: asdict(field.default) if is_dataclass(field.default) else field.default
        for field in fields(cls)
    }


def command_options(name: str) -> dict[str, Any]:
    """Option or name of the positional → default, without what every command has."""
    command = load_command_class("django_nsfw", name)
    common = {action.dest for action in BaseCommand().create_parser("manage.py", name)._actions}
    return {
        (action.option_strings or [action.dest])[0]: (
            REQUIRED
            if action.required and action.nargs != "*"
            else UNSAID if action.default in (None, False, []) else action.default
        )
        for action in command.create_parser("manage.py", name)._actions
        if action.dest not in common
    }  # fmt: skip


def result_keys() -> dict[str, Any]:
    result = FileResult(path="x", verdict=Verdict.UNKNOWN, assessment=Assessment(sha256="", size=0))
    return dict.fromkeys(result.as_json())


def explanation_keys() -> dict[str, Any]:
    """Of a picture of one cell."""
    worst = CropScores(
        frame=0, tile=0, ground=Ground.OPAQUE, scores=Scores(labels={"nsfw": 0.5}, nsfw=0.5)
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        Image.new("RGB", (2, 2)).save(path)
        overlays = Overlays(folder=Path(folder), detector=ReddestDetector())
        found = Assessment(sha256="x", size=1, crops=(worst,))
        return dict.fromkeys(overlays.write(path, found) or {})


def permissions() -> set[str]:
    own = {name for model in (Scan, Decision, KnownImage) for name, _ in model._meta.permissions}
    return {
        f"django_nsfw.{name}"
        for name in {
            *own,
            "view_scan",
            "view_decision",
            "view_knownimage",
            "view_reveal",
            "view_run",
            "view_delivery",
        }
    }


def reasons() -> set[str]:
    """Codes that a scan can have in place of a score."""
    of_classes = {cls.code for cls in _subclasses(AssessmentError)}
    return of_classes.union(*(codes_of("Failure", source) for source in SOURCES.values()))


def _subclasses(cls: type) -> set[type]:
    below = {s for sub in cls.__subclasses__() for s in _subclasses(sub)}
    return below | {s for s in cls.__subclasses__() if "code" in vars(s)}


def functions(owner: Any) -> set[str]:
    """The public ones that a module or a class defines itself."""
    module = getattr(owner, "__module__", owner.__name__)
    return {
        name
        for name, value in vars(owner).items()
        if isfunction(value) and value.__module__ == module and not name.startswith("_")
    }


def names(values: Any) -> dict[str, Any]:
    return dict.fromkeys(map(str, values))
