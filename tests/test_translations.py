"""The catalogues say everything that the package says, and nothing that cannot be shown."""

import gettext
import re
from pathlib import Path

import django
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation

from django_nsfw.exceptions import DecisionRefused
from django_nsfw.models import Scan
from tests.conftest import upload
from tests.host.models import Photo
from tests.messages import (
    LANGUAGES,
    PACKAGE,
    catalogue,
    extracted,
    folder,
    forms,
    messages,
    messages_of,
)  # fmt: skip

PLACEHOLDER = re.compile(r"%\((\w+)\)|%(?!\()[-.\d]*([sdrf%])|\{(\w*)\}")
CONVERSION = re.compile(r"%(?:\(\w+\))?[-.\d]*(.)")
TAG = re.compile(r"</?[a-z][^>]*>")

in_every_language = pytest.mark.parametrize("language", LANGUAGES)


def faults(message: Message, plurals: int) -> list[str]:
    """What is wrong with the translation of a message, in a catalogue with so many plural forms."""
    said, translated = forms(message.id), forms(message.string)
    found = []
    if message.fuzzy:
        found.append("fuzzy")
    if not all(translated):
        return [*found, "untranslated"]
    if len(translated) != (plurals if message.pluralizable else 1):
        found.append("plural forms")
    # The form for one may name the number in words, and that for many serves other numbers as well.
    wanted = [{found for text in said for found in PLACEHOLDER.findall(text)}]
    wanted += [set(PLACEHOLDER.findall(said[0]))] * (len(said) > 1 and len(translated) > 1)
    for number, text in enumerate(translated):
        if set(PLACEHOLDER.findall(text)) not in (wanted if number == 0 else wanted[:1]):
            found.append("placeholders")
        if set(CONVERSION.findall(text)) - {c for other in said for c in CONVERSION.findall(other)}:
            found.append("conversions")
        if sorted(TAG.findall(text)) != sorted(TAG.findall(said[-1])):
            found.append("markup")
        if re.match(r"\s*", text)[0] != re.match(r"\s*", said[0])[0] or (
            re.search(r"\s*$", text)[0] != re.search(r"\s*$", said[0])[0]
        ):
            found.append("space around it")
    return found


def said_by(catalog: Catalog) -> dict[tuple[tuple[str, ...], str | None], tuple[str, ...]]:
    """Message and context → its translation."""
    return {(forms(m.id), _text(m.context)): forms(m.string) for m in messages(catalog)}


def _text(context: str | bytes | None) -> str | None:
    return context.decode() if isinstance(context, bytes) else context  # of a .mo it is bytes


@in_every_language
def test_a_catalogue_has_every_message_and_no_other(language):
    assert said_by(catalogue(language)).keys() == said_by(extracted()).keys()


@in_every_language
def test_every_message_is_translated_and_can_be_shown(language):
    catalog = catalogue(language)
    wrong = {m.id: found for m in messages(catalog) if (found := faults(m, catalog.num_plurals))}
    assert (wrong, catalog.obsolete) == ({}, {})


@in_every_language
def test_what_is_loaded_is_what_was_translated(language):
    with (folder(language) / "django.mo").open("rb") as file:
        assert said_by(read_mo(file)) == said_by(catalogue(language))


@in_every_language
def test_a_number_of_any_size_has_its_form(language):
    with (folder(language) / "django.mo").open("rb") as file:
        loaded = gettext.GNUTranslations(file)
    plural = "%d files were approved."
    for number in (0, 1, 2, 5, 1_000_000):
        said = loaded.ngettext("%d file was approved.", plural, number)
        assert said != plural and "%d" in said


@in_every_language
def test_words_of_the_admin_are_those_of_the_admin(language):
    """A project has one translation for a message: ours must not replace that of Django."""
    theirs = {}
    for room in ("contrib/auth", "contrib/admin", "conf"):
        path = Path(django.__file__).parent / room / f"locale/{language}/LC_MESSAGES/django.mo"
        with path.open("rb") as file:
            theirs |= said_by(read_mo(file))
    ours = said_by(catalogue(language))
    both = ours.keys() & theirs.keys()
    assert {key: ours[key] for key in both} == {key: theirs[key] for key in both}
    assert (("Home",), None) in both


@pytest.mark.parametrize(
    ("id", "string", "found"),
    [
        pytest.param("a", "", ["untranslated"], id="nothing"),
        pytest.param(("a", "b"), ("x", ""), ["untranslated"], id="one form of two"),
        pytest.param(("%d a", "%d b"), ("%d x",), ["plural forms"], id="too few forms"),
        pytest.param("%(n)s a", "%(m)s x", ["placeholders"], id="another placeholder"),
        pytest.param("%(n)s a", "x", ["placeholders"], id="no placeholder"),
        pytest.param("%d a", "%s x", ["placeholders", "conversions"], id="text for a number"),
        pytest.param("%(n)d a", "%(n)s x", ["conversions"], id="text for a named number"),
        pytest.param("{n} a", "{m} x", ["placeholders"], id="another brace"),
        pytest.param("<b>a</b>", "<b>x", ["markup"], id="an open tag"),
        pytest.param("a ", "x", ["space around it"], id="no space at its end"),
        pytest.param(("one a", "%d b"), ("one x", "%d y"), [], id="one in words"),
        pytest.param(("one a", "%d b"), ("%d x", "%d y"), [], id="one in digits"),
        pytest.param(("one a", "%d b"), ("one x", "y"), ["placeholders"], id="many without"),
    ],
)
def test_faults_are_found(id, string, found):
    assert faults(Message(id, string), 2) == found


def test_messages_are_found_in_code_and_templates():
    code = 'from x import _\n_("a")\nngettext("b", "c", n)\npgettext_lazy("when", "d" "e")\nf("g")'
    html = (
        "{% load i18n %}<p>{% translate 'h' %}</p>\n  {% translate 'i' context 'who' %}\n"
        "{% blocktranslate count n=n trimmed %}{{ n }} j\n k{% plural %}{{ n }} l"
        "{% endblocktranslate %}"
    )
    assert [(id, context) for id, context, _ in messages_of(code)] == [
        ("a", None), (("b", "c"), None), ("de", "when"),
    ]  # fmt: skip
    assert [(id, context) for id, context, _ in messages_of(html, html=True)] == [
        ("h", None), ("i", "who"), (("%(n)s j k", "%(n)s l"), None),
    ]  # fmt: skip


def bare(html: str) -> list[str]:
    """Text of a template, and of the attributes that people meet, outside translation tags."""
    html = re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", html, flags=re.DOTALL)
    html = re.sub(r"{% blocktranslate.*?{% endblocktranslate %}", "", html, flags=re.DOTALL)
    html = re.sub(r"{% block bodyclass %}.*?{% endblock %}", "", html)  # no text, but names
    html = re.sub(r"{%.*?%}|{{.*?}}", "", html, flags=re.DOTALL)
    html = re.sub(r"<kbd\b.*?</kbd>|&\w+;", "", html)
    attributes = re.findall(r'(?:alt|title|aria-label|placeholder)="([^"]*)"', html)
    return [text for text in (*re.split(r"<[^>]*>", html), *attributes) if re.search(r"\w", text)]


@pytest.mark.parametrize(
    "path", [pytest.param(p, id=p.name) for p in sorted((PACKAGE / "templates").rglob("*.html"))]
)  # what a command writes is English, as what it prints is
def test_a_template_says_nothing_that_cannot_be_translated(path):
    assert bare(path.read_text()) == []


def test_bare_text_is_found():
    assert bare('<p title="a">b {{ c }}{% translate "d" %}<kbd>e</kbd></p>') == ["b ", "a"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "status", "refused"),
    [
        ("de", "unbedenklich", "Ein Scan im Status „unbedenklich“ kann nicht eskaliert werden."),
        ("es", "sin reparos", "Un análisis en estado «sin reparos» no se puede escalar."),
        (
            "fr", "sans réserve",
            "Une analyse à l’état «\u00a0sans réserve\u00a0» ne peut pas être remontée.",
        ),
        ("ja", "問題なし", "状態が「問題なし」のスキャンはエスカレーションできません。"),
    ],
)  # fmt: skip
def test_moderators_and_uploaders_read_their_language(client, constant, language, status, refused):
    from django_nsfw.decisions import escalate

    scan = Scan.objects.get(object_pk=str(Photo.objects.create(image=upload()).pk))
    client.force_login(get_user_model().objects.create_superuser("mo"))
    with translation.override(language):
        page = client.get(reverse("admin:django_nsfw_scan_change", args=[scan.pk]))
        with pytest.raises(DecisionRefused) as error:
            escalate(scan, moderator=None)
        with pytest.raises(ValidationError) as invalid:
            Photo(image=upload("a.jpg", b"no picture")).full_clean()
        [sentence] = invalid.value.messages
    assert status in page.content.decode()
    assert str(error.value) == refused
    assert "JPEG" in sentence and not sentence.startswith("This file")
