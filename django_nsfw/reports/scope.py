"""What is counted: what one person may see, in one period."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from ..models import Decision, Scan
from ..models.planning import Grouped, Unsought
from ..permissions import User, restricted_to, visible, visible_decisions
from .period import Period


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Everything that ``user`` may see, or one ``field`` of it, by the label. None: a program."""

    user: User | None
    period: Period
    field: str = ""

    @property
    def scans(self) -> QuerySet[Scan]:
        scans: QuerySet[Scan] = Scan.objects.all()
        scans = scans if self.user is None else visible(self.user, scans)
        return scans.filter(field=self.field) if self.field else scans

    @property
    def decisions(self) -> QuerySet[Decision]:
        decisions: QuerySet[Decision] = Decision.objects.all()
        decisions = decisions if self.user is None else visible_decisions(self.user, decisions)
        return decisions.filter(scan__field=self.field) if self.field else decisions

    @property
    def came(self) -> QuerySet[Scan]:
        """What was scanned in the period."""
        # Every status, named: the index of moments begins with it, and spares reading the table.
        return self.scans.filter(self.within("created_at"), status__in=Scan.Status.values)

    def came_among(self, rows: QuerySet[Any], labels: Collection[str], scan: str = "") -> Any:
        """Of ``rows``, which are few and found along an index, those that belong to ``came`` and to
        these fields; ``scan``: the path to the scan of each. They have it as ``of_field``."""
        came_at, of_field = Unsought(f"{scan}created_at"), Grouped(Unsought(f"{scan}field"))
        rows = rows.alias(came_at=came_at).annotate(of_field=of_field)
        return rows.filter(self.within("came_at"), of_field__in=labels)

    @property
    def decided(self) -> QuerySet[Decision]:
        """What was decided in the period."""
        return self.decisions.filter(self.within("created_at"))

    @property
    def only(self) -> frozenset[str] | None:
        """Labels of the fields that they are restricted to; None where they see all."""
        return None if self.user is None else restricted_to(self.user)

    @property
    def fields(self) -> list[str]:
        """Labels of the watched fields among what is counted."""
        from ..registry import registry

        chosen = [self.field] if self.field else sorted(registry.watched)
        return [label for label in chosen if self.only is None or label in self.only]

    @property
    def db(self) -> str:
        return self.scans.db

    def within(self, moment: str) -> Q:
        return Q((f"{moment}__gte", self.period.start), (f"{moment}__lt", self.period.end))
