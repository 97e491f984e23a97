"""What is asked of a decision before it is taken."""

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser

from .models import Decision, KnownImage, Scan


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
