"""The page in a real browser, under a strict content security policy."""

import pytest
from django.urls import reverse

from tests.admin_pages.conftest import running
from tests.chromium import chromium, keep, wait_until
from tests.reports.conftest import ASSET

REPORTS = reverse("admin:django_nsfw_reports")

DRAWN = """(canvas) => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
    }
    return [...seen];
}"""

SERIES = """(chart) => Chart.getChart(chart.querySelector("canvas")).data.datasets
    .map(({label, data}) => [label, data])"""

COLUMNS = """(chart) => {
    const table = chart.parentElement.querySelector("table");
    const heads = [...table.tHead.rows[0].cells];
    return heads.map((head, at) => [head, at]).filter(([head]) => head.dataset.tone)
        .map(([head, at]) => [head.textContent, [...table.tBodies[0].rows]
            .map((row) => Number(row.cells[at].textContent.split(" ")[0].replaceAll(",", "")))]);
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with running(tmp_path_factory.mktemp("reports"), module="tests.reports.site") as site:
        yield site


@pytest.fixture(scope="module")
def browser(site):
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(site, browser):
    """A window of somebody who sees reports."""
    with site.visited(browser, viewport={"width": 1280, "height": 900}) as window:
        window.context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        yield window


@pytest.fixture
def shown(site, page):
    page.goto(site.address + REPORTS)
    page.locator("canvas").first.wait_for()
    return page


def test_charts_are_drawn_under_a_strict_policy(shown):
    assert shown.complaints == []
    charts = shown.locator("[data-nsfw-chart]")
    kinds = [chart.get_attribute("data-nsfw-chart") for chart in charts.all()]
    assert kinds == [
        "stacked", "stacked", "line", "stacked", "sideways", "sideways", "bars", "bars", "sideways",
    ]  # fmt: skip
    for canvas in shown.locator("canvas").all():
        assert canvas.is_visible()
        assert len(canvas.evaluate(DRAWN)) > 3


def test_each_chart_has_the_numbers_of_its_table(shown):
    for chart in shown.locator("[data-nsfw-chart]").all():
        assert chart.evaluate(SERIES) == chart.evaluate(COLUMNS)
        assert sum(sum(data) for _, data in chart.evaluate(SERIES)) > 0


def test_tables_are_folded_behind_the_charts_and_open_by_keyboard(shown):
    details = shown.locator("details").first
    assert not details.locator("table").is_visible()
    details.locator("summary").focus()
    shown.keyboard.press("Enter")
    assert details.locator("table").is_visible()
    assert details.locator("tbody tr").count() == 30


def test_without_javascript_the_tables_are_there(site, page):
    page.context.route("**/*.js", lambda route: route.abort())
    page.goto(site.address + REPORTS)
    assert page.locator("canvas:visible").count() == 0
    assert page.locator("table:visible").count() == 10


def test_charts_follow_the_theme_at_once(shown):
    colour = "() => Object.values(Chart.instances)[0].data.datasets[0].backgroundColor"
    light = shown.evaluate(colour)
    shown.emulate_media(color_scheme="dark")
    wait_until(shown, f"() => ({colour})() !== '{light}'")
    dark = shown.evaluate(colour)
    shown.evaluate("document.documentElement.dataset.theme = 'light'")
    wait_until(shown, f"() => ({colour})() === '{light}'")
    assert (light, dark) == ("#1b8577", "#45b8a6")
    assert shown.complaints == []


def test_a_threshold_is_a_line_where_its_score_is(shown):
    chart = shown.locator("[data-nsfw-chart=bars]").first
    colour = """(chart) => {
        const drawn = Chart.getChart(chart.querySelector("canvas"));
        const {left, width, top, height} = drawn.chartArea;
        const scale = drawn.currentDevicePixelRatio;
        return [0.5, 0.95, 0.7].map((at) => {
            const x = Math.round((left + at * width) * scale) - 1;
            const {data} = drawn.ctx.getImageData(x, top * scale, 2, height * scale);
            let dark = 0;
            for (let i = 0; i < data.length; i += 4) {
                if (data[i + 3] > 200 && data[i] + data[i + 1] + data[i + 2] < 90) dark += 1;
            }
            return dark > 40;
        });
    }"""
    assert chart.evaluate(colour) == [True, True, False]


@pytest.mark.parametrize("name", ["simulator", "shadow"])
def test_the_snippet_is_copied_with_one_click(site, page, name):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site.address + reverse(f"admin:django_nsfw_{name}"))
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "NSFW_FIELDS = {" in copied
    assert copied == page.locator("#nsfw-snippet").text_content()
    assert page.complaints == []


def test_nothing_is_wider_than_a_narrow_screen(shown):
    for width in (1600, 1024, 390, 320):
        shown.set_viewport_size({"width": width, "height": 900})
        shown.wait_for_timeout(200)
        sticks_out = shown.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sticks_out <= 0, width
    assert shown.complaints == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_choosing_another_period(shown, scheme, width):
    shown.emulate_media(color_scheme=scheme)
    shown.set_viewport_size({"width": width, "height": 900})
    shown.get_by_role("link", name="7 days").click()
    assert "days=7" in shown.url
    assert shown.get_by_role("link", name="7 days").get_attribute("aria-current") == "true"
    shown.get_by_label("Field:").select_option(ASSET)
    shown.get_by_role("button", name="Show").click()
    assert "field=host.Asset.file" in shown.url
    assert shown.get_by_role("link", name="30 days").get_attribute("href").endswith(ASSET)
    assert shown.complaints == []
    keep(shown, f"reports-{scheme}-{width}")
