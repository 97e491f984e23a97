"""What is on record of an upload: the scores of the same bytes, and a decision that settles these
or a similar picture.

Asks for what the policy wants and no more: one query for the bytes, and where no decision settles
these, one for the PDQ hash. A failing look-up never reaches the host; the score decides then.
"""

import logging

from django.db import DatabaseError, router

from . import perceptual
from .assessment import Wanted
from .models import KnownImage
from .models.known import MIN_QUALITY
from .models.on_record import OnRecord, on_record
from .policy import Policy
from .scores import Assessment, KnownMatch
from .shield import Shield

logger = logging.getLogger(__name__)

_of_bytes, _of_likeness = Shield(), Shield()


class Recognition:
    """The look-ups for one file under one policy."""

    def __init__(self, policy: Policy) -> None:
        self._rules = policy.known
        self._found: dict[str, OnRecord] = {}
        self._earlier: dict[str, KnownMatch | None] = {}

    def reuse(self, assessment: Assessment, match: KnownMatch | None) -> None:
        """What the validator found for the same upload a moment ago is not asked again."""
        exact = match if match and match.exact else None
        scored = None if assessment.failure or assessment.nsfw is None else assessment
        self._found[assessment.sha256] = OnRecord(match=exact, assessment=scored)
        self._earlier[assessment.sha256] = match

    def foresee(self, sha256: str, match: KnownMatch | None) -> None:
        """What was looked up for many files together is not asked again."""
        self._found[sha256] = OnRecord(match=match)

    @property
    def wanted(self) -> Wanted:
        """What the assessment has to bring along, or may leave out, for this."""
        perceives = self._rules.similar != "ignore" and perceptual.available()
        return Wanted(
            settled=self._settles if self._rules.exact == "apply" else None,
            perceptual=perceives,
            rotations=perceives and self._rules.rotations,
        )

    def recall(self, sha256: str, detector: str) -> Assessment | None:
        """What the same detector once said of the same bytes."""
        found = self._of_bytes(sha256, detector).assessment
        if found is not None and found.detector != detector:  # the validator had another policy
            found = self._look_up(sha256, detector).assessment
        return found

    def match(self, assessment: Assessment, *, similar: bool = True) -> KnownMatch | None:
        """What the file equals, or else the most telling of what it resembles.

        Without ``similar`` nothing is there that it could resemble.
        """
        if assessment.sha256 in self._earlier:
            return self._earlier[assessment.sha256]
        same = None
        if self._rules.exact != "ignore":
            same = self._of_bytes(assessment.sha256, assessment.detector).match
        return same or (self._similar(assessment) if similar else None)

    def _settles(self, sha256: str, detector: str) -> bool:
        return self._of_bytes(sha256, detector).match is not None

    def _of_bytes(self, sha256: str, detector: str) -> OnRecord:
        if sha256 not in self._found:
            self._found[sha256] = self._look_up(sha256, detector)
        return self._found[sha256]

    def _look_up(self, sha256: str, detector: str) -> OnRecord:
        db = router.db_for_read(KnownImage)
        try:
            with _of_bytes(db):
                return on_record(sha256, detector, using=db)
        except DatabaseError as error:
            logger.warning("Earlier files cannot be looked up (run migrate?): %s", error)
            return OnRecord()

    def _similar(self, assessment: Assessment) -> KnownMatch | None:
        found = assessment.perceptual
        if self._rules.similar == "ignore" or not found.pdq or found.quality < MIN_QUALITY:
            return None
        hashes = [found.pdq, *(found.rotations if self._rules.rotations else ())]
        db = router.db_for_read(KnownImage)
        try:
            with _of_likeness(db):
                return KnownImage.objects.using(db).similar(hashes)
        except DatabaseError as error:
            logger.warning("Similar images cannot be looked up (run migrate?): %s", error)
            return None
