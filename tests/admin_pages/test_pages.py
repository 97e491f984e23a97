"""Every page under a strict content security policy, and as axe sees it, in four looks."""

import pytest

from tests.admin_pages.axe import OF_DJANGO, seen_by_axe
from tests.admin_pages.pages import PAGES


@pytest.fixture(scope="module")
def window(plain, chromium):
    with plain.visited(chromium) as window:
        yield window


@pytest.mark.parametrize("page", PAGES)
def test_a_page_gets_along_with_a_strict_content_security_policy(plain, window, page):
    window.complaints.clear()
    assert window.goto(plain.url(page)).status == 200
    assert window.complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious_on_a_page(plain, window, page):
    window.goto(plain.url(page))
    assert seen_by_axe(window) - OF_DJANGO == set()


def test_axe_finds_nothing_serious_where_a_score_is_explained(plain, window):
    window.complaints.clear()
    window.goto(plain.url("held item"))
    window.keyboard.press("w")
    window.wait_for_selector("[data-nsfw-heat] svg")
    assert seen_by_axe(window) - OF_DJANGO == set()
    assert window.complaints == []


def test_what_is_put_down_to_django_is_on_its_own_pages(plain, window):
    window.goto(f"{plain.address}/admin/host/album/?q=nobody")
    assert seen_by_axe(window) == OF_DJANGO


def test_a_faulty_page_is_found_out(plain, window):
    window.complaints.clear()
    window.goto(f"{plain.address}/faulty/")
    assert window.title() == "Faulty"  # its script did not run
    violated = {said.split()[1] for said in window.complaints if said.startswith("violated: ")}
    assert violated == {"style-src-attr", "script-src-attr", "script-src-elem"}
    assert ("image-alt", "img") in seen_by_axe(window)


def test_revealing_gets_along_with_it_too(plain, window):
    window.complaints.clear()
    window.set_viewport_size({"width": 1280, "height": 900})
    window.goto(plain.url("held scan"))
    window.get_by_role("button", name="Reveal", exact=True).click()
    window.get_by_role("button", name="Hide").wait_for()
    assert window.get_by_role("img", name="The picture", exact=True).is_visible()
    assert window.complaints == []


WIDE = """(list) => [list.scrollWidth <= list.clientWidth, Math.max(
    ...[...list.querySelectorAll("td, th")].map((cell) => cell.getBoundingClientRect().right))
    <= list.getBoundingClientRect().right + 1]"""


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja"])
@pytest.mark.parametrize("page", ["scans waiting", "all scans", "decisions"])
def test_no_column_lies_beyond_the_edge_of_a_list(plain, chromium, page, language):
    with plain.visited(
        chromium, locale=language, viewport={"width": 1280, "height": 900}
    ) as window:
        window.goto(plain.url(page))
        assert window.locator("html").get_attribute("lang") == language
        assert window.locator(".results").evaluate(WIDE) == [True, True]


BROKEN = """(cells) => cells.flatMap(({firstChild: text}) => {
    const words = [...text.data.matchAll(/[^\\s,]+/g)];
    return words.filter((word) => {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        return range.getClientRects().length > 1;
    }).map((word) => word[0]);
})"""
"""Words that go on in the next line."""


@pytest.mark.parametrize("language", ["en", "de", "es"])
def test_no_word_of_a_heading_and_no_verdict_is_broken(plain, chromium, language):
    with plain.visited(
        chromium, locale=language, viewport={"width": 1280, "height": 900}
    ) as window:
        window.goto(plain.url("all scans"))
        headings = "thead th:not(.action-checkbox-column) .text > :is(a, span)"
        cells = window.locator(f"#result_list :is(td.field-verdict, {headings})")
        assert cells.count() > 8
        assert cells.evaluate_all(BROKEN) == []
