"""The grid in Chromium, on the running example with its real detector: one person, and two."""

import pytest

from tests.chromium import chromium, keep
from tests.queue_pages.people import QUEUE, person, served

MOST_BOXES = "[...document.querySelectorAll('.nsfw-tile')].map((t) => {const b = \
t.getBoundingClientRect(); return [b.left + scrollX, b.top + scrollY, b.width, b.height]})"
LOADED = "[...document.querySelectorAll('.nsfw-tile img')].filter((image) => \
image.getBoundingClientRect().top < innerHeight).every((image) => image.complete)"
COVERED = "[...document.querySelectorAll('.nsfw-tile canvas')].every((canvas) => canvas.hidden)"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(tmp_path_factory.mktemp("grid")) as site:
        yield site


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def moderator(browser, site):
    with person(browser, site, "mo") as mo:
        yield mo


@pytest.fixture
def mo(moderator):
    """Before a fresh grid."""
    moderator.page.set_viewport_size({"width": 1280, "height": 860})
    show(moderator)
    return moderator


@pytest.fixture(scope="module")
def ann(browser, site):
    with person(browser, site, "ann") as ann:
        yield ann


def show(someone, asked=""):
    someone.page.goto(f"{someone.site.url}{QUEUE}{asked}")
    someone.until(lambda: someone.page.evaluate(LOADED))


def back_to_the_grid(someone):
    with someone.page.expect_navigation():
        someone.page.click("text=Back to the queue")
    someone.until(lambda: someone.page.evaluate(LOADED))


def shown(someone) -> list[int]:
    tiles = someone.page.query_selector_all(".nsfw-tile")
    return [int(tile.get_attribute("data-scan")) for tile in tiles]


def current(someone) -> int:
    """The tile in the ring, which has the focus, too."""
    inside = "document.activeElement.closest('.nsfw-tile.nsfw-current')?.dataset.scan"
    return int(someone.page.evaluate(inside))


def selected(someone) -> list[int]:
    boxes = someone.page.query_selector_all("[name=picked]:checked")
    return [int(box.get_attribute("value").partition(":")[0]) for box in boxes]


def tile(pk: int, rest: str = "") -> str:
    return f"#scan-{pk} {rest}".strip()


def over(someone, pk) -> str:
    return someone.page.inner_text(tile(pk, "[data-nsfw-over]"))


def grey(someone, pk) -> bool:
    return "nsfw-settled" in someone.page.get_attribute(tile(pk), "class")


MOVES = {
    "j": (["j", "j"], 2),
    "the right arrow": (["ArrowRight"], 1),
    "k at the first": (["k"], 0),
    "k": (["j", "j", "k"], 1),
    "a row down": (["ArrowDown"], "row"),
    "a row down and up": (["ArrowDown", "ArrowUp"], 0),
    "to the last": (["End"], -1),
    "to the last and the first": (["End", "Home"], 0),
    "s": (["s"], 1),
}


@pytest.mark.parametrize(("keys", "at"), MOVES.values(), ids=MOVES)
def test_a_ring_moves_over_the_tiles_and_takes_the_focus_along(mo, keys, at):
    tiles = shown(mo)
    row = mo.page.evaluate(f"new Set({MOST_BOXES}.map(([left]) => left)).size")
    assert current(mo) == tiles[0]
    for key in keys:
        mo.page.keyboard.press(key)
    assert current(mo) == tiles[row if at == "row" else at]
    assert mo.page.locator(".nsfw-current").count() == 1


def test_tab_passes_one_tile_and_not_sixty(mo):
    stops = mo.page.locator(".nsfw-grid :is(a, input):not([tabindex='-1'])").count()
    assert stops == 3  # box, name, uploader


DECISIONS = {"a": "approved", "r": "rejected", "e": "held"}


@pytest.mark.parametrize(("key", "outcome"), DECISIONS.items(), ids=DECISIONS)
def test_a_key_decides_about_the_tile_in_the_ring_and_z_takes_it_back(mo, site, key, outcome):
    first, second = shown(mo)[:2]
    boxes = mo.page.evaluate(MOST_BOXES)
    mo.page.keyboard.press(key)
    mo.until(lambda: current(mo) == second)
    assert site.status(first) == outcome
    mo.until(lambda: grey(mo, first) == (outcome != "held"))
    mo.until(lambda: mo.page.is_visible(tile(first, "[data-nsfw-escalated]")) == (key == "e"))
    if outcome != "held":
        assert over(mo, first) == f"mo {outcome} it."
        assert mo.page.is_disabled(tile(first, "[name=picked]"))
    mo.page.keyboard.press("z")
    mo.until(lambda: not grey(mo, first) and "undone" in mo.text("said"))
    mo.until(lambda: not mo.page.is_visible(tile(first, "[data-nsfw-escalated]")))
    assert site.status(first) == "held"
    assert current(mo) == second
    assert mo.page.evaluate(MOST_BOXES) == boxes


def test_selecting_by_click_by_key_and_in_ranges(mo):
    tiles = shown(mo)
    mo.page.click(tile(tiles[1], ".nsfw-tile-picture"))
    assert selected(mo) == [tiles[1]]
    mo.page.click(tile(tiles[4], ".nsfw-tile-picture"), modifiers=["Shift"])
    assert selected(mo) == tiles[1:5]
    assert mo.text("on") == "Selected: 4"
    mo.page.keyboard.press("x")
    assert selected(mo) == tiles[1:4]
    mo.page.keyboard.press("j")
    mo.page.keyboard.press("j")
    mo.page.keyboard.press("Shift+X")
    assert selected(mo) == [*tiles[1:4], *tiles[4:7]]
    mo.page.keyboard.press("Shift+ArrowRight")
    assert selected(mo)[-1] == tiles[7]
    mo.page.click("[data-nsfw-do=none]")
    assert selected(mo) == []
    mo.page.click("[data-nsfw-do=all]")
    assert selected(mo) == tiles
    mo.page.click(tile(tiles[0], "[name=picked]"))
    assert selected(mo) == tiles[1:]


def test_no_more_are_selected_than_a_site_takes(mo):
    tiles = shown(mo)
    mo.page.evaluate("document.querySelector('[data-nsfw-grid]').dataset.most = '3'")
    mo.page.click("[data-nsfw-do=all]")
    assert selected(mo) == tiles[:3]
    assert mo.text("said").endswith(" can be decided at a time: decide these first.")
    mo.page.click(tile(tiles[5], "[name=picked]"))
    mo.page.click(tile(tiles[6], ".nsfw-tile-picture"))
    assert selected(mo) == tiles[:3]
    mo.page.click(tile(tiles[0], "[name=picked]"))
    assert mo.text("said") == ""
    mo.page.click(tile(tiles[5], "[name=picked]"))
    assert selected(mo) == [*tiles[1:3], tiles[5]]


def test_many_are_rejected_after_a_page_that_asks_and_come_back_by_one_button(mo, site):
    tiles = shown(mo)[:3]
    for pk in tiles:
        mo.page.click(tile(pk, ".nsfw-tile-picture"))
    mo.page.keyboard.press("r")
    mo.page.wait_for_selector(".nsfw-confirm")
    assert [site.status(pk) for pk in tiles] == ["held"] * 3
    mo.page.fill("[name=note]", "a ring of sellers")
    mo.page.click(".nsfw-confirm [type=submit]")
    mo.page.wait_for_selector("text=3 were decided.")
    assert [site.status(pk) for pk in tiles] == ["rejected"] * 3
    mo.page.reload()
    assert site.rows("SELECT COUNT(*) FROM django_nsfw_decision WHERE note != ''") == [(3,)]
    mo.page.keyboard.press("z")
    mo.page.wait_for_selector("text=3 of them were undone since.")
    assert [site.status(pk) for pk in tiles] == ["held"] * 3
    back_to_the_grid(mo)
    assert shown(mo)[:3] == tiles


def test_the_grid_takes_back_a_whole_batch(mo, site):
    tiles = shown(mo)[:2]
    for pk in tiles:
        mo.page.click(tile(pk, ".nsfw-tile-picture"))
    mo.page.click("[name=action][value=approve]")
    mo.page.click(".nsfw-confirm [type=submit]")
    back_to_the_grid(mo)
    assert not set(tiles) & set(shown(mo))
    mo.page.keyboard.press("z")
    mo.until(lambda: "2 decisions were undone." in mo.text("said"))
    assert [site.status(pk) for pk in tiles] == ["held"] * 2


def test_what_somebody_else_does_shows_where_it_stands_and_nothing_moves(mo, ann, site):
    theirs, settled, *_rest = shown(mo)[2:]
    for pk in (theirs, settled):
        mo.page.click(tile(pk, ".nsfw-tile-picture"))
    boxes = mo.page.evaluate(MOST_BOXES)
    ann.page.goto(f"{site.url}{QUEUE}{theirs}/")
    mo.until(lambda: over(mo, theirs) == "ann has it open")
    show(ann)  # she leaves it
    ann.page.focus(tile(settled, ".nsfw-tile-title a"))
    ann.page.keyboard.press("a")
    mo.until(lambda: grey(mo, settled) and not mo.page.is_visible(tile(theirs, "[data-nsfw-over]")))
    assert over(mo, settled) == "ann approved it."
    assert selected(mo) == [theirs]
    assert mo.page.evaluate(MOST_BOXES) == boxes
    mo.page.click("[data-nsfw-do=none]")
    # Neither a key nor a box decides about what she settled, and undoing brings it back.
    mo.page.focus(tile(settled, ".nsfw-tile-title a"))
    mo.page.keyboard.press("r")
    assert mo.text("said") == "That one is settled."
    ann.page.keyboard.press("z")
    mo.until(lambda: not grey(mo, settled))
    assert site.status(settled) == "held"
    assert mo.page.evaluate(MOST_BOXES) == boxes


def test_two_who_decide_at_once_do_not_both(mo, ann, site):
    show(ann)
    pk = shown(mo)[0]
    assert shown(ann)[0] == pk
    ann.page.evaluate("clearTimeout(grid.timer)")  # she has not heard of it
    mo.page.keyboard.press("a")
    mo.until(lambda: site.status(pk) == "approved")
    ann.page.keyboard.press("r")
    ann.until(lambda: "It changed since you looked. mo approved it." in ann.text("said"))
    assert site.status(pk) == "approved"
    mo.page.keyboard.press("z")
    mo.until(lambda: site.status(pk) == "held")


def test_a_long_name_leaves_the_age_in_sight(mo):
    first = shown(mo)[0]
    facts = tile(first, ".nsfw-fact-who")
    mo.page.eval_on_selector(f"{facts} bdi", "(name) => (name.textContent = 'robin'.repeat(40))")
    age, edge = (
        mo.page.eval_on_selector(found, "(each) => each.getBoundingClientRect().right")
        for found in (f"{facts} time", facts)
    )
    assert age <= edge


UNSURE = "The server did not answer. What became of it will stand on its tile."


def test_a_decision_whose_answer_is_lost_is_not_said_to_be_none(mo, site):
    first = shown(mo)[0]

    def lose(route):
        route.fetch()
        route.abort()

    mo.page.route("**/decide/", lose)
    mo.page.keyboard.press("a")
    mo.until(lambda: grey(mo, first))
    assert (mo.text("said"), over(mo, first)) == (UNSURE, "mo approved it.")
    assert mo.page.is_disabled("[data-nsfw-undo] button")  # it would take back another one
    mo.page.unroute("**/decide/")
    show(mo)
    mo.page.keyboard.press("z")
    mo.until(lambda: site.status(first) == "held")
    mo.complaints[:] = [said for said in mo.complaints if "ERR_FAILED" not in said]


def test_without_a_network_nothing_is_decided_and_it_is_said(mo, site):
    first = shown(mo)[0]
    mo.page.context.set_offline(True)
    mo.page.keyboard.press("a")
    mo.until(lambda: mo.text("said") == UNSURE)
    mo.page.wait_for_timeout(500)  # what others do is not shown either, and is said only alone
    assert mo.text("said") == UNSURE
    mo.page.context.set_offline(False)
    assert (current(mo), site.status(first)) == (first, "held")
    mo.complaints[:] = [said for said in mo.complaints if "ERR_INTERNET" not in said]


def test_space_reveals_in_place_and_nothing_stays_uncovered(mo, site):
    [(before,)] = site.rows("SELECT COUNT(*) FROM django_nsfw_reveal")
    boxes = mo.page.evaluate(MOST_BOXES)
    pk = current(mo)
    mo.page.keyboard.press("Space")
    mo.page.wait_for_selector(tile(pk, "canvas:not([hidden])"))
    assert mo.page.evaluate(MOST_BOXES) == boxes
    assert site.rows("SELECT COUNT(*) FROM django_nsfw_reveal") == [(before + 1,)]
    mo.page.keyboard.press("Space")
    assert mo.page.evaluate(COVERED)
    mo.page.click("[data-nsfw-do=reveal]")
    mo.page.wait_for_selector(tile(pk, "canvas:not([hidden])"))
    mo.page.keyboard.press("j")
    assert mo.page.evaluate(COVERED)


def test_how_one_looks_is_changed_from_the_page_and_remembered(mo, site):
    likes = "SELECT blur, greyscale FROM django_nsfw_reviewpreference p JOIN auth_user u"
    likes += " ON u.id = p.user_id WHERE u.username = 'mo'"
    mo.page.keyboard.press("b")
    mo.until(lambda: site.rows(likes) == [(3, 1)])
    mo.until(lambda: mo.page.inner_text("[data-blur]:not(.nsfw-away)") == "strongest")
    mo.page.keyboard.press("g")
    mo.until(lambda: site.rows(likes) == [(3, 0)])
    mo.until(lambda: mo.page.get_attribute(tile(shown(mo)[0], "img"), "src").endswith("?3c"))
    assert mo.page.get_attribute("[name=greyscale]", "aria-pressed") == "false"
    mo.page.keyboard.press("g")
    mo.page.keyboard.press("b")
    mo.until(lambda: site.rows(likes) == [(1, 1)])


def test_keys_are_text_where_one_types(mo, site):
    mo.page.goto(f"{site.url}{QUEUE}?low=0.1")
    mo.page.click(".nsfw-saving summary")
    mo.page.focus(".nsfw-saving-panel [name=name]")
    mo.page.keyboard.type("rare x")
    assert mo.page.input_value(".nsfw-saving-panel [name=name]") == "rare x"
    assert selected(mo) == []
    mo.page.keyboard.press("Enter")
    mo.page.wait_for_selector("a.nsfw-tab >> text=rare x")
    assert all(site.status(pk) == "held" for pk in shown(mo))


def test_the_help_names_every_key_of_the_page(mo):
    mo.page.keyboard.press("?")
    keys = mo.page.inner_text("[data-nsfw-keys]")
    for says in (
        "Approve", "Reject", "Escalate", "Select", "Previous tile", "Next tile", "Skip", "Reveal",
        "Open", "Undo my last decision", "Greyscale", "Strength of the blur",
        "Animations stand still", "Shift + x\nSelect from the last selected tile to this one",
        "Shift + ← Shift + → Shift + ↑ Shift + ↓\nSelect on the way",
        "↑ ↓\nTile above, tile below", "Home End\nFirst tile, last tile",
    ):  # fmt: skip
        assert says in keys
    keep(mo.page, "keys of the grid")
    mo.page.keyboard.press("a")  # nothing happens behind the dialog
    mo.page.keyboard.press("Escape")
    assert not any(grey(mo, pk) for pk in shown(mo))


def test_enter_opens_the_tile_in_the_ring(mo):
    mo.page.keyboard.press("j")
    pk = current(mo)
    mo.page.keyboard.press("Enter")
    mo.page.wait_for_url(f"**/queue/{pk}/")


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_sticks_out_on_a_screen_of_any_width(mo, width):
    mo.page.set_viewport_size({"width": width, "height": 844})
    assert mo.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = mo.page.evaluate(MOST_BOXES)
    assert len({(round(w), round(h)) for *_at, w, h in boxes}) == 1
    assert len({left for left, *_rest in boxes}) == {390: 2, 768: 3, 1280: 5, 1920: 8}[width]


FIELDS = """[...document.querySelectorAll(
    '.nsfw-filter-form > .nsfw-field, .nsfw-texts .nsfw-field'
)].map((field) => field.getBoundingClientRect())
    .map(({left, right, top}) => [left, right, top])"""


@pytest.mark.parametrize(("width", "columns"), [(390, 1), (1280, 4), (1920, 4)])
def test_the_panel_of_filters_leaves_no_hole(mo, width, columns):
    mo.page.set_viewport_size({"width": width, "height": 844})
    mo.page.click(".nsfw-filters summary")
    keep(mo.page, f"filters {width}")
    fields = mo.page.evaluate(FIELDS)
    assert len({round(left) for left, *_ in fields[:8]}) == columns
    *_, last = fields
    assert abs(last[1] - max(right for _, right, _ in fields)) < 2  # ends where the rows above end
    assert len({round(top) for _, _, top in fields[8:]}) == (3 if columns == 1 else 1)


WITH_TAB = """() => {
    const at = document.activeElement;
    const shown = at.closest(".nsfw-tile-title") ? at.closest(".nsfw-tile") : at;
    const {outlineStyle, outlineWidth} = getComputedStyle(shown);
    const ring = outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
    return [at.dataset.nsfwKey || at.dataset.nsfwDo || at.id || at.className || at.tagName, ring];
}"""


def test_tab_leads_from_the_filters_to_the_tile_and_to_the_buttons(mo, site):
    mo.page.focus(".nsfw-filters summary")
    reached = []
    while "Enter" not in reached and len(reached) < 40:
        mo.page.keyboard.press("Tab")
        name, ring = mo.page.evaluate(WITH_TAB)
        assert ring, name
        reached.append(name)
    keys = ["a", "r", "e", "x", "all", "none", "k ArrowLeft", "j ArrowRight", "s", "Space", "Enter"]
    assert [name for name in reached if name in keys] == keys
    first = int(mo.page.get_attribute(".nsfw-current", "data-scan"))
    mo.page.focus("#nsfw-bulk [value=reject]")
    mo.page.keyboard.press("Enter")
    mo.until(lambda: site.status(first) == "rejected")
    mo.until(lambda: not mo.page.is_disabled("[data-nsfw-undo] button"))
    mo.page.focus("[data-nsfw-undo] button")
    mo.page.keyboard.press("Enter")
    mo.until(lambda: site.status(first) == "held")


def test_filters_and_bulk_work_without_a_script(browser, site):
    with person(browser, site, "ann", java_script_enabled=False) as ann:
        ann.page.goto(f"{site.url}{QUEUE}")
        everything = shown(ann)
        ann.page.click(".nsfw-filters summary")
        ann.page.fill("[name=low]", "0.9")
        ann.page.select_option("[name=sort]", "-score")
        ann.page.click(".nsfw-filter-form [type=submit]")
        few = shown(ann)
        assert set(few) < set(everything)
        assert ann.page.inner_text(".nsfw-chip bdi") == "score from: 0.9"
        ann.page.check(tile(few[0], "[name=picked]"))
        ann.page.click("[name=action][value=reject]")
        ann.page.click(".nsfw-confirm [type=submit]")
        assert site.status(few[0]) == "rejected"
        ann.page.click("text=Undo all of it")
        assert site.status(few[0]) == "held"
