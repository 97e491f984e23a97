"""What only a browser shows: the bar of bulk actions, and a picture revealed in its place."""

import pytest
from django.conf import settings
from django.urls import reverse
from wagtail.images.models import Image
from wagtail.users.models import UserProfile

from django_nsfw.models import Reveal, Scan
from tests.chromium import chromium, keep

from .people import ALL

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_moderator_looks_and_decides(client, person, waiting, live_server):
    """The database is not asked while the browser runs: its loop would forbid it."""
    first, _ = waiting(2)
    person(*ALL)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    listing, item = reverse("nsfw_queue:index"), reverse("nsfw_queue:item", args=[first.pk])
    complaints = []
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                message.type == "error"
                and live_server.url in str(message.location)
                and complaints.append(message.text)
            ),
        )
        page.goto(live_server.url + item)
        picture, shown = page.locator("[data-nsfw-blurred]"), page.locator("canvas")
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert not shown.is_visible()
        page.get_by_role("button", name="Reveal", exact=True).click()
        shown.wait_for(state="visible")
        assert page.locator("[data-nsfw-seen]").inner_text() == "1"
        keep(page, "wagtail-item")
        page.get_by_role("button", name="Hide").click()
        picture.wait_for(state="visible")
        page.goto(live_server.url + listing)
        bar = page.locator("[data-bulk-action-footer]")
        assert not bar.is_visible()
        for box in page.locator("[data-bulk-action-checkbox]").all():
            box.check()
        bar.wait_for(state="visible")
        keep(page, "wagtail-listing")
        bar.get_by_role("link", name="Reject").click()
        page.get_by_label("Note, if you like").fill("no saucers")
        page.get_by_role("button", name="Reject").click()
        page.get_by_text("2 files were rejected.").wait_for()
        assert page.get_by_text("Nothing waits. That is all for now.").is_visible()
    assert complaints == []
    assert Reveal.objects.get().scan_id == first.pk
    assert set(Scan.objects.values_list("status", flat=True)) == {"rejected"}


CUT_OFF = "label => label.scrollWidth > label.clientWidth"
LINES = """element => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const tops = [...range.getClientRects()].filter(each => each.width).map(each => each.top);
    return new Set(tops).size;
}"""


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
def test_the_number_in_the_menu_is_not_cut_off(
    client, person, waiting, logged_in, live_server, language
):
    waiting()
    somebody = person(*ALL)
    UserProfile.objects.create(user=somebody, preferred_language=language)
    with logged_in(client, width=1280, height=900) as page:
        page.goto(live_server.url + reverse("nsfw_queue:index"))
        label = page.locator("a[href$='/review-queue/'] .menuitem-label")
        assert "(1)" in label.inner_text()
        label.evaluate("label => { label.textContent = label.textContent.replace('1', '1.000+') }")
        assert not label.evaluate(CUT_OFF)
        keep(page)


def test_names_are_not_broken_within_words_on_a_telephone(
    client, person, waiting, logged_in, live_server
):
    waiting()
    Image.objects.update(title="Saucerful")
    person(*ALL)
    with logged_in(client, width=390, height=844) as page:
        page.goto(live_server.url + reverse("nsfw_queue:index"))
        assert page.locator("td.title a").evaluate(LINES) == 1
        keep(page)
