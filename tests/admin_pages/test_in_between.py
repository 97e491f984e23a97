"""What no address opens, as axe sees it and under the same policy: the pages before and after a
decision about many, and the help on top of a page."""

import pytest

from tests.admin_pages.axe import OF_DJANGO, seen_by_axe
from tests.chromium import keep

TILES = "[data-nsfw-grid] > li"


@pytest.fixture
def window(plain, chromium):
    with plain.visited(chromium) as window:
        window.set_viewport_size({"width": 1280, "height": 900})
        yield window
        assert window.complaints == []


def select(window, plain, *places):
    """Tiles at these places, the last of the page being the youngest."""
    window.goto(plain.url("review queue"))
    for place in places:
        window.locator(TILES).nth(place).locator("[name=picked]").check()


def ask(window, name):
    with window.expect_navigation():
        window.get_by_role("button", name=name, exact=False).first.click()


@pytest.mark.parametrize("key", ["a", "r", "e"])
def test_the_page_before_a_decision_about_many(window, plain, key):
    select(window, plain, -1, -2)
    with window.expect_navigation():
        window.keyboard.press(key)
    assert window.get_by_text("2 pictures are selected.").is_visible()
    assert seen_by_axe(window) - OF_DJANGO == set()
    keep(window)


def test_with_something_that_changed_meanwhile_and_what_became_of_it(window, plain):
    select(window, plain, -3, -4)
    window.locator(TILES).nth(-3).locator("[name=picked]").evaluate("e => e.value += '1'")
    with window.expect_navigation():
        window.keyboard.press("e")
    assert window.get_by_role("heading", name="1 changed since you looked").is_visible()
    assert seen_by_axe(window) - OF_DJANGO == set()
    window.set_viewport_size({"width": 1280, "height": 900})
    with window.expect_navigation():
        window.locator(".nsfw-confirm [type=submit]").click()
    assert "1 was decided. 1 was refused." in window.inner_text(".nsfw-total")
    window.click("summary")
    assert seen_by_axe(window) - OF_DJANGO == set()
    keep(window)


def test_the_grid_with_a_selection_and_its_help(window, plain):
    select(window, plain, -1, -2)
    assert seen_by_axe(window) - OF_DJANGO == set()
    helped(window)


@pytest.mark.parametrize("page", ["held item", "quality sample"])
def test_the_help_of_other_pages(window, plain, page):
    window.goto(plain.url(page))
    helped(window)


def helped(window):
    window.keyboard.press("?")
    assert window.get_by_role("dialog", name="Keys").is_visible()
    keep(window)
    assert seen_by_axe(window) - OF_DJANGO == set()
    assert window.locator("[data-nsfw-keys] kbd").first.is_visible()  # on a narrow screen, too
    window.keyboard.press("Escape")
    assert not window.get_by_role("dialog", name="Keys").is_visible()
