"""``python -m tests.messages``, or ``make messages``: brings the catalogues up to date.

Every message of the package goes into each ``django.po``; what is gone from the code leaves it,
and the ``django.mo`` beside it are written anew. Nothing is guessed: a new message stays empty
until somebody translates it, and the tests say so. Needs no gettext.
"""

import io
import sys
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

import django_nsfw

PACKAGE = Path(django_nsfw.__file__).parent
LANGUAGES = ("de", "es", "fr", "ja")

_PLAIN, _PLURAL, _CONTEXT, _BOTH = None, (1, 2), ((1, "c"), 2), ((1, "c"), 2, 3)
KEYWORDS = {
    "_": _PLAIN,
    "gettext": _PLAIN, "gettext_lazy": _PLAIN, "gettext_noop": _PLAIN,
    "ngettext": _PLURAL, "ngettext_lazy": _PLURAL,
    "pgettext": _CONTEXT, "pgettext_lazy": _CONTEXT,
    "npgettext": _BOTH, "npgettext_lazy": _BOTH,
}  # fmt: skip


def extracted() -> Catalog:
    """Every message of the package, from its modules and its templates."""
    found = Catalog()
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]):
        for id, context, comments in messages_of(path.read_text(), html=path.suffix == ".html"):
            place = (str(path.relative_to(PACKAGE.parent)), 0)
            found.add(id, locations=[place], context=context, auto_comments=comments)
    return found


def messages_of(source: str, *, html: bool = False):
    """Message (two in a tuple, where there is a plural), context and comments, one by one."""
    if html:  # what Django's own makemessages hands to xgettext
        source = "\n".join(line.strip() for line in templatize(source).splitlines())
    lines = io.BytesIO(source.encode())
    for _, id, comments, context in extract("python", lines, KEYWORDS, ["Translators:"]):
        yield id, context, comments


def folder(language: str) -> Path:
    return PACKAGE / "locale" / language / "LC_MESSAGES"


def catalogue(language: str) -> Catalog:
    path = folder(language) / "django.po"
    if not path.exists():
        return Catalog(locale=language, project="django-nsfw", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def update(language: str, template: Catalog) -> int:
    """Returns how many messages wait for their translation."""
    catalog = catalogue(language)
    created = catalog.creation_date
    catalog.update(template, no_fuzzy_matching=True)
    catalog.creation_date = catalog.revision_date = created
    catalog.version = django_nsfw.__version__
    catalog.msgid_bugs_address = catalog.last_translator = catalog.language_team = ""
    folder(language).mkdir(parents=True, exist_ok=True)
    with (folder(language) / "django.po").open("wb") as file:
        write_po(file, catalog, width=100, ignore_obsolete=True, include_lineno=False)
    with (folder(language) / "django.mo").open("wb") as file:
        write_mo(file, catalog)
    return sum(not all(forms(message.string)) for message in messages(catalog))


def messages(catalog: Catalog):
    """All but the head."""
    return [message for message in catalog if message.id]


def forms(text: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """Of a message, or of its translation: one, or those for different numbers."""
    return tuple(text) if isinstance(text, tuple | list) else (text or "",)


if __name__ == "__main__":
    template = extracted()
    waiting = {language: update(language, template) for language in LANGUAGES}
    print(len(messages(template)), "messages; to be translated:", waiting)
    sys.exit(any(waiting.values()))
