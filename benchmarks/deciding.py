"""From a decision to the next picture, on the screen: the example with its real detector, Chromium.

From the key that decides to the frame in which the next blurred picture is painted.
"""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

DECISIONS = 16

WATCH = """() => {
    window.took = [];
    addEventListener("keydown", () => (window.since = performance.now()), true);
    new MutationObserver(() => {
        const picture = document.querySelector("[data-nsfw-blurred]");
        picture.decode().then(() => requestAnimationFrame(() => setTimeout(() => {
            window.took.push(performance.now() - window.since);
        })));
    }).observe(document.querySelector("[data-nsfw-single]"), {childList: true});
}"""


def main(arguments: Sequence[str]) -> None:
    from tests.chromium import chromium
    from tests.queue_pages.people import person, served

    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as site,
        chromium() as browser,
        person(browser, site, "mo") as mo,
    ):
        first, *others = site.waiting()
        mo.open(first)
        mo.page.evaluate(WATCH)
        for following in others[:DECISIONS]:
            mo.press("r", following)
        took = sorted(mo.page.evaluate("window.took"))
    print(
        f"decision to next picture on the screen: {statistics.median(took):.0f} ms, "
        f"{took[0]:.0f} to {took[-1]:.0f} (median of {len(took)})"
    )


if __name__ == "__main__":
    main([])
