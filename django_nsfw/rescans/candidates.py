"""The rows of a chunk → the files that are looked at, each with its scan and its policy."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db import models

from ..conf import nsfw_settings
from ..exceptions import RescanRefused
from ..models import Chunk, Scan
from ..models.keys import pk_as_text
from ..policy import Policy
from ..quarantine.places import depends_on_object, wherever
from ..quarantine.rows import Row, locate
from ..scanning import policy_or_strict, uploader_id, user_in
from ..scores import Failure
from .selection import Selection, is_outdated, known_among
from .targets import Target

logger = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Candidate:
    """A file that is looked at. ``scan``: the current one of the object, or else of another one
    that names the same file; ``shared`` says which. ``broken``: why there is no policy."""

    row: Row
    pk: Any
    name: str
    scan: Scan | None
    shared: bool
    policy: Policy
    broken: Failure | None = None
    uploader: Any = None

    @classmethod
    def of(cls, row: Row, *, pk: Any, name: str, scans: Sequence[Scan], policy: Policy) -> Self:
        """``scans``: the current ones of the file; that of the object itself comes first."""
        own = next((scan for scan in scans if scan.object_pk == row.pk), None)
        scan = own or next(iter(scans), None)
        shared = own is None and scan is not None
        return cls(row=row, pk=pk, name=name, scan=scan, shared=shared, policy=policy)

    @property
    def promised_name(self) -> str:
        """The name whose extension must fit: not that of a placeholder, of another format."""
        scan = self.scan
        return scan.original_name if scan and scan.status in Scan.HIDDEN else self.name


def policy_of(target: Target, selection: Selection) -> Policy:
    """The policy of a field as far as it does not depend on the object."""
    try:
        policy = Policy.of(nsfw_settings.policy, target.watched.options)
    except ValueError as error:
        raise RescanRefused(f"The policy of {target.label} makes no sense: {error}") from error
    return replace(policy, detector=selection.detector) if selection.detector else policy


def candidates(
    chunk: Chunk,
    target: Target,
    selection: Selection,
    *,
    started: datetime,
    identity_of: Callable[[str], str],
    db: str,
) -> tuple[list[Candidate], dict[str, int]]:
    """What the run looks at of these rows, and the counts of the others.

    Two queries, and one or two more where there is something to do.
    """
    policy = policy_of(target, selection)
    rows = selection.filtered(target, target.between(chunk.after, chunk.upto))
    named = dict(rows.values_list("pk", target.watched.field.attname))
    files = {pk: name for pk, name in named.items() if name}
    scans = known_among(set(files.values()), target, db) if files else {}
    depends = bool(policy.for_object)
    identity = None
    if selection.outdated and not (depends and not selection.detector):
        identity = identity_of(policy.detector)
    # Counts are written with the scans: without them an earlier worker has left nothing.
    begun = bool(chunk.counts)
    found = []
    for pk, name in files.items():
        row = Row(target.watched.field, pk_as_text(pk), target.db)
        each = Candidate.of(row, pk=pk, name=name, scans=scans.get(name, ()), policy=policy)
        if selection.wants(each.scan, identity=identity, started=started, again=begun):
            found.append(each)
    counts = {
        "rows": len(named),
        "no_file": len(named) - len(files),
        "up_to_date": len(files) - len(found),
    }
    found = complete(found, target, selection, db)
    if depends and selection.outdated and identity is None:
        due = [c for c in found if _is_due(c, selection, identity_of)]
        counts["up_to_date"] += len(found) - len(due)
        found = due
    return found, counts


def complete(
    found: list[Candidate], target: Target, selection: Selection, db: str
) -> list[Candidate]:
    """Each with its uploader, and with what the site's callable makes of its policy.

    Without those whose object is gone meanwhile. One or two queries, and one more where the
    storage depends on the object: files are fetched by threads that ask no database.
    """
    if not found:
        return found
    field = target.watched.field
    if depends_on_object(field):
        storages = locate(field, [candidate.pk for candidate in found], db=target.db)
        for candidate in found:
            located = storages.get(candidate.row.pk)
            candidate.row = replace(candidate.row, located=located or wherever(field))
    policy = found[0].policy
    if policy.for_object:
        return _with_policies(found, target, selection)
    _find_uploaders(found, target, policy.uploader, db)
    return found


def _is_due(candidate: Candidate, selection: Selection, identity_of: Callable[[str], str]) -> bool:
    if candidate.scan is None or candidate.broken is not None:
        return True
    return is_outdated(candidate.scan, identity_of(candidate.policy.detector))


def _with_policies(
    found: Sequence[Candidate], target: Target, selection: Selection
) -> list[Candidate]:
    """Each with the policy that the site's callable gives for its object."""
    path = found[0].policy.uploader
    objects = target.rows.filter(pk__in=[candidate.pk for candidate in found])
    hops = path.rpartition("__")[0]
    if hops and _leads_somewhere(target.watched.model, hops):
        objects = objects.select_related(hops)
    by_pk = {instance.pk: instance for instance in objects}
    for candidate in found:
        instance = by_pk.get(candidate.pk)
        options = target.watched.options
        policy, broken = policy_or_strict(options, instance, target.watched.field.name)
        if selection.detector:
            policy = replace(policy, detector=selection.detector)
        candidate.policy, candidate.broken = policy, broken
        if instance is not None and candidate.scan is None:
            candidate.uploader = uploader_id(instance, policy.uploader)
    return [candidate for candidate in found if candidate.pk in by_pk]


def _find_uploaders(found: Sequence[Candidate], target: Target, path: str, db: str) -> None:
    """For new scans alone; the others have theirs. One query."""
    new = [candidate for candidate in found if candidate.scan is None]
    if not (path and new):
        return
    rows = target.rows.filter(pk__in=[candidate.pk for candidate in new])
    try:
        uploaders = dict(rows.values_list("pk", path))
    except (FieldError, TypeError):
        logger.exception("The uploader %r of %s cannot be found", path, target.label)
        return
    there = {pk: user_in(db, pk, certain=db == target.db) for pk in set(uploaders.values())}
    for candidate in new:
        candidate.uploader = there.get(uploaders.get(candidate.pk))


def _leads_somewhere(model: type[models.Model], path: str) -> bool:
    for hop in path.split("__"):
        try:
            field = model._meta.get_field(hop)
        except FieldDoesNotExist:
            return False
        if not (isinstance(field, models.ForeignKey) and isinstance(field.related_model, type)):
            return False
        model = field.related_model
    return True
