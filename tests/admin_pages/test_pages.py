"""Every page under a strict content security policy, and as axe sees it, in four looks."""

import django
import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.admin_pages.pages import PAGES

LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
"""Colour scheme, and pixels of width."""

OF_DJANGO = {("label-title-only", "#searchbar")}
if django.VERSION < (6, 1):
    OF_DJANGO |= {
        ("link-in-text-block", ".breadcrumbs a"),
        ("link-in-text-block", "#changelist-search .small a"),
    }
"""Rule and selector of what axe finds on pages of Django's own."""

FAULTS = """(known) => axe.run({resultTypes: ["violations"]}).then(({violations}) => violations
    .filter(({impact}) => ["serious", "critical"].includes(impact))
    .flatMap(({id, nodes}) => nodes.map(({target}) => {
        const element = document.querySelector(target[0]);
        const like = known.find(([rule, selector]) => rule === id && element.matches(selector));
        return like ?? [id, target.join(" ")];
    })))"""
"""Rule and selector of what is serious or critical: that of ``known`` where it is one of them."""

SETTLED = "Promise.all(document.getAnimations().map((animation) => animation.finished))"


@pytest.fixture(scope="module")
def window(plain, chromium):
    with plain.visited(chromium) as window:
        yield window


def seen_by_axe(window) -> set[tuple[str, str]]:
    """What is serious or critical in any of the looks."""
    found = set()
    window.evaluate(AXE_SCRIPT)
    for scheme, width in LOOKS:
        window.emulate_media(color_scheme=scheme)
        window.set_viewport_size({"width": width, "height": 900})
        window.evaluate(SETTLED)  # links of the admin change their colour within 0.15 s
        found |= set(map(tuple, window.evaluate(FAULTS, list(OF_DJANGO))))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_a_page_gets_along_with_a_strict_content_security_policy(plain, window, page):
    window.complaints.clear()
    assert window.goto(plain.url(page)).status == 200
    assert window.complaints == []


@pytest.mark.parametrize("page", PAGES)
def test_axe_finds_nothing_serious_on_a_page(plain, window, page):
    window.goto(plain.url(page))
    assert seen_by_axe(window) - OF_DJANGO == set()


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
