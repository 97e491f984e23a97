"""The quality sample by keys, in Django's admin and in that of django-unfold."""

import pytest

from tests.chromium import keep, wait_until

FITS = "document.documentElement.scrollWidth === innerWidth"
READY = "document.querySelector('[data-nsfw-blurred]').complete"


@pytest.fixture(scope="module", params=["plain", "unfold"])
def site(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def window(site, chromium):
    with site.visited(chromium) as window:
        window.set_viewport_size({"width": 1280, "height": 900})
        window.goto(site.url("quality sample"))
        wait_until(window, READY)
        yield window
        assert window.complaints == []


def asked(window) -> str:
    """The scan that is asked about."""
    return window.input_value("[name=scan]")


ANSWERS = {
    "a": ("Yes", ""),
    "n": ("No", "It waits in the queue now, and stays public until somebody rejects it."),
    "s": ("Cannot say", ""),
    "r": ("No, and reject it at once", "It is rejected and out of reach: decision #"),
}


@pytest.mark.parametrize("key", ANSWERS)
def test_a_key_answers_and_its_button_can_be_seen(window, key):
    label, said = ANSWERS[key]
    button = window.locator(f'[data-nsfw-key="{key}"]')
    assert button.is_visible()
    assert " ".join(button.inner_text().split()) == f"{key} {label}"
    this = asked(window)
    with window.expect_navigation():
        window.keyboard.press(key)
    assert asked(window) != this
    assert said in window.inner_text("body")


@pytest.mark.parametrize(
    "key", ["Control+a", "Alt+a", "Meta+a", "Shift+A", "Control+r", "Alt+n", "z", "e", "Enter"]
)
def test_other_keys_and_keys_with_modifiers_do_nothing(window, key):
    window.evaluate("addEventListener('keydown', (event) => event.preventDefault())")
    window.evaluate("document.addEventListener('submit', () => (window.sent = true))")
    window.keyboard.press(key)
    assert window.evaluate("window.sent") is None


def test_keys_do_nothing_while_one_types(window):
    window.evaluate("""() => {
        document.addEventListener("submit", () => (window.sent = true));
        const field = document.querySelector("main, #content-main").appendChild(
            document.createElement("input"));
        field.id = "typed";
        field.focus();
    }""")
    window.keyboard.type("arns? ")
    assert window.input_value("#typed") == "arns? "
    assert window.evaluate("window.sent") is None


def test_an_answer_is_sent_once_and_not_before_the_picture_is_there(window):
    window.evaluate("""() => {
        window.sent = [];
        const picture = document.querySelector("[data-nsfw-blurred]");
        Object.defineProperty(picture, "complete", {get: () => window.there});
        addEventListener("submit", (event) => {
            window.sent.push(event.defaultPrevented);
            event.preventDefault();
        });
    }""")
    window.keyboard.press("a")
    window.evaluate("window.there = true")
    window.keyboard.press("a")
    window.keyboard.press("n")
    assert window.evaluate("window.sent") == [True, False, True]


def test_space_reveals_and_hides(window):
    picture = window.get_by_role("img", name="The picture", exact=True)
    window.keyboard.press("Space")
    picture.wait_for()
    keep(window)
    window.keyboard.press("Space")
    picture.wait_for(state="hidden")


def test_the_help_lists_every_key(window):
    window.keyboard.press("?")
    dialog = window.get_by_role("dialog", name="Keys")
    rows = zip(
        dialog.locator("dt").all_inner_texts(), dialog.locator("dd").all_inner_texts(), strict=True
    )
    keep(window)
    assert {key.strip(): meaning for key, meaning in rows} == {
        "?": "Keys",
        "space": "Reveal or hide",
        "c": "Reveal in colour",
        **{key: label for key, (label, _) in ANSWERS.items()},
    }


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_screen(window, width):
    window.set_viewport_size({"width": width, "height": 900})
    wait_until(window, FITS)
    keep(window)
