"""The same pages in an admin by django-unfold."""

import re

import pytest

from tests.admin_pages.pages import PAGES

FITS = "(width) => document.documentElement.scrollWidth === width"


@pytest.fixture(scope="module")
def window(unfold, chromium):
    with unfold.visited(chromium) as window:
        yield window


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_shown_and_fits_wide_and_narrow_screens(unfold, window, page):
    window.complaints.clear()
    assert window.goto(unfold.url(page)).status == 200
    assert window.locator("#unfold-theme-colors").count() == 1
    for width in (1280, 390):
        window.set_viewport_size({"width": width, "height": 900})
        window.wait_for_function(FITS, arg=width, timeout=10_000)  # charts take a moment
    assert window.complaints == []


def test_a_picture_is_revealed_and_hidden(unfold, window):
    window.set_viewport_size({"width": 1280, "height": 900})
    window.goto(unfold.url("held scan"))
    picture = window.get_by_role("img", name="The picture", exact=True)
    assert not picture.is_visible()
    window.get_by_role("button", name="Reveal", exact=True).click()
    picture.wait_for()
    window.get_by_role("button", name="Hide").click()
    assert not picture.is_visible()


def test_buttons_and_links_can_be_told_from_text(unfold, window):
    window.goto(unfold.url("held scan"))
    button = window.get_by_role("button", name="Reveal", exact=True)
    assert button.evaluate("e => getComputedStyle(e).backgroundColor") != "rgba(0, 0, 0, 0)"
    link = window.get_by_role("link", name="How I look at pictures")
    assert "underline" in link.evaluate("e => getComputedStyle(e).textDecoration")


def test_preferences_are_kept(unfold, window):
    window.goto(unfold.url("preferences for looking"))
    window.get_by_label("strongest").check()
    window.get_by_role("button", name="Save").click()
    window.get_by_text("Pictures are shown so from now on.").wait_for()
    window.goto(unfold.url("preferences for looking"))
    assert window.get_by_label("strongest").is_checked()


def test_what_was_selected_is_settled(unfold, window):
    window.set_viewport_size({"width": 1280, "height": 900})
    window.goto(unfold.url("scans waiting"))
    waiting = window.locator("input.action-select")
    before = waiting.count()
    for row in range(2):
        waiting.nth(row).check()
    window.locator("select[name=action]").select_option("approve")
    with window.expect_navigation():
        window.get_by_role("button", name=re.compile("^(Run|Go)")).click()
    window.get_by_text("2 files were approved.").wait_for()
    assert waiting.count() == before - 2
