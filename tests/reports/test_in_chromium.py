"""The page in a real browser, under a strict content security policy."""

import random
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.chromium import chromium, keep
from tests.reports.conftest import ASSET, decide, scan, undo

POLICY = "default-src 'self'"
LISTEN = """addEventListener("securitypolicyviolation", (event) => console.error(
    `violated: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`))"""

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


def strict(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


@pytest.fixture
def page(live_server, settings, transactional_db):
    """A window of somebody who sees reports; ``complaints`` is what went wrong in it."""
    settings.MIDDLEWARE = [f"{__name__}.strict", *settings.MIDDLEWARE]
    filled()
    client = Client()
    client.force_login(get_user_model().objects.get(username="root"))
    cookie = {
        "name": "sessionid",
        "value": client.cookies["sessionid"].value,
        "url": live_server.url,
    }
    with _visited(cookie) as window:
        window.address = live_server.url + reverse("admin:django_nsfw_reports")
        yield window


@contextmanager
def _visited(cookie):
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies([cookie])
        context.add_init_script(LISTEN)
        context.route("**/favicon.ico", lambda route: route.fulfill(status=204))
        window = context.new_page()
        window.complaints = complaints = []
        window.on("pageerror", lambda error: complaints.append(str(error)))
        window.on(
            "console",
            lambda said: said.type in ("error", "warning") and complaints.append(said.text),
        )
        yield window


def filled():
    """Some weeks of a busy site."""
    random.seed(8)
    users = get_user_model().objects
    users.create_superuser("root")
    people = [users.create_user(name) for name in ("mo", "ann", "zoe")]
    uploaders = [users.create_user(f"uploader{n}") for n in range(5)]
    now = timezone.now()
    for day in range(40):
        for _ in range(random.randint(4, 12)):
            at = now - timedelta(days=day, minutes=random.randint(1, 600))
            nsfw = random.betavariate(0.6, 1.6)
            uploader = random.choice(uploaders)
            if random.random() < 0.06:
                code = random.choice(["timeout", "unreadable_image", "queue_full"])
                scan(at, "held", nsfw=None, error_code=code, verdict="unknown", field=ASSET)
            elif nsfw < 0.5:
                scan(at, nsfw=nsfw, uploader=uploader)
            else:
                made = scan(at, "held", nsfw=nsfw, uploader=uploader)
                if random.random() < 0.85:
                    decided = at + timedelta(minutes=random.expovariate(1 / 40))
                    action = random.choice(["approve", "reject", "reject"])
                    decision = decide(made, action, min(decided, now), random.choice(people))
                    if random.random() < 0.08:
                        undo(decision, now, random.choice(people))
    for _ in range(9):
        scan(now, nsfw=0.3, detector="timm:hf_hub:Marqo/nsfw-image-detection-384@0c26ec22")


@pytest.fixture
def shown(page):
    page.goto(page.address)
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


def test_without_javascript_the_tables_are_there(page):
    page.context.route("**/*.js", lambda route: route.abort())
    page.goto(page.address)
    assert page.locator("canvas:visible").count() == 0
    assert page.locator("table:visible").count() == 10


def test_charts_follow_the_theme_at_once(shown):
    colour = "() => Object.values(Chart.instances)[0].data.datasets[0].backgroundColor"
    light = shown.evaluate(colour)
    shown.emulate_media(color_scheme="dark")
    shown.wait_for_function(f"({colour})() !== '{light}'")
    dark = shown.evaluate(colour)
    shown.evaluate("document.documentElement.dataset.theme = 'light'")
    shown.wait_for_function(f"({colour})() === '{light}'")
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


def test_nothing_is_wider_than_a_narrow_screen(shown):
    for width in (1600, 1024, 390, 320):
        shown.set_viewport_size({"width": width, "height": 900})
        shown.wait_for_timeout(200)
        sticks_out = shown.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert sticks_out <= 0, width
    assert shown.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
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
