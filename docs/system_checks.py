"""``.. system-checks::``: every system check of the package, in the words that the code has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import django_nsfw

PACKAGE = Path(django_nsfw.__file__).parent
LEVELS = {"Error", "Warning"}
IN_BETWEEN = "…"
"""Where the code puts a name or a value."""


def checks() -> Iterator[tuple[str, str, str]]:
    """Id, message and hint of every check; an id that has several messages comes several times."""
    found, named_anywhere = set(), set()
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        named_anywhere |= set(re.findall(r"\"(django_nsfw\.[EW]\d{3})\"", source))
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in LEVELS:
                named = {each.arg: each.value for each in node.keywords}
                message = node.args[0] if node.args else named.get("msg")
                found.add((words(named["id"]), words(message), words(named.get("hint"))))
    if missed := named_anywhere - {each[0] for each in found}:
        raise ValueError(f"These checks are made in a way that is not read: {sorted(missed)}")
    yield from sorted(found)


def words(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value or "")
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) for part in node.values)
    return "" if node is None else IN_BETWEEN


class SystemChecks(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 20 50 40", ""]
        for row in [("id", "message", "hint"), *checks()]:
            for place, cell in enumerate(row):
                cell = cell.replace("\\", "\\\\").replace("*", "\\*").replace("`", "\\`")
                cell = cell.replace("_", "\\_")
                lines.append(f"   {'* -' if place == 0 else '  -'} {cell}")
        container = nodes.container()
        self.state.nested_parse(StringList(lines, "checks"), self.content_offset, container)
        return list(container.children)


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("system-checks", SystemChecks)
    return {"parallel_read_safe": True}
