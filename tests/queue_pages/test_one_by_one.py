"""The page of one item in Chromium, on the running example with its real detector."""

import re

import pytest

from tests.chromium import chromium, keep
from tests.queue_pages.people import QUEUE, person, served


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("queue")) as site:
        yield site


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def mo(browser, site):
    with person(browser, site, "mo") as mo:
        yield mo


@pytest.fixture
def ann(browser, site):
    with person(browser, site, "ann") as ann:
        yield ann


WAYS = {
    "j": ("j", "[data-nsfw-next]", 1),
    "the right arrow": ("ArrowRight", "[data-nsfw-next]", 1),
    "s": ("s", "[data-nsfw-skip]", 1),
    "k": ("k", "[rel=prev]", -1),
    "the left arrow": ("ArrowLeft", "[rel=prev]", -1),
}


@pytest.mark.parametrize(("key", "button", "way"), WAYS.values(), ids=WAYS)
def test_moving_on_and_back_without_loading_a_page(mo, site, key, button, way):
    waiting = site.waiting()
    mo.open(waiting[3])
    mo.page.evaluate("window.stayed = true")
    mo.press(key, waiting[3 + way])
    mo.click(button, waiting[3 + 2 * way])
    assert mo.page.evaluate("window.stayed")
    assert mo.page.url == f"{site.url}{QUEUE}{mo.at}/"
    assert f"#{mo.at} photo" in mo.page.title()
    mo.until(lambda: list(site.claims()) == [mo.at])  # those before are free again
    mo.page.go_back()
    mo.settled(waiting[3 + way])


DECISIONS = {"a": ("approve", "approved"), "r": ("reject", "rejected"), "e": ("escalate", "held")}


@pytest.mark.parametrize("by", ["key", "button"])
@pytest.mark.parametrize(("key", "outcome"), DECISIONS.items(), ids=DECISIONS)
def test_deciding_shows_the_next_and_z_leads_back(mo, site, key, outcome, by):
    action, status = outcome
    this, next, *_ = site.waiting()
    mo.open(this)
    mo.page.evaluate("window.stayed = true")
    if by == "key":
        mo.press(key, next)
    else:
        mo.click(mo.decision(action), next)
    assert site.status(this) == status
    assert mo.text("live").endswith(f"#{this} photo {this}.")
    assert mo.page.url == f"{site.url}{QUEUE}{next}/"
    assert mo.text("what") == f"{action} #{this}"
    mo.until(lambda: list(site.claims()) == [next])
    assert mo.page.evaluate("document.activeElement.id") == "nsfw-heading"
    if by == "key":
        mo.press("z", this)
    else:
        mo.click("[data-nsfw-undo-last] button", this)
    assert mo.text("live") == "1 decision was undone."
    assert (site.status(this), mo.at) == ("held", this)
    assert mo.page.evaluate("window.stayed")


def test_a_note_is_written_with_n_and_goes_along(mo, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    mo.press("n")
    mo.page.keyboard.type("a jar, sj?")  # no key does anything meanwhile
    assert mo.at == this
    mo.press("Escape")
    mo.press("r", next)
    [(note,)] = site.rows("SELECT note FROM django_nsfw_decision ORDER BY id DESC LIMIT 1")
    assert note == "a jar, sj?"
    assert mo.page.input_value("[data-nsfw-note]") == ""
    mo.press("z", this)


def test_keys_with_modifiers_and_keys_held_down_do_nothing(mo, site):
    this = site.waiting()[0]
    mo.open(this)
    mo.page.evaluate("addEventListener('keydown', (event) => event.preventDefault())")
    for key in ("Control+a", "Alt+a", "Meta+a", "Shift+A", "Control+j", "Alt+r"):
        mo.press(key)
    mo.page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: 'a', repeat: true, bubbles: true}))"
    )
    mo.settled()
    assert (mo.at, site.status(this)) == (this, "held")


def test_space_reveals_and_hides_and_leaving_covers(mo, site):
    this, next, *_ = site.waiting()

    def revealed():
        return mo.sees("revealed") and mo.sees("hide") and not mo.sees("blurred")

    def looks():
        return site.rows("SELECT count(*) FROM django_nsfw_reveal")[0][0]

    before = looks()
    mo.open(this)
    assert not revealed()
    mo.press("Space")
    mo.until(revealed)
    mo.press("Space")
    assert not revealed()
    mo.click("[data-nsfw-reveal] span [type=submit]")
    mo.until(revealed)
    mo.click("[data-nsfw-hide]")
    assert not revealed()
    mo.press("c")
    mo.until(revealed)
    mo.page.evaluate(
        "Object.defineProperty(document, 'hidden', {get: () => true, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); delete document.hidden"
    )
    assert not revealed()
    mo.click("[data-nsfw-colours]")
    mo.until(revealed)
    mo.press("j", next)
    assert not revealed()
    assert looks() == before + 4
    assert int(mo.text("seen")) >= 4


def test_greyscale_and_blur_are_remembered(mo, site):
    this, next, *_ = site.waiting()
    mo.open(this)

    def likes():
        rows = site.rows("SELECT blur, greyscale FROM django_nsfw_reviewpreference")
        return rows[0] if rows else None

    def colourful():
        return mo.page.evaluate(
            "getComputedStyle(document.querySelector('[data-nsfw-blurred]')).filter"
        )

    mo.press("g")
    assert (likes(), colourful()) == ((2, 0), "none")
    assert not mo.sees("colours")
    mo.press("Space")
    mo.until(lambda: mo.sees("revealed"))
    mo.press("g")
    assert (likes(), colourful(), mo.sees("revealed")) == ((2, 1), "grayscale(1)", True)
    mo.click("[name=greyscale]")
    assert (likes(), mo.sees("revealed")) == ((2, 0), False)
    mo.press("b")
    assert likes() == (3, 0)
    assert "strongest" in mo.page.inner_text("[name=blur]")
    mo.click("[name=blur]")
    assert likes() == (1, 0)
    mo.press("j", next)
    assert "light" in mo.page.inner_text("[name=blur]")
    assert mo.page.get_attribute("[name=greyscale]", "aria-pressed") == "false"
    mo.press("b")
    mo.press("g")
    assert likes() == (2, 1)


def test_help_lists_every_key_of_the_page_and_escape_closes_it(mo, site):
    mo.open(site.waiting()[0])
    for open in (lambda: mo.press("?"), lambda: mo.click("[data-nsfw-help-open]")):
        open()
        said = mo.text("keys")
        for words in ("a Approve", "r Reject", "e Escalate", "n Write a note", "s Skip",
                      "z Undo my last decision", "space Reveal or hide",
                      "w Which parts drove the score", "g Greyscale",
                      "b Strength of the blur", "m Animations stand still", "k ← Previous",
                      "j → Next", "? Keys"):  # fmt: skip
            assert words in said
        mo.press("a")  # nothing is decided behind a dialog
        mo.press("Escape")
        assert not mo.sees("help")
    assert site.status(mo.at) == "held"


def test_tabs_are_tabs(mo, site):
    this = site.waiting()[0]
    mo.open(this)
    tabs = mo.page.get_by_role("tab")
    assert [re.sub(r"\s+\d+$", "", tab) for tab in tabs.all_inner_texts()] == [
        "Scores", "History", "Object and file", "Uploader", "Same and similar",
    ]  # fmt: skip
    chosen = lambda: mo.page.get_by_role("tab", selected=True).inner_text().split()[0]  # noqa: E731
    tabs.first.click()
    for key, name in (("ArrowRight", "History"), ("End", "Same"), ("ArrowRight", "Scores"),
                      ("ArrowLeft", "Same"), ("Home", "Scores")):  # fmt: skip
        mo.press(key)
        assert chosen() == name
        assert mo.page.get_by_role("tabpanel").count() == 1
    assert mo.at == this  # arrows belong to the tabs while one of them has the focus
    mo.click("#nsfw-tab-uploader")
    assert mo.page.get_by_role("tabpanel").get_by_role("link").count() > 5
    mo.page.evaluate("document.activeElement.blur()")
    mo.press("j", site.waiting()[0])
    assert chosen() == "Uploader"


def test_history_undoes(mo, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    mo.press("r", next)
    mo.open(this)
    assert mo.text("item").startswith(f"#{this}")
    mo.click("#nsfw-tab-history")
    mo.click("[data-nsfw-undo] button", this)
    mo.page.wait_for_selector("text=1 decision was undone.")
    assert site.status(this) == "held"


def test_nothing_moves_from_one_item_to_the_next(mo, site):
    mo.open(site.waiting()[0])
    places = set()
    for _ in range(5):
        boxes = mo.page.locator(".nsfw-actions :is(button, a.nsfw-button):visible").all()
        places.add(tuple(tuple(sorted(box.bounding_box().items())) for box in boxes))
        mo.press("s")
    assert len(places) == 1


def test_of_an_animation_the_worst_frame_is_shown(mo, site):
    [(moving,)] = site.rows("SELECT id FROM django_nsfw_scan WHERE frames = 4")
    mo.open(moving)
    assert re.search(r"Frame [1-4] of 4: the one that scored worst", mo.text("looking"))
    mo.click("#nsfw-tab-object")
    assert mo.page.locator("#nsfw-object img").count() == 0


def test_somebody_else_has_it_open(mo, ann, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    ann.open(this)
    assert re.match(r"mo has it open, until .+ at least\.", ann.text("stopped"))
    assert ann.page.is_disabled(ann.decision("approve"))
    ann.press("a")
    assert site.status(this) == "held"
    ann.click("text=Go on with the next", next)
    ann.until(lambda: site.claims() == {this: "mo", next: "ann"})
    mo.press("j", next)  # a link from before ann came
    mo.until(
        lambda: (
            mo.text("stopped").startswith("ann has it open, until ") if mo.sees("stop") else False
        )
    )
    mo.until(lambda: this not in site.claims())
    ann.open(this)
    assert not ann.sees("stop")


def test_leaving_frees_and_so_does_closing(mo, ann, site):
    this = site.waiting()[0]
    mo.open(this)
    assert site.claims() == {this: "mo"}
    mo.page.goto(f"{site.url}/admin/django_nsfw/reveal/")
    ann.until(lambda: site.claims() == {})
    mo.open(this)
    assert site.claims() == {this: "mo"}
    mo.page.close(run_before_unload=True)
    ann.until(lambda: site.claims() == {})


def test_two_decide_at_once_and_the_second_is_told_who_decided_what(mo, ann, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    ann.open(this)
    ann.click("text=Decide it all the same")
    ann.press("r", next)
    assert site.status(this) == "rejected"
    mo.press("a")
    said = "It changed since you looked. ann rejected it. It is “rejected” now."
    assert (mo.text("live"), mo.text("stopped")) == ("", said)
    assert (mo.at, site.status(this)) == (this, "rejected")
    assert mo.page.is_disabled(mo.decision("approve"))
    assert "nsfw-settled" in mo.page.get_attribute("[data-nsfw-item]", "class")
    mo.click("text=Go on with the next", next)
    ann.press("z", this)


def test_what_somebody_settled_while_it_was_open_greys_out_by_itself(mo, ann, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    ann.open(this)
    ann.click("text=Decide it all the same")
    ann.press("a", next)
    mo.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # comes back
    mo.page.wait_for_selector(".nsfw-settled")
    assert mo.text("stopped") == "ann approved it."
    ann.press("z", this)


def test_a_missing_file_is_said_and_can_be_rejected(mo, site):
    this, next, *_ = site.waiting()
    [(name,)] = site.rows("SELECT quarantine_name FROM django_nsfw_scan WHERE id = ?", this)
    path = site.example.data / "quarantine" / name
    body = path.read_bytes()
    path.unlink()
    mo.open(this)
    mo.until(lambda: mo.sees("absent"))
    missing = (
        "The file is not in its storage: have it restored from a backup. Without it nothing can be "
        "approved; what is held can be rejected."
    )
    assert (mo.text("absent"), mo.sees("blurred")) == (missing, False)
    keep(mo.page, "missing file")
    mo.press("Space")
    assert not mo.sees("revealed")
    assert mo.text("said") == ""
    mo.press("w")
    mo.until(lambda: mo.text("where") == missing)
    assert mo.page.get_attribute(EXPLAIN, "aria-pressed") == "false"
    mo.press("a")
    mo.until(lambda: mo.text("live") == missing)
    assert (mo.at, site.status(this)) == (this, "held")
    assert "nsfw-problem" in mo.page.get_attribute("[data-nsfw-live]", "class")
    mo.press("r", next)
    assert site.status(this) == "rejected"
    path.write_bytes(body)
    mo.press("z", this)
    mo.until(lambda: mo.sees("blurred"))
    assert not mo.sees("absent")


EXPLAIN = "[data-nsfw-explain] button"
HEAT = "[data-nsfw-heat] svg"
OVER_THE_PICTURE = """() => {
    const shown = document.querySelector(".nsfw-layers > :is(img, canvas):not([hidden])");
    const box = shown.getBoundingClientRect();
    const [wide, high] = [shown.naturalWidth || shown.width, shown.naturalHeight || shown.height];
    const scale = Math.min(box.width / wide, box.height / high);
    const svg = document.querySelector("[data-nsfw-heat] svg");
    const to = svg.getScreenCTM(), {width, height} = svg.viewBox.baseVal;
    return [
        [box.x + (box.width - wide * scale) / 2, box.y + (box.height - high * scale) / 2,
         wide * scale, high * scale],
        [to.e, to.f, width * to.a, height * to.d],
    ];
}"""
"""Where the picture is drawn, and where what drove its score: left, top, width and height."""
STRIP = """
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from PIL import Image
from gallery.models import Photo
from tests.conftest import encode, mistaken
strip = Image.new("RGB", (200, 1200), "olive")
strip.paste(mistaken(200, 8), (0, 600))
file = ContentFile(encode(strip, "PNG"), "strip.png")
Photo.objects.create(title="Strip", owner=User.objects.get(username="robin"), image=file)
"""


def buttons(mo) -> list[dict]:
    rail = mo.page.locator(".nsfw-actions :is(button, a.nsfw-button):visible")
    return [button.bounding_box() for button in rail.all()]


def explain(mo) -> None:
    """Real detectors take seconds, and more where a machine has other work."""
    mo.press("w")
    mo.page.wait_for_selector(HEAT, timeout=30_000)


def test_w_shows_over_the_picture_what_drove_the_score_and_hides_it(mo, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    asked = []
    mo.page.on("request", lambda request: asked.append(request.url))
    before = buttons(mo)
    mo.press("w")
    assert mo.text("where").startswith("The detector looks at it ")
    assert (mo.page.get_attribute(EXPLAIN, "aria-busy"), buttons(mo)) == ("true", before)
    explain(mo)  # once is enough
    assert re.match(r"Most: .+ \(outlined\)\. Without it the score is ", mo.text("where"))
    where, drawn = mo.page.evaluate(OVER_THE_PICTURE)
    assert drawn == pytest.approx(where, abs=1)
    assert (mo.page.locator(f"{HEAT} .nsfw-lower").count() > 3, buttons(mo)) == (True, before)
    for scheme in ("light", "dark"):
        mo.page.emulate_media(color_scheme=scheme)
        keep(mo.page, f"explained, {scheme}")
    mo.press("Space")
    mo.until(lambda: mo.sees("revealed"))
    where, drawn = mo.page.evaluate(OVER_THE_PICTURE)
    assert drawn == pytest.approx(where, abs=1)
    assert mo.page.is_visible(HEAT)
    keep(mo.page, "explained and revealed")
    mo.click(EXPLAIN)
    assert (mo.page.is_visible(HEAT), mo.sees("where")) == (False, False)
    mo.press("w")
    assert (mo.page.is_visible(HEAT), mo.sees("where")) == (True, True)
    asked = [url for url in asked if url.endswith("/explain/")]
    assert asked == [f"{site.url}{QUEUE}{this}/explain/"]
    mo.press("j", next)
    assert (mo.page.locator(HEAT).count(), mo.text("where")) == (0, "")


def test_in_a_strip_it_is_over_the_picture_before_and_after_a_reveal(mo, site):
    done = site.example.manage("shell", "-v0", "-c", STRIP)
    assert (done.returncode, done.stderr) == (0, "")
    strip = max(site.waiting())
    mo.open(strip)
    explain(mo)
    for reveal in (False, True):
        if reveal:
            mo.press("Space")
            mo.until(lambda: mo.sees("revealed"))
            assert "nsfw-strip" in mo.page.get_attribute("[data-nsfw-revealed]", "class")
        where, drawn = mo.page.evaluate(OVER_THE_PICTURE)
        assert drawn == pytest.approx(where, abs=1)
    site.change("UPDATE django_nsfw_scan SET status = 'gone' WHERE id = ?", strip)


def test_while_the_detector_works_one_decides_and_goes_on(mo, site):
    this, next, *_ = site.waiting()
    late = []
    mo.page.context.route("**/explain/", lambda route: late.append(route))
    mo.open(this)
    mo.press("w")
    mo.until(lambda: len(late) == 1)
    mo.press("r", next)
    assert site.status(this) == "rejected"
    said = mo.text("live")
    late[0].fulfill(status=503, json={"said": "Too late."})
    mo.page.wait_for_timeout(100)  # until the script has read it
    assert (mo.at, mo.text("live"), mo.text("where")) == (next, said, "")
    mo.complaints[:] = []
    mo.press("z", this)


OFFLINE = (
    "The connection to the site is gone. Nothing on this page is lost: try again when it is back. "
    "If your last decision arrived, the site will say so then."
)


def test_without_a_connection_the_page_and_the_note_stay(mo, site):
    _before, this, next, *_ = site.waiting()
    mo.open(this)
    mo.page.fill("[data-nsfw-note]", "a jar")
    mo.page.evaluate("window.stayed = true")
    mo.page.context.set_offline(True)
    mo.click(mo.decision("reject"))
    assert mo.text("live") == OFFLINE
    keep(mo.page, "offline")
    mo.click("[rel=prev]")  # which did not come ahead of time
    assert (mo.at, mo.text("live"), mo.page.evaluate("window.stayed")) == (this, OFFLINE, True)
    assert (mo.page.input_value("[data-nsfw-note]"), site.status(this)) == ("a jar", "held")
    mo.page.context.set_offline(False)
    mo.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    mo.until(lambda: mo.text("live") == "")  # the claim is renewed
    mo.click(mo.decision("reject"), next)
    assert site.rows("SELECT note FROM django_nsfw_decision ORDER BY id DESC LIMIT 1") == [
        ("a jar",)
    ]
    mo.complaints[:] = [said for said in mo.complaints if "ERR_INTERNET" not in said]
    mo.press("z", this)


def test_a_claim_that_ran_out_frees_the_item_by_itself(mo, ann, site):
    this = site.waiting()[0]
    ann.open(this)
    mo.open(this)
    assert mo.text("stopped").startswith("ann has it open, until ")
    assert mo.page.is_disabled(mo.decision("approve"))
    site.change("UPDATE django_nsfw_claim SET until = '2020-01-01 00:00:00'")
    mo.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # or in a minute
    mo.until(lambda: not mo.page.is_disabled(mo.decision("approve")))
    assert (mo.sees("stop"), site.claims()) == (False, {this: "mo"})


WITH_TAB = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
    return [at.dataset.nsfwKey || at.id || at.className || at.tagName, ring];
}"""


def test_everything_is_reached_with_tab_and_says_where_the_focus_is(mo, site):
    _before, this, next, *_ = site.waiting()
    mo.open(this)
    mo.page.focus("#nsfw-heading")
    reached = []
    for _ in range(40):
        mo.page.keyboard.press("Tab")
        name, ring = mo.page.evaluate(WITH_TAB)
        assert ring, name
        reached.append(name)
        if name == "nsfw-tab-scores":
            break
    keys = [
        "a",
        "r",
        "e",
        "n",
        "s",
        "Space",
        "w",
        "g",
        "m",
        "b",
        "k ArrowLeft",
        "j ArrowRight",
        "?",
    ]
    assert [name for name in reached if name in keys] == keys
    keep(mo.page, "focus on a tab")
    mo.page.keyboard.press("End")
    assert mo.page.get_attribute("#nsfw-tab-similar", "aria-selected") == "true"
    mo.page.focus(mo.decision("reject"))
    mo.press("Enter", next)
    assert site.status(this) == "rejected"
    mo.press("z", this)


def test_a_site_that_does_not_answer_is_said_even_if_an_earlier_answer_comes_late(mo, site):
    this, next, *_ = site.waiting()
    late = []
    mo.page.context.route(f"**{QUEUE}{next}/", lambda route: late.append(route))
    mo.page.context.route("**/decide/*", lambda route: route.abort())
    mo.page.context.route("**/decide/", lambda route: route.abort())
    mo.open(this)
    mo.until(lambda: len(late) == 1)
    mo.press("a")
    assert mo.text("live") == OFFLINE
    with mo.page.expect_response(f"**{QUEUE}{next}/"):
        late[0].continue_()
    mo.page.wait_for_timeout(100)  # until the script has read it
    assert mo.text("live") == OFFLINE
    mo.complaints[:] = [said for said in mo.complaints if "ERR_FAILED" not in said]
    assert (mo.at, site.status(this)) == (this, "held")


CUT_OFF = """[...document.querySelectorAll('.nsfw-actions .nsfw-button')].filter(
    (each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent.trim())"""
HIGH = "document.querySelector('[data-nsfw-undo-last] button').offsetHeight"


def test_longer_words_of_other_languages_stay_in_their_buttons(mo, site):
    this, next, *_ = site.waiting()
    mo.open(this)
    high = mo.page.evaluate(HIGH)
    mo.press("a", next)
    mo.page.evaluate("document.querySelector('[data-nsfw-skip] span').textContent = 'Überspringen'")
    assert mo.page.evaluate(CUT_OFF) == []
    words = "document.querySelector('[data-nsfw-skip] span').getClientRects()"
    assert mo.page.evaluate(f"{words}[0].height") < 25  # one line
    assert mo.page.evaluate(HIGH) == high
    what = "document.querySelector('[data-nsfw-what]')"
    assert mo.page.evaluate(f"{what}.scrollWidth <= {what}.clientWidth")  # all of “approve #12”
    mo.press("z", this)


def test_who_is_signed_out_meanwhile_is_told_so(mo, site):
    this = site.waiting()[0]
    mo.open(this)
    mo.page.context.clear_cookies(name="sessionid")
    mo.press("a")
    signed_out = "You may not do that, or are signed out. Load the page again."
    assert mo.text("live") == signed_out
    mo.press("Space")
    mo.until(lambda: mo.text("said") == signed_out)
    assert (mo.at, site.status(this)) == (this, "held")


def test_without_scripts_everything_is_a_link_or_a_form(browser, site):
    this, next, *_ = site.waiting()
    with person(browser, site, "mo", java_script_enabled=False) as mo:
        mo.page.goto(f"{site.url}{QUEUE}{this}/")
        assert mo.page.get_by_role("heading", name="Same and similar").is_visible()
        mo.page.fill("[data-nsfw-note]", "by hand")
        mo.page.click(mo.decision("approve"))
        assert mo.page.url == f"{site.url}{QUEUE}{next}/"
        assert f"Approved: #{this}" in mo.page.inner_text(".messagelist")
        assert site.status(this) == "approved"
        mo.page.click("[data-nsfw-undo-last] button")
        assert (mo.page.url, site.status(this)) == (f"{site.url}{QUEUE}{this}/", "held")
        mo.page.click("[name=blur]")
        assert "strongest" in mo.page.inner_text("[name=blur]")
        mo.page.click("[name=blur]")
        mo.page.click("[name=blur]")
        mo.page.click(EXPLAIN, timeout=30_000)
        assert mo.page.is_visible(HEAT)
        assert mo.page.url == f"{site.url}{QUEUE}{this}/explain/"
        mo.page.click("[rel=next]")
        assert mo.page.url == f"{site.url}{QUEUE}{next}/"


SCREENS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "light and narrow": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "dark and narrow": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}


@pytest.mark.parametrize("screen", SCREENS.values(), ids=SCREENS)
def test_nothing_sticks_out_at_the_side(browser, site, screen):
    with person(browser, site, "mo", **screen) as mo:
        mo.open(site.waiting()[0])
        root = "document.documentElement"
        assert mo.page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")
        assert mo.page.locator(mo.decision("approve")).is_visible()
