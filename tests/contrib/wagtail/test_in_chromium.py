"""What only a browser shows: the bar of bulk actions, and a picture revealed in its place."""

import pytest
from django.conf import settings
from django.urls import reverse

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
