"""Held photographs in the queue, and people who moderate."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.urls import reverse

from django_nsfw.models import FieldAccess, Scan
from tests.conftest import photograph, picture, upload
from tests.host.models import Album, Photo

DECIDES = ("view_scan", "approve_scan", "reject_scan", "view_decision")


@pytest.fixture
def person(db):
    """Somebody with permissions, restricted to fields where some are given."""

    def made(*permissions, name="mo", fields=(), **options):
        user = get_user_model().objects.create_user(name, is_staff=True, **options)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        if fields:
            group = Group.objects.create(name=f"of {name}")
            for field in fields:
                FieldAccess.objects.create(group=group, field=field)
            user.groups.add(group)
        return user

    return made


@pytest.fixture
def robin(db):
    return get_user_model().objects.create_user("robin")


@pytest.fixture
def held(constant, robin):
    """Four scans of photographs that are held, the oldest first."""
    constant.answer = 0.8
    album = Album.objects.create(owner=robin)
    bodies = [photograph(), photograph("coffee.png"), photograph("rocket.jpg"), picture(seed=7)]
    names = ["cat.png", "cup.png", "rocket.jpg", "colours.jpg"]
    for name, body in zip(names, bodies, strict=True):
        Photo.objects.create(image=upload(name, body), album=album)
    return list(Scan.objects.order_by("pk"))


@pytest.fixture
def mo(client, person):
    """A moderator who may look and decide, and is logged in."""
    mo = person(*DECIDES, "reveal_scan", "view_reveal")
    client.force_login(mo)
    return mo


def address(name, *args, **asked):
    url = reverse(f"admin:django_nsfw_{name}", args=args)
    return f"{url}?{'&'.join(f'{k}={v}' for k, v in asked.items())}" if asked else url


def now(scan) -> Scan:
    return Scan.objects.get(pk=scan.pk)


def part(html: str, name: str) -> str:
    """The text of the element with that mark, on one line."""
    [found] = re.findall(rf"<(\w+)[^>]*data-nsfw-{name}(?=[ >])[^>]*>(.*?)</\1>", html, re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", found[1]).split())
