"""Who may look at what, what is sent, and what is recorded of it."""

import io
import re
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from django_nsfw.models import Reveal, ReviewPreference, Scan
from tests.images.drawing import encode, flat
from tests.looking.conftest import BODY, held_file

pytestmark = pytest.mark.django_db

LOOKING = reverse("admin:django_nsfw_scan_looking")
REVEALS = reverse("admin:django_nsfw_reveal_changelist")


def page(scan):
    return reverse("admin:django_nsfw_scan_change", args=[scan.pk])


def blurred(scan):
    return reverse("admin:django_nsfw_scan_blurred", args=[scan.pk])


def reveal(scan):
    return reverse("admin:django_nsfw_scan_reveal", args=[scan.pk])


@pytest.fixture
def moderator(client, person):
    moderator = person("view_scan", "reveal_scan")
    client.force_login(moderator)
    return moderator


WHO = {
    "nobody": (None, 302, 302, 302, 302),
    "staff": ((), 403, 403, 403, 403),
    "who may view": (("view_scan",), 200, 403, 200, 403),
    "who may reveal alone": (("reveal_scan",), 403, 403, 403, 403),
    "who may view and reveal": (("view_scan", "reveal_scan"), 200, 200, 200, 403),
    "who may decide": (("view_scan", "approve_scan", "reject_scan"), 200, 403, 200, 403),
    "who may read the log": (("view_reveal",), 403, 403, 403, 200),
}


@pytest.mark.parametrize(("permissions", "small", "large", "likes", "log"), WHO.values(), ids=WHO)
def test_who_may_do_what(client, person, held, permissions, small, large, likes, log):
    if permissions is not None:
        client.force_login(person(*permissions))
    assert client.get(page(held)).status_code == small
    assert client.get(blurred(held)).status_code == small
    assert client.post(reveal(held)).status_code == large
    assert client.get(LOOKING).status_code == likes
    assert client.get(REVEALS).status_code == log
    assert Reveal.objects.count() == (large == 200)
    if small == 200:
        assert (reveal(held) in client.get(page(held)).content.decode()) == (large == 200)


def test_who_is_not_of_the_staff_sees_nothing(client, held):
    user = get_user_model().objects.create_superuser("root")
    get_user_model().objects.filter(pk=user.pk).update(is_staff=False)
    client.force_login(user)
    assert client.get(blurred(held)).status_code == 302
    assert client.post(reveal(held)).status_code == 302
    assert not Reveal.objects.exists()


@pytest.mark.parametrize("pk", ["0", "999999", "9" * 30])
@pytest.mark.parametrize(
    ("permissions", "status"), [(("view_scan", "reveal_scan"), 404), ((), 403)], ids=str
)
def test_ids_of_no_scan(client, person, permissions, status, pk):
    client.force_login(person(*permissions))
    assert client.get(f"/admin/django_nsfw/scan/{pk}/blurred/").status_code == status
    assert client.post(f"/admin/django_nsfw/scan/{pk}/reveal/").status_code == status


@pytest.mark.parametrize("pk", ["-1", "a", "1.0", "1%00", "1'--", "%2e%2e/1"])
def test_forged_ids(client, moderator, held, pk):
    for view, call in (("blurred", client.get), ("reveal", client.post)):
        response = call(f"/admin/django_nsfw/scan/{pk}/{view}/", follow=True)
        assert response.status_code in (200, 404, 405)
        assert response.headers["Content-Type"].startswith("text/html")
    assert not Reveal.objects.exists()


def test_what_is_sent(client, moderator, held):
    for response in (client.get(blurred(held)), client.post(reveal(held))):
        assert response.status_code == 200
        assert response.content[:4] == b"RIFF"
        assert response.content[8:12] == b"WEBP"
        assert response.headers["Content-Type"] == "image/webp"
        stored = "no-cache" if response.request["REQUEST_METHOD"] == "GET" else "no-store"
        assert {stored, "private"} <= set(response.headers["Cache-Control"].split(", "))
        assert "public" not in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        policy = "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert response.headers["Content-Security-Policy"] == policy
        name = rf'inline; filename="scan-{held.pk}(-blurred)?\.webp"'
        assert re.fullmatch(name, response.headers["Content-Disposition"])


def test_names_of_the_uploader_go_nowhere(client, moderator, held):
    evil = 'a";\r\nSet-Cookie: x=1;<script>.jpg'
    Scan.objects.update(original_name=evil, name=evil)
    for response in (client.get(blurred(held)), client.post(reveal(held))):
        assert response.status_code == 200
        assert "script" not in str(response.headers)
        assert "x" not in response.cookies


def test_a_reveal_is_recorded_and_only_a_post_is_one(client, moderator, held):
    for call in (client.get, client.head, client.put, client.delete):
        assert call(reveal(held)).status_code == 405
    assert client.post(blurred(held)).status_code == 405
    client.get(blurred(held))
    client.get(page(held))
    assert not Reveal.objects.exists()
    response = client.post(reveal(held))
    assert response.headers["NSFW-Reveals"] == "1"
    seen = Reveal.objects.get()
    assert (seen.scan, seen.user, seen.user_name) == (held, moderator, "mo")
    assert client.post(reveal(held)).headers["NSFW-Reveals"] == "2"


def test_a_reveal_needs_the_token_of_the_form(moderator, held):
    client = Client(enforce_csrf_checks=True)
    client.force_login(moderator)
    assert client.post(reveal(held)).status_code == 403
    token = re.search(
        r'csrfmiddlewaretoken" value="(\w+)"', client.get(page(held)).content.decode()
    )
    assert client.post(reveal(held), {"csrfmiddlewaretoken": token[1]}).status_code == 200


def test_what_was_seen_was_seen(moderator, held):
    seen = Reveal.record(held, moderator)
    for change in (
        seen.save,
        seen.delete,
        Reveal.objects.all().delete,
        lambda: Reveal.objects.update(user_name="x"),
    ):
        with pytest.raises(TypeError, match="append-only"):
            change()
    moderator.delete()
    assert [(s.user, s.user_name) for s in Reveal.objects.all()] == [(None, "mo")]


def test_the_log_is_read_only_even_for_a_superuser(client, held):
    root = get_user_model().objects.create_superuser("root")
    client.force_login(root)
    client.post(reveal(held))
    seen = Reveal.objects.get()
    assert "root" in client.get(REVEALS).content.decode()
    name = "admin:django_nsfw_reveal"
    change = reverse(f"{name}_change", args=[seen.pk])
    assert client.get(change).status_code == 200
    assert client.post(change, {"user_name": "x"}).status_code == 403
    assert client.get(reverse(f"{name}_add")).status_code == 403
    assert client.get(reverse(f"{name}_delete", args=[seen.pk])).status_code == 403


def test_the_drawing_that_stands_for_no_picture_reveals_nothing(client, moderator, constant):
    scan = held_file("a.png", BODY[:4000])
    assert client.get(blurred(scan)).status_code == 200
    assert client.post(reveal(scan)).headers["Content-Type"] == "image/webp"
    assert not Reveal.objects.exists()


TROUBLES = {
    "missing": (
        404,
        "The file is not in its storage: have it restored from a backup. Without it nothing can be "
        "approved; what is held can be rejected.",
    ),
    "changed": (409, "The file is not the one that was scanned."),
    "pruned": (410, "What was held was deleted."),
    "gone": (410, "The field of this file left the project."),
    "storage": (503, "The storage does not give the file; the log has more."),
}


@pytest.mark.parametrize(("trouble", "answer"), TROUBLES.items(), ids=TROUBLES)
def test_what_cannot_be_shown_is_a_sentence(client, moderator, held, storages, trouble, answer):
    path = storages / "quarantine" / held.quarantine_name
    if trouble == "changed":
        path.write_bytes(b"other bytes")
    elif trouble == "pruned":
        Scan.objects.update(pruned_at=timezone.now())
    elif trouble == "gone":
        Scan.objects.update(field="gone.Photo.image", status="clear", quarantine_name="")
    else:
        path.unlink()
        if trouble == "storage":
            path.mkdir()
    assert client.get(page(held)).status_code == 200
    for response in (client.get(blurred(held)), client.post(reveal(held))):
        assert (response.status_code, response.content.decode()) == answer
        assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in response.headers["Cache-Control"]
    assert not Reveal.objects.exists()


def test_the_page_says_how_many_were_revealed_today(client, moderator, held, settings, person):
    settings.NSFW_REVIEW = {"reveals_a_day": 2}
    yesterday = timezone.now() - timedelta(days=1, hours=1)
    for who, when in ((moderator, yesterday), (person(name="another"), timezone.now())):
        Reveal(scan=held, user=who, user_name="x", revealed_at=when).save()

    def said():
        text = client.get(page(held)).content.decode()
        tired = re.search(r"data-nsfw-rest(.*?)>\s*(.*?)\s*</p>", text, re.DOTALL)
        return re.search(r"data-nsfw-seen>(\d+)<", text)[1], "hidden" not in tired[1], tired[2]

    hint = (
        "That is past the 2 pictures a day that this site sets. "
        "Take a break: look at something else for a while."
    )
    assert said() == ("0", False, hint)
    for seen, tired in (("1", False), ("2", False), ("3", True)):
        client.post(reveal(held))
        assert said() == (seen, tired, hint)
    settings.NSFW_REVIEW = {}
    assert "data-nsfw-rest" not in client.get(page(held)).content.decode()


def test_the_page_has_nothing_inline(client, moderator, held):
    for url in (page(held), LOOKING):
        text = client.get(url).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|data:", text)


def test_the_page_names_the_frame_that_scored_worst(client, moderator, held):
    assert "scored worst" not in client.get(page(held)).content.decode()
    Scan.objects.update(frames=9)
    assert "Frame 1 of 9: the one that scored worst." in client.get(page(held)).content.decode()
    Scan.objects.update(crops=[])
    assert "scored worst" not in client.get(page(held)).content.decode()


def test_the_page_of_a_scan_that_is_not_there(client, moderator):
    for pk in ("999", "a"):
        response = client.get(f"/admin/django_nsfw/scan/{pk}/change/", follow=True)
        assert "doesn’t exist" in response.content.decode()


def test_preferences_are_those_of_the_site_until_a_person_says_otherwise(
    client, moderator, held, settings, person
):
    settings.NSFW_REVIEW = {"blur": 3, "greyscale": False}
    assert str(ReviewPreference.of(moderator)) == "blur: strongest, animations stand still"
    strongest = client.get(blurred(held)).content
    assert "Reveal in colour" not in client.get(page(held)).content.decode()
    back = page(held)
    response = client.post(LOOKING, {"blur": 1, "greyscale": "on", "next": back})
    assert (response.status_code, response.headers["Location"]) == (302, back)
    assert str(ReviewPreference.of(moderator)) == "blur: light, without colours"
    assert (
        str(ReviewPreference.of(person(name="another")))
        == "blur: strongest, animations stand still"
    )
    assert client.get(blurred(held)).content != strongest
    assert "Reveal in colour" in client.get(page(held)).content.decode()
    grey, colours = client.post(reveal(held)), client.post(reveal(held), {"colours": "1"})
    assert len(grey.content) < len(colours.content)
    client.post(LOOKING, {"blur": 2})
    assert str(ReviewPreference.of(moderator)) == "blur: strong"
    assert ReviewPreference.objects.count() == 1


def test_what_is_revealed_moves_only_for_who_wants_it_to(client, moderator, constant, settings):
    frames = [flat(colour) for colour in ("red", "blue", "green")]
    body = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    scan = held_file("flag.gif", body)

    def moves(response):
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "image/webp"
        return Image.open(io.BytesIO(response.content)).is_animated

    assert not moves(client.post(reveal(scan)))
    settings.NSFW_REVIEW = {"muted": False}
    assert moves(client.post(reveal(scan)))
    assert not moves(client.post(reveal(scan), {"still": "1"}))
    assert not moves(client.get(blurred(scan)))
    client.post(LOOKING, {"blur": 1, "muted": "on"})
    assert not moves(client.post(reveal(scan)))
    client.post(LOOKING, {"blur": 1})
    assert moves(client.post(reveal(scan)))
    assert Reveal.objects.count() == 5


@pytest.mark.parametrize("blur", ["0", "4", "-1", "", "x", "1.5"])
def test_no_preference_shows_a_picture_without_a_reveal(client, moderator, blur):
    response = client.post(LOOKING, {"blur": blur})
    assert response.status_code == 200
    assert response.context["form"].errors.keys() == {"blur"}
    assert not ReviewPreference.objects.exists()


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(client, moderator, back):
    assert "evil" not in client.get(LOOKING, {"next": back}).content.decode()
    response = client.post(LOOKING, {"blur": 1, "next": back})
    assert response.headers["Location"] == reverse("admin:django_nsfw_scan_changelist")


def again(client, scan, kept):
    return client.get(blurred(scan), headers={"If-None-Match": kept.headers["ETag"]})


def test_a_blurred_picture_that_is_kept_is_asked_for_and_not_made_again(
    client, moderator, held, storages
):
    first = client.get(blurred(held))
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first.headers["Vary"]
    (storages / "quarantine" / held.quarantine_name).rename(storages / "elsewhere")
    kept = again(client, held, first)  # not even read
    assert (kept.status_code, kept.content) == (304, b"")
    assert kept.headers["Cache-Control"] == "private, no-cache"
    assert kept.headers["ETag"] == first.headers["ETag"]
    assert client.get(blurred(held)).status_code == 404


CHANGES = {
    "a stronger blur": lambda: ReviewPreference.objects.update(blur=3),
    "colours": lambda: ReviewPreference.objects.update(greyscale=False),
    "another frame": lambda: Scan.objects.update(crops=[]),
    "nothing that is drawn": lambda: Scan.objects.update(escalated_at=timezone.now()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_would_be_drawn_otherwise_is_made_anew(client, moderator, constant, change):
    constant.answer = 0.8
    ReviewPreference.objects.create(user=moderator, blur=1, greyscale=True, muted=True)
    frames = [flat(colour) for colour in ("red", "blue", "green")]
    scan = held_file(
        "flag.gif", encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)
    )
    crops = [{**scan.crops[0], "frame": 2}]
    Scan.objects.update(crops=crops)
    first = client.get(blurred(scan))
    CHANGES[change]()
    status = 304 if change == "nothing that is drawn" else 200
    assert again(client, scan, first).status_code == status


def test_nobody_keeps_a_picture_longer_than_they_may_see_it(client, moderator, held):
    first = client.get(blurred(held))
    moderator.user_permissions.clear()
    refused = again(client, held, first)
    assert (refused.status_code, refused.headers["Content-Type"][:9]) == (403, "text/html")
    client.logout()
    assert again(client, held, first).status_code == 302


def test_what_was_deleted_is_shown_from_no_cache(client, moderator, held):
    first = client.get(blurred(held))
    Scan.objects.update(discard_at=timezone.now())
    assert again(client, held, first).status_code == 410


def test_the_drawing_that_stands_for_no_picture_is_not_kept(client, moderator, constant):
    response = client.get(blurred(held_file("a.png", BODY[:4000])))
    assert "ETag" not in response.headers
    assert "no-store" in response.headers["Cache-Control"]


def test_a_cache_of_the_site_never_gets_a_picture(client, moderator, held, settings):
    memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "pictures"}
    settings.CACHES = {"default": memory}
    settings.MIDDLEWARE = [
        "django.middleware.cache.UpdateCacheMiddleware",
        *settings.MIDDLEWARE,
        "django.middleware.cache.FetchFromCacheMiddleware",
    ]
    first = client.get(blurred(held))
    assert again(client, held, first).status_code == 304
    assert client.post(reveal(held)).status_code == 200
    assert caches["default"]._cache == {}
