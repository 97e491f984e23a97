"""A site with stored files, and a cluster that is this very process."""

import io
import json

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command

from django_nsfw import assessment
from django_nsfw.manifests.columns import SCORES
from django_nsfw.manifests.files import read, write
from django_nsfw.manifests.scoring import Scorer, download
from tests.conftest import picture
from tests.host.models import Photo


@pytest.fixture
def stored():
    """Puts files into the storage and objects beside them, as a site had them before the app."""

    def put(*seeds, using="default", body=None):
        photos = []
        for seed in seeds:
            content = picture(seed=seed) if body is None else body
            name = default_storage.save(f"photos/{seed}.jpg", ContentFile(content))
            photos.append(Photo(image=name, width=96, height=64))
        Photo.objects.using(using).bulk_create(photos)
        return list(Photo.objects.using(using).order_by("pk"))[-len(seeds) :]

    return put


@pytest.fixture
def manifest(tmp_path):
    """Exports, and gives back the rows of the manifest."""

    def export(*targets, file="manifest.jsonl", **options):
        run("export", tmp_path / file, *targets, **options)
        return rows_of(tmp_path / file)

    return export


@pytest.fixture
def scores(tmp_path):
    """Scores rows of a manifest as a cluster does, with the changes of a test."""

    def score(rows, *, file="scores.jsonl", **changes):
        assessment.memo.clear()  # another machine has seen none of it
        scored = [{**row, **changes} for row in Scorer().score(map(download, rows))]
        write(scored, tmp_path / file, SCORES)
        return tmp_path / file

    return score


def rows_of(path):
    return [row for _, row in read(path)]


def run(*arguments, **options):
    """What was printed, on both, and the exit code."""
    out, err = io.StringIO(), io.StringIO()
    arguments = [str(argument) for argument in arguments]
    try:
        call_command("nsfw_manifest", *arguments, stdout=out, stderr=err, **options)
    except SystemExit as left:
        return out.getvalue(), err.getvalue(), left.code
    return out.getvalue(), err.getvalue(), 0


def counted(path, **options):
    """The counts of an import that are not 0, and the exit code."""
    out, _, code = run("import", path, format="json", **options)
    return {name: count for name, count in json.loads(out).items() if count}, code
