"""Fill the gallery through its own upload form, and print what became of each picture."""

from collections.abc import Sequence
from textwrap import fill
from typing import Any

from config.data import kept_secret
from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand, CommandError

from django_nsfw.conf import nsfw_settings
from django_nsfw.models import Scan
from gallery.models import Photo
from gallery.pictures import Picture, PicturesMissing, demo_pictures
from gallery.visitor import Refused, Visitor

HEADER = ("picture", "score", "verdict", "status")
MODERATOR_MAY = (
    "view_scan", "reveal_scan", "approve_scan", "reject_scan", "view_decision", "view_knownimage",
    "bulk_scan", "manage_known", "view_photo", "access_admin",
)  # fmt: skip


class Command(BaseCommand):
    help = (
        "Uploads the demo's pictures through the upload form, makes the accounts 'admin' and "
        "'moderator', and prints picture, score, verdict and status. What is in the gallery "
        "already is not uploaded again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        password = kept_secret("demo-password", length=9)
        _account("admin", password, is_superuser=True)
        _account("moderator", password, may=MODERATOR_MAY)
        visitor = Visitor(_account("robin", None))
        rows: list[Sequence[str]] = []
        refusals: list[str] = []
        uploaded = 0
        try:
            for picture in demo_pictures():
                photo = _in_gallery(picture)
                try:
                    if photo is None:
                        photo = visitor.upload(picture)
                        uploaded += 1
                    rows.append((picture.title, *_outcome(photo)))
                except Refused as refused:
                    rows.append((picture.title, "–", "–", "refused"))
                    refusals.append(f"{picture.name} was refused: {refused}")
        except PicturesMissing as error:
            raise CommandError(str(error)) from error
        self._print(rows, refusals)
        present = len(rows) - len(refusals) - uploaded
        self.stdout.write(f"\n{uploaded} uploaded, {len(refusals)} refused, {present} were there.")
        if unsettled := Scan.objects.unsettled().count():
            self.stdout.write(f"{unsettled} wait for a worker; run this again when it is done.")
        waiting = Scan.objects.waiting().count()
        self.stdout.write(
            f"{waiting} await review. Log in to the admin as “moderator” (or “admin”) with the "
            f"password {password}"
        )

    def _print(self, rows: list[Sequence[str]], refusals: list[str]) -> None:
        backend = nsfw_settings.detectors["default"]["BACKEND"].rpartition(".")[2]
        widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
        self.stdout.write(f"{backend}, review from {nsfw_settings.policy['review']}\n\n")
        for row in (HEADER, ["─" * width for width in widths], *rows):
            title, score, verdict, status = row
            self.stdout.write(
                f"{title:<{widths[0]}}  {score:>{widths[1]}}  {verdict:<{widths[2]}}  {status}"
            )
        for text in refusals:
            self.stdout.write("\n" + fill(text, 88, subsequent_indent="    "), ending="")
        self.stdout.write("")


def _in_gallery(picture: Picture) -> Photo | None:
    return Photo.objects.filter(title=picture.title, owner__username="robin").first()


def _outcome(photo: Photo) -> tuple[str, str, str]:
    scan = Scan.objects.of_object(photo, "image").latest("pk")
    score = "–" if scan.nsfw is None else f"{scan.nsfw:.2f}"
    status = str(Scan.Status(scan.status).label)
    return score, scan.verdict, f"{status} ({scan.error_code})" if scan.error_code else status


def _account(
    name: str, password: str | None, *, is_superuser: bool = False, may: Sequence[str] = ()
) -> User:
    """Without a password nobody can log in; with one it may enter the admin."""
    user, created = User.objects.get_or_create(
        username=name, defaults={"is_staff": password is not None, "is_superuser": is_superuser}
    )
    if created or (password is not None and not user.check_password(password)):
        user.set_password(password)
        user.save(update_fields=["password"])
    if created:
        user.user_permissions.set(
            Permission.objects.filter(
                content_type__app_label__in=("django_nsfw", "gallery", "wagtailadmin"),
                codename__in=may,
            )
        )
    return user
