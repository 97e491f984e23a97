"""Hold, release, take down, reject and replace, wherever media and quarantine lie; and what a
visitor gets after each step of it, from every link that was ever printed."""

import io
from itertools import product
from urllib.parse import quote

import pytest
from django.core import checks
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template import Context, Template
from PIL import Image

from django_nsfw.decisions import approve, reject
from django_nsfw.listings import exclude_held
from django_nsfw.models import Scan
from django_nsfw.quarantine import journal
from django_nsfw.sweeping import sweep
from tests.drawn import noise
from tests.host.models import Avatar, Photo
from tests.s3.storages import Told
from tests.s3.visitors import fetch

pytestmark = pytest.mark.django_db(transaction=True)

BODY, OTHER = noise(60, 40, seed=7), noise(60, 40, seed=8)

PAGE = Template("{% for photo in photos %}{{ photo.image.url }}\n{% endfor %}")


def media_places():
    yield "disk", {}
    for overwrite, location, domain in product((True, False), ("", "up/loads/"), (True, False)):
        options = {"file_overwrite": overwrite, "location": location, "domain": domain}
        yield "s3", {f"media_{k}": v for k, v in options.items()}


def quarantine_places():
    yield "disk", {}
    for overwrite, location in product((True, False), ("", "held/images")):
        yield "s3", {"quarantine_file_overwrite": overwrite, "quarantine_location": location}


def combinations():
    """Disk and S3 in all ways. Of the options of two S3 storages, each of one with one or two of
    the other; all pairs go a shorter way below."""
    media, quarantine = list(media_places()), list(quarantine_places())
    for i, j in product(range(len(media)), range(len(quarantine))):
        if 0 in (i, j) or i % (len(quarantine) - 1) + 1 == j:
            (m, first), (q, second) = media[i], quarantine[j]
            yield {"media": m, "quarantine": q, **first, **second}
    for domain in (True, False):
        yield {"media": "shared", "quarantine": "shared", "media_domain": domain}


def named(options):
    return " ".join(
        str(v) if k in ("media", "quarantine") else f"{k.partition('_')[2]}={v}"
        for k, v in options.items()
    )


class Visitor:
    """Looks at everything after each step, and remembers every picture that it got."""

    def __init__(self, site, secret):
        self.site, self.secret = site, secret
        self.links = {}
        """Every link, and when it was found."""
        self.seen = []
        self.looks = 0

    def read_the_page(self):
        """The gallery, and the picture under the name that its sender gave it."""
        page = PAGE.render(Context({"photos": Photo.objects.all()}))
        for link in (*page.split(), self.site.media.url("photos/cat.png")):
            self.links.setdefault(link, "printed")

    def look(self, what):
        self.looks += 1
        watcher, Told.watcher = Told.watcher, None
        # What is printed is known to visitors; of the rest let them guess every name there is.
        links = [*self.links, *self.site.links("quarantine"), *self.site.links("media")]
        links += [link.partition("?")[0] for link in self.links]
        self.seen += [(what, link) for link in set(links) if fetch(link) in self.secret]
        Told.watcher = watcher


@pytest.fixture
def watch():
    def begin(site, *secret):
        visitor = Visitor(site, secret)
        Told.watcher = visitor.look
        return visitor

    yield begin
    Told.watcher = None


def upload(body=BODY, name="cat.png", content_type="image/png"):
    return SimpleUploadedFile(name, body, content_type=content_type)


@pytest.mark.parametrize("options", list(combinations()), ids=named)
def test_the_life_of_a_picture(build, watch, options):
    site = build(**options)
    visitor = watch(site, BODY)

    visitor.read_the_page()
    photo = Photo.objects.create(image=upload())
    visitor.read_the_page()
    visitor.look("held")
    assert visitor.looks >= 4
    assert visitor.seen == []
    assert list(site.files("quarantine").values()) == [BODY]
    [placeholder] = site.files("media").values()
    with Image.open(io.BytesIO(placeholder)) as image:
        assert (image.format, image.size) == ("PNG", (60, 40))
    assert fetch(photo.image.url) == placeholder
    assert list(exclude_held(Photo.objects.all())) == []

    visitor.secret = ()  # from here on the original is meant to be seen
    approve(Scan.objects.get(), moderator=None)
    photo.refresh_from_db()
    assert fetch(photo.image.url) == BODY
    assert list(site.files("media").values()) == [BODY]
    assert site.files("quarantine") == {}
    visitor.read_the_page()

    reject(Scan.objects.get(), moderator=None)
    visitor.secret = (BODY, OTHER)
    visitor.read_the_page()
    visitor.look("taken down")
    photo.refresh_from_db()
    assert list(site.files("quarantine").values()) == [BODY]
    assert len(site.files("media")) == 1

    photo.image = upload(OTHER)
    photo.save()
    visitor.read_the_page()
    visitor.look("replaced")
    photo = Photo.objects.get()
    reject(Scan.objects.current().get(), moderator=None)
    visitor.look("rejected")
    assert visitor.seen == []
    assert sorted(site.files("quarantine").values()) == sorted([BODY, OTHER])
    assert [scan.status for scan in Scan.objects.order_by("pk")] == ["superseded", "rejected"]

    Told.watcher = None
    assert list(sweep(verify=True)) == []
    assert list(journal.entries()) == []


SWITCHES = (True, False)
PAIRS = [
    {
        "media_file_overwrite": pair[0],
        "media_location": "up/loads/" if pair[1] else "",
        "media_domain": pair[2],
        "quarantine_file_overwrite": pair[3],
        "quarantine_location": "held/images" if pair[4] else "",
        "quarantine_domain": pair[5],
    }
    for pair in product(SWITCHES, repeat=6)
]


@pytest.mark.parametrize("options", PAIRS, ids=named)
def test_hold_and_release_with_every_pair_of_options_of_two_storages_on_s3(build, options):
    site = build(**options)
    # A domain takes the signature off its links: whoever gives one to the quarantine is told.
    refused = [error.id for error in checks.run_checks(tags=["nsfw"])]
    assert refused == (["django_nsfw.E002"] if options["quarantine_domain"] else [])

    photo = Photo.objects.create(image=upload())
    held, printed = photo.image.name, photo.image.url
    [name] = site.files("quarantine")
    assert site.files("quarantine")[name] == BODY
    assert BODY not in site.files("media").values()
    visitor = Visitor(site, (BODY,))
    visitor.read_the_page()
    visitor.links[site.quarantine.url(name).partition("?")[0]] = "guessed"
    visitor.look("held")
    assert visitor.seen == []
    assert fetch(printed) is not None

    approve(Scan.objects.get(), moderator=None)
    photo.refresh_from_db()
    assert photo.image.name != held
    assert fetch(photo.image.url) == BODY
    assert fetch(printed) != BODY
    assert list(site.files("media").values()) == [BODY]
    assert site.files("quarantine") == {}
    assert list(journal.entries()) == []


def test_a_signed_link_to_the_quarantine_is_the_sites_own_and_never_printed(build):
    site = build()
    Photo.objects.create(image=upload())
    [name] = site.files("quarantine")
    signed = site.quarantine.url(name)
    assert fetch(signed) == BODY
    assert fetch(signed.partition("?")[0]) is None
    assert fetch(signed[:-1] + ("0" if signed[-1] != "0" else "1")) is None


def test_a_clear_picture_is_stored_once_and_nothing_is_in_quarantine(build, constant):
    constant.answer = 0.0
    site = build(media_domain=True)
    photo = Photo.objects.create(image=upload())
    assert fetch(photo.image.url) == BODY
    assert site.files("quarantine") == {}


def test_a_clear_object_is_served_as_what_it_is_and_not_as_what_its_sender_says(build, constant):
    constant.answer = 0.0
    site = build()
    photo = Photo.objects.create(image=upload(content_type="text/html"))
    head = site.server.client.head_object(Bucket=site.bucket("media"), Key=photo.image.name)
    assert head["ContentType"] == "image/png"


@pytest.mark.parametrize("overwrite", [True, False])
def test_held_files_of_one_name_are_kept_apart(build, overwrite):
    site = build(media_file_overwrite=overwrite, quarantine_file_overwrite=overwrite)
    first = Photo.objects.create(image=upload(BODY))
    second = Photo.objects.create(image=upload(OTHER))
    for scan in Scan.objects.order_by("pk"):
        approve(scan, moderator=None)
    first.refresh_from_db(), second.refresh_from_db()
    assert first.image.name != second.image.name
    assert (fetch(first.image.url), fetch(second.image.url)) == (BODY, OTHER)
    assert site.files("quarantine") == {}


@pytest.mark.parametrize("kind", ["image/png", "image/svg+xml", "text/html"])
@pytest.mark.parametrize("gzip", [True, False])
def test_in_quarantine_an_object_says_nothing_of_its_kind(build, kind, gzip):
    site = build(media_gzip=gzip, quarantine_gzip=gzip)
    photo = Photo.objects.create(image=upload(content_type=kind))
    [name] = site.files("quarantine")
    head = site.server.client.head_object(Bucket=site.bucket("quarantine"), Key=name)
    assert head["ContentType"] == "application/octet-stream"
    assert "ContentEncoding" not in head
    shown = site.server.client.head_object(Bucket=site.bucket("media"), Key=photo.image.name)
    assert shown["ContentType"] == "image/png"
    approve(Scan.objects.get(), moderator=None)
    photo.refresh_from_db()
    assert fetch(photo.image.url) == BODY


@pytest.mark.parametrize("media", ["disk", "s3"])
@pytest.mark.parametrize(
    "nick",
    ["ä b+c%25#?&=😀", "..", "a//b", "'\"<x>", "%2e%2e", "~!*()", " . "],
)
def test_names_with_every_awkward_character(build, media, nick):
    site = build(media=media, media_domain=True) if media == "s3" else build(media=media)
    if nick == "..":
        with pytest.raises(Exception, match="path traversal"):
            Avatar.objects.create(nick=nick, image=upload())
        assert (site.files("media"), site.files("quarantine")) == ({}, {})
        return
    avatar = Avatar.objects.create(nick=nick, image=upload(name="Ünï 100% &c+d.PNG"))
    assert BODY not in site.files("media").values()
    approve(Scan.objects.get(), moderator=None)
    avatar.refresh_from_db()
    assert len(avatar.image.name) <= 40
    assert list(site.files("media").values()) == [BODY]
    with avatar.image.open() as file:
        assert file.read() == BODY
    if media == "s3":
        [key] = site.files("media")
        assert fetch(f"{site.server.endpoint}/{site.bucket('media')}/{quote(key)}") == BODY
    reject(Scan.objects.get(), moderator=None)
    assert BODY not in site.files("media").values()
    assert list(site.files("quarantine").values()) == [BODY]


def test_the_journal_is_read_over_many_pages(build):
    site = build()
    tokens = [f"{number:032x}" for number in range(23)]
    for token in tokens:
        journal.write(token, {"op": "upload", "number": token})
    events = site.quarantine.connection.meta.client.meta.events
    pages = []

    def few(params, **_):
        pages.append(params)
        params["MaxKeys"] = 5

    events.register("provide-client-params.s3.ListObjects", few)
    assert sorted(entry.token for entry in journal.entries()) == tokens
    assert len(pages) == 5
