"""What axe finds on a page, in four looks."""

import django
from axe_playwright_python.base import AXE_SCRIPT

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
