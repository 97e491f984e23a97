"""Whether an upload is known: the same bytes or a similar picture that a decision settles.

Asks for what the policy wants and no more: one query for the bytes, and where these are new, one
for the PDQ hash. A failing look-up never reaches the host; the score decides then.
"""

import logging

from django.db import DatabaseError, router

from . import perceptual
from .assessment import Wanted
from .models import KnownImage
from .models.known import MIN_QUALITY
from .policy import Policy
from .scores import Assessment, KnownMatch
from .shield import Shield

logger = logging.getLogger(__name__)

shield = Shield()


class Recognition:
    """The look-ups for one file under one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._rules = policy.known
        self._exact: dict[str, KnownMatch | None] = {}
        self._earlier: dict[str, KnownMatch | None] = {}

    def reuse(self, assessment: Assessment, match: KnownMatch | None) -> None:
        """What the validator found for the same upload a moment ago is not asked again."""
        self._exact[assessment.sha256] = match if match and match.exact else None
        self._earlier[assessment.sha256] = match

    @property
    def wanted(self) -> Wanted:
        """What the assessment has to bring along, or may leave out, for this."""
        perceives = self._rules.similar != "ignore" and perceptual.available()
        return Wanted(
            settled=self._settles if self._rules.exact == "apply" else None,
            perceptual=perceives,
            rotations=perceives and self._rules.rotations,
        )

    def match(self, assessment: Assessment) -> KnownMatch | None:
        """What the file equals, or else the most telling of what it resembles."""
        if assessment.sha256 in self._earlier:
            return self._earlier[assessment.sha256]
        same = self._same_bytes(assessment.sha256) if self._rules.exact != "ignore" else None
        return same or self._similar(assessment)

    def _settles(self, sha256: str) -> bool:
        return self._same_bytes(sha256) is not None

    def _same_bytes(self, sha256: str) -> KnownMatch | None:
        if sha256 not in self._exact:
            db = router.db_for_read(KnownImage)
            try:
                with shield(db):
                    self._exact[sha256] = KnownImage.objects.using(db).exact(sha256)
            except DatabaseError as error:
                logger.warning("Known images cannot be looked up (run migrate?): %s", error)
                return None
        return self._exact[sha256]

    def _similar(self, assessment: Assessment) -> KnownMatch | None:
        found = assessment.perceptual
        if self._rules.similar == "ignore" or not found.pdq or found.quality < MIN_QUALITY:
            return None
        hashes = [found.pdq, *(found.rotations if self._rules.rotations else ())]
        db = router.db_for_read(KnownImage)
        try:
            with shield(db):
                return KnownImage.objects.using(db).similar(hashes)
        except DatabaseError as error:
            logger.warning("Similar images cannot be looked up (run migrate?): %s", error)
            return None
