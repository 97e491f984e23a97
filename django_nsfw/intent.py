"""What is asked of a decision before it is taken."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import DateTimeField, OuterRef, Subquery, Value

from .models import Claim, Decision, KnownImage, Scan

LONGEST = timedelta(days=1)
"""Nobody looks at one picture for longer: a screen was left on, or a clock was set."""


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What is to become of a scan. ``version``: what was known of it then. ``following``: the
    known image whose word that is."""

    action: "Decision.Action"
    to: "Scan.Status"
    moderator: AbstractBaseUser | None = None
    note: str = ""
    version: str | None = None
    batch: uuid.UUID | None = None
    undoes: Decision | None = None
    following: KnownImage | None = None

    @property
    def marks(self) -> bool:
        """Whether it only marks the scan, or takes the mark away."""
        undone = self.undoes.action if self.undoes else ""
        return Decision.Action.ESCALATE in (self.action, undone)

    @property
    def opened(self) -> Subquery | Value:
        """Since when the moderator has a scan open, to be read along with it. None where they have
        not, or do not decide on what is open: in a batch, and when they undo."""
        if self.moderator is None or self.batch is not None or self.undoes is not None:
            return Value(None, output_field=DateTimeField())
        own = Claim.objects.running().filter(scan=OuterRef("pk"), user_id=self.moderator.pk)
        return Subquery(own.values("since"))

    def decision(self, scan: Scan, *, was: str, to: str, undoes: Decision | None) -> Decision:
        return Decision(
            scan=scan,
            action=self.action,
            from_status=was,
            to_status=to,
            sha256=scan.sha256,
            moderator_id=self.moderator.pk if self.moderator else None,
            moderator_name=self.moderator.get_username() if self.moderator else "",
            note=self.note,
            batch=self.batch,
            undoes=undoes,
            inherited_from=self.following.decision if self.following else None,
        )


def handling_ms(opened: datetime | None, decided: datetime) -> int | None:
    """``Decision.handling_ms`` of what was ``opened`` then; None where it is no length of work."""
    if opened is None or not timedelta(0) <= decided - opened <= LONGEST:
        return None
    return (decided - opened) // timedelta(milliseconds=1)
