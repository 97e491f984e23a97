"""A real Chromium for the tests of pages. Where there is none they are left out; with CI=true
they fail. ``SCREENSHOTS=folder`` keeps what was on the screen at the end of each test."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 30
"""Seconds: the machine may be busy."""

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

COLOUR = """async (image) => {
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
    let most = 0;
    for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue] = data.slice(at, at + 3);
        most = Math.max(most, Math.abs(red - green), Math.abs(green - blue));
    }
    return most;
}"""
"""Of the pixel that is the least grey."""


@contextmanager
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        absent = f"none of {', '.join(NAMES)} is installed"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(f"CI=true and {absent}", pytrace=False)
        pytest.skip(f"left out, {absent}")
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found, args=list(ARGUMENTS), env=environment
        )
        try:
            yield browser
        finally:
            browser.close()


def wait_until(page: Page, function: str, arg: object = None) -> None:
    """Until the function returns something true. Playwright's own ``wait_for_function`` evaluates
    text in the page when it asks again, which a strict content security policy forbids."""
    for _ in range(PATIENCE * 20):
        if page.evaluate(function, arg):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not true within {PATIENCE} s: {function}")


def keep(page: Page, name: str = "") -> None:
    """For people to look at, where they ask for it; named for the test unless ``name`` is given."""
    if folder := os.environ.get("SCREENSHOTS"):
        test = os.environ["PYTEST_CURRENT_TEST"].rpartition("::")[2].rpartition(" (")[0]
        name = name or re.sub(r"\W+", "-", test).strip("-")
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
