"""People with a real browser on the running example: a strict content security policy, as sites
with one set it, and nothing logged to the console."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, Route

from tests.chromium import keep
from tests.example.conftest import Example, serving

POLICY = "default-src 'self'"
PATIENCE = 10
"""Seconds."""
QUEUE = "/admin/django_nsfw/scan/queue/"
MOTION = {"reduced_motion": "no-preference"}
WATCHED = """(selector) => new Promise((resolve) => {
    const seen = new Set(), canvas = document.querySelector(selector);
    const timer = setInterval(() => seen.add(canvas.width ? canvas.toDataURL() : "nothing"), 25);
    setTimeout(() => (clearInterval(timer), resolve(seen.size)), 1500);
})"""
"""How many different pictures a canvas shows in a second and a half."""

FILL = """
import io
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from gallery.models import Photo
from tests.conftest import encode, mistaken
robin = User.objects.create(username="robin")
def put(title, name, body):
    Photo.objects.create(title=title, owner=robin, image=ContentFile(body, name))
for seed in range(18, 42):
    put(f"Circles {seed}", f"circles-{seed}.png", encode(mistaken(320, seed), "PNG"))
frames = [mistaken(320, seed) for seed in (41, 18, 42, 21)]
moving = encode(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=200)
put("<script>alert(1)</script>", "<img src=x onerror=alert(1)>.gif", moving)
for name in ("ann", "mo"):
    user = User.objects.create(username=name, is_staff=True)
    user.set_password("x")
    user.save()
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label__in=("django_nsfw", "gallery"))
    )
"""


@dataclass
class Site:
    url: str
    example: Example

    def rows(self, sql: str, *values) -> list[tuple]:
        """What the database of the site says now."""
        with closing(sqlite3.connect(self.example.data / "db.sqlite3", timeout=20)) as connection:
            return connection.execute(sql, values).fetchall()

    def change(self, sql: str, *values) -> None:
        with closing(sqlite3.connect(self.example.data / "db.sqlite3", timeout=20)) as connection:
            connection.execute(sql, values)
            connection.commit()

    def status(self, pk: int) -> str:
        [(status,)] = self.rows("SELECT status FROM django_nsfw_scan WHERE id = ?", pk)
        return status

    def waiting(self) -> list[int]:
        """Held, claimed by nobody, the oldest first."""
        free = self.rows(
            "SELECT id FROM django_nsfw_scan WHERE status = 'held' AND id NOT IN "
            "(SELECT scan_id FROM django_nsfw_claim) ORDER BY created_at, id"
        )
        return [pk for (pk,) in free]

    def claims(self) -> dict[int, str]:
        return dict(self.rows("SELECT scan_id, user_name FROM django_nsfw_claim"))


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """The example with its real detector, filled with what it holds."""
    example = Example(folder)
    for arguments in (("migrate", "-v0"), ("shell", "-v0", "-c", FILL)):
        done = example.manage(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
    with serving(example) as address:
        yield Site(address.rstrip("/"), example)


@dataclass
class Person:
    """One browser. ``complaints``: errors of scripts, and what the policy kept out."""

    site: Site
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, pk: int, asked: str = "") -> None:
        self.page.goto(f"{self.site.url}{QUEUE}{pk}/{asked}")
        self.settled(pk)

    @property
    def at(self) -> int:
        """The item that is shown."""
        return int(self.page.get_attribute("[data-nsfw-item]", "data-pk"))

    def settled(self, pk: int | None = None) -> None:
        """Until that item is shown, with its picture, and what was asked for is done."""
        if pk is not None:
            self.page.wait_for_selector(f'[data-nsfw-item][data-pk="{pk}"]')
        self.until(
            lambda: self.page.evaluate(
                "document.querySelector('[data-nsfw-blurred]').complete"
                " && !document.querySelector('[data-nsfw-item][aria-busy]')"
            )
        )

    def until(self, condition: Callable[[], bool]) -> None:
        """What a script does after an answer of the site."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, condition
            self.page.wait_for_timeout(20)

    def press(self, key: str, then: int | None = None) -> None:
        self.page.keyboard.press(key)
        self.settled(then)

    def click(self, selector: str, then: int | None = None) -> None:
        self.page.click(selector)
        self.settled(then)

    def text(self, name: str) -> str:
        return " ".join(self.page.inner_text(f"[data-nsfw-{name}]").split())

    def sees(self, name: str) -> bool:
        return self.page.is_visible(f"[data-nsfw-{name}]")

    def watch(self, selector: str = "[data-nsfw-revealed]") -> int:
        return self.page.evaluate(WATCHED, selector)

    def decision(self, action: str) -> str:
        return f'[data-nsfw-decide] [name=action][value="{action}"]'


@contextmanager
def person(browser: Browser, site: Site, name: str, **options):
    context = browser.new_context(
        **{"viewport": {"width": 1280, "height": 860}, "reduced_motion": "reduce", **options}
    )
    context.set_default_timeout(PATIENCE * 1000)
    context.route("**/*", _with_policy)
    someone = Person(site, context.new_page())
    someone.page.on("pageerror", lambda error: someone.complaints.append(str(error)))
    someone.page.on(
        "console",
        lambda said: (
            said.type == "error"
            and not re.search(
                r"favicon|status of (404|409|410|503)", said.text + said.location["url"]
            )
            and someone.complaints.append(said.text)
        ),
    )
    try:
        someone.page.goto(f"{site.url}/admin/login/?next=/admin/django_nsfw/reveal/")
        someone.page.fill("#id_username", name)
        someone.page.fill("#id_password", "x")
        someone.page.click("[type=submit]")
        someone.page.wait_for_url("**/reveal/")
        yield someone
        assert someone.complaints == []
        if not someone.page.is_closed():
            keep(someone.page)
        if not someone.page.is_closed() and options.get("java_script_enabled", True):
            someone.page.goto("about:blank")
            someone.page.wait_for_timeout(200)
    finally:
        context.close()
        site.change("DELETE FROM django_nsfw_claim WHERE user_name = ?", name)


def _with_policy(route: Route) -> None:
    if route.request.resource_type != "document":
        route.continue_()
        return
    response = route.fetch(max_redirects=0)
    route.fulfill(
        response=response, headers={**response.headers, "content-security-policy": POLICY}
    )
