"""Animations in Chromium: they move in the canvas for who wants them to, and stop at once."""

import json

import pytest

from tests.chromium import chromium
from tests.queue_pages.people import MOTION, QUEUE, person, served

SETTINGS = "SELECT muted FROM django_nsfw_reviewpreference"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("moving")) as site:
        yield site


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def moving(site) -> int:
    """The scan of an animation of four frames."""
    site.change("DELETE FROM django_nsfw_reviewpreference")
    [(pk,)] = site.rows("SELECT id FROM django_nsfw_scan WHERE frames = 4 AND status = 'held'")
    return pk


@pytest.fixture
def mo(browser, site):
    with person(browser, site, "mo", **MOTION) as mo:
        yield mo


def reveal(mo) -> None:
    mo.press("Space")
    mo.until(lambda: mo.sees("revealed"))


def caption(mo) -> str:
    """The words about the frame, as they are seen."""
    return " ".join(mo.page.inner_text(".nsfw-caption").split())


def worst(site, pk) -> int:
    """The frame that scored worst, from 1."""
    [(crops,)] = site.rows("SELECT crops FROM django_nsfw_scan WHERE id = ?", pk)
    return max(json.loads(crops), key=lambda crop: crop["nsfw"])["frame"] + 1


def test_the_words_below_say_whether_it_moves(mo, site, moving):
    frame = f"rame {worst(site, moving)} of 4"
    still = f"F{frame}: the one that scored worst."
    mo.open(moving)
    assert caption(mo) == still
    reveal(mo)
    assert caption(mo) == still
    mo.press("m")
    reveal(mo)
    assert caption(mo) == f"It moves; f{frame} scored worst."
    mo.press("Space")
    assert caption(mo) == still
    reveal(mo)
    mo.page.keyboard.press("m")
    stopped = f"Stopped on the way; f{frame} scored worst."
    mo.until(lambda: caption(mo) == stopped)
    mo.press("Space")
    assert caption(mo) == still


def test_what_drove_the_score_of_a_frame_is_not_shown_over_others(mo, moving):
    mo.open(moving)
    mo.press("w")
    heat = "[data-nsfw-heat] svg"
    mo.page.wait_for_selector(heat, timeout=30_000)
    reveal(mo)
    assert mo.page.is_visible(heat)
    mo.press("m")
    reveal(mo)
    assert not mo.page.is_visible(heat)
    mo.press("Space")
    assert mo.page.is_visible(heat)


def hide_the_page(mo) -> None:
    mo.page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); delete document.hidden"
    )


def test_what_is_muted_stands_still_and_m_has_it_move_and_stop(mo, site, moving):
    mo.open(moving)
    reveal(mo)
    assert mo.watch() == 1
    mo.press("m")
    assert site.rows(SETTINGS) == [(0,)]
    assert not mo.sees("revealed")  # it came still
    reveal(mo)
    assert mo.watch() >= 4
    mo.page.keyboard.press("m")
    mo.page.wait_for_timeout(20)
    assert mo.sees("revealed")
    assert mo.watch() == 1
    mo.until(lambda: site.rows(SETTINGS) == [(1,)])
    mo.click("[name=muted]")
    assert site.rows(SETTINGS) == [(0,)]
    assert mo.page.get_attribute("[name=muted]", "aria-pressed") == "false"


def test_it_stops_with_the_button_though_the_site_does_not_answer(mo, site, moving):
    mo.open(moving)
    mo.press("m")
    reveal(mo)
    mo.page.context.route("**/preferences/", lambda route: route.abort())
    mo.page.keyboard.press("m")
    mo.page.wait_for_timeout(20)
    assert mo.watch() == 1
    mo.complaints[:] = [said for said in mo.complaints if "ERR_FAILED" not in said]


def test_nothing_plays_that_is_hidden(mo, site, moving):
    mo.open(moving)
    mo.press("m")
    reveal(mo)
    assert mo.watch() >= 4
    mo.press("Space")
    assert not mo.sees("revealed")
    assert mo.watch() == 1
    reveal(mo)
    hide_the_page(mo)
    assert not mo.sees("revealed")
    assert mo.watch() == 1
    reveal(mo)
    mo.page.evaluate("window.left = document.querySelector('[data-nsfw-revealed]')")
    mo.press("k")
    assert mo.at != moving
    mo.page.wait_for_timeout(1500)
    assert not mo.page.evaluate("playing.has(window.left) && window.left.isConnected")


def test_who_prefers_less_motion_gets_a_still_picture(browser, site, moving):
    with person(browser, site, "mo") as mo:  # asks for it, as the tests of other pages do
        mo.open(moving)
        mo.press("m")
        with mo.page.expect_request("**/reveal/") as asked:
            reveal(mo)
        assert 'name="still"' in asked.value.post_data
        assert mo.watch() == 1
        mo.page.emulate_media(reduced_motion="no-preference")
        mo.press("Space")
        reveal(mo)
        assert mo.watch() >= 4
        mo.page.emulate_media(reduced_motion="reduce")
        mo.page.wait_for_timeout(300)
        assert mo.watch() == 1


def test_a_browser_that_cannot_play_gets_the_worst_frame(mo, site, moving):
    mo.page.context.add_init_script("delete window.ImageDecoder")
    mo.open(moving)
    mo.press("m")
    with mo.page.expect_request("**/reveal/") as asked:
        reveal(mo)
    assert 'name="still"' in asked.value.post_data
    assert mo.watch() == 1


def test_pictures_of_the_grid_move_as_well(mo, site, moving):
    canvas = f"#scan-{moving} canvas"
    mo.page.goto(f"{site.url}{QUEUE}")

    def reveal():
        mo.page.keyboard.press("Space")
        mo.page.wait_for_selector(f"{canvas}:not([hidden])")

    mo.page.click(f"#scan-{moving} .nsfw-facts")
    reveal()
    assert mo.watch(canvas) == 1
    mo.page.keyboard.press("m")
    mo.until(lambda: site.rows(SETTINGS) == [(0,)])
    mo.page.wait_for_selector(canvas, state="hidden")
    reveal()
    assert mo.watch(canvas) >= 4
    mo.page.keyboard.press("Space")
    assert mo.page.is_hidden(canvas)
    assert mo.watch(canvas) == 1
    reveal()
    mo.page.keyboard.press("m")
    mo.page.wait_for_selector(canvas, state="hidden")
    assert mo.watch(canvas) == 1
    assert site.rows(SETTINGS) == [(1,)]


def test_on_the_page_of_the_scan_it_moves_as_the_person_likes(mo, site, moving):
    page = f"{site.url}/admin/django_nsfw/scan/{moving}/change/"

    def reveal():
        mo.page.goto(page)
        mo.page.click("[data-nsfw-reveal] [type=submit] >> nth=0")
        mo.until(lambda: mo.sees("revealed"))

    reveal()
    assert mo.watch() == 1
    mo.page.goto(f"{site.url}/admin/django_nsfw/scan/looking/")
    mo.page.uncheck("[name=muted]")
    mo.page.click(".nsfw-preferences [type=submit]")
    mo.page.wait_for_url("**/scan/")
    reveal()
    assert mo.watch() >= 4
