"""What a test says of uploads, in place of a detector."""

import hashlib
import itertools
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.core.files import File

from ..bodies import digest
from ..detectors import Detector, Identity
from ..exceptions import DetectorUnavailable
from ..scores import Scores
from ..verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image

Which: TypeAlias = "str | bytes | File[Any]"
"""A file by its name, in which ``*`` and ``?`` stand for others as in a shell, or by its bytes."""

CLEAR, HELD, REJECTED = 0.0, 0.75, 1.0
"""Scores that are recorded where a test says what becomes of a file, and none."""

_numbers = itertools.count(1)

running: "list[Script]" = []
"""Those of the ``with`` blocks that a test is in; the last one counts."""


class Script:
    """What is said of the files that are uploaded while it runs; the last that names a file counts.

    Each method names files; without any it speaks of all. ``inferences`` counts the files that
    were scored: bytes that were scored before, and files that are no pictures, are not.
    """

    def __init__(self) -> None:
        self.inferences = 0
        self._rules: list[Rule] = []
        self._lock = threading.Lock()

    def clear(self, *which: Which) -> None:
        """They are let through, whatever the policy."""
        self._say(which, score=CLEAR, verdict=Verdict.ALLOW)

    def hold(self, *which: Which) -> None:
        """A moderator must look, whatever the thresholds. Where the policy says ``on_review`` is
        ``"flag"``, they stay public meanwhile."""
        self._say(which, score=HELD, verdict=Verdict.REVIEW)

    def reject(self, *which: Which) -> None:
        """Validators refuse them, whatever the thresholds. Saved past these they are held."""
        self._say(which, score=REJECTED, verdict=Verdict.REJECT)

    def score(self, score: float, *which: Which) -> None:
        """They have that score, and the policy says what becomes of them."""
        if not 0 <= score <= 1:
            raise ValueError(f"A score is from 0 to 1, not {score!r}.")
        self._say(which, score=score)

    def fail(self, *which: Which, message: str = "The test says that it is down.") -> None:
        """The detector cannot be had, and the policy says what becomes of them."""
        self._say(which, failure=message)

    def _rule(self, name: str, sha256: str) -> "Rule":
        return next(rule for rule in reversed(self._rules) if rule.names(name, sha256))

    def _count(self) -> None:
        with self._lock:
            self.inferences += 1

    def _say(self, which: Collection[Which], **said: Any) -> None:
        names = {one for one in which if isinstance(one, str)}
        digests = {_sha256(one) for one in which if not isinstance(one, str)}
        self._rules.append(Rule(everything=not which, patterns=names, digests=digests, **said))


def said_by(identity: str) -> Verdict | None:
    """What a test says becomes of a file with such a score; None where its policy decides."""
    for script in running:
        for rule in script._rules:
            if rule.identity == identity:
                return rule.verdict
    return None


@dataclass(kw_only=True)
class Rule:
    """What is said of some files, as if by a detector of its own: scores that another rule gave
    the same bytes are not recalled."""

    everything: bool
    patterns: set[str]
    digests: set[str]
    score: float = 0.0
    verdict: Verdict | None = None
    failure: str = ""
    identity: str = field(init=False)

    def __post_init__(self) -> None:
        name = f"django_nsfw.testing/{next(_numbers)}"
        made = Identity(model=name, weights="0" * 64, engine="script", preprocessing="1")
        self.identity = str(made)

    def names(self, name: str, sha256: str) -> bool:
        """Bytes that were named once are the same under any name: storages choose others."""
        if self.everything or sha256 in self.digests:
            return True
        base = PurePath(name).name
        if any(fnmatchcase(base, pattern) for pattern in self.patterns):
            self.digests.add(sha256)
            return True
        return False


class ScriptedDetector(Detector):
    """Says what the script says of one file, or of all that it does not name.

    In ``NSFW_DETECTORS`` of a site it does not load, and what is uploaded is held.
    """

    labels = ("sfw", "nsfw")
    nsfw_labels = frozenset({"nsfw"})

    def __init__(self, *, name: str = "", sha256: str = "") -> None:
        self.name = name
        self.sha256 = sha256
        self._counted = False

    @property
    def rule(self) -> Rule:
        if not running:
            raise ImproperlyConfigured(
                "django_nsfw.testing is for tests: it answers while uploads.clear(), "
                "uploads.held() and their kind run, and not in NSFW_DETECTORS of a site."
            )
        return running[-1]._rule(self.name, self.sha256)

    @property
    def identity(self) -> str:  # type: ignore[override]
        return self.rule.identity

    def load(self) -> None:
        self.rule  # noqa: B018 - or why there is none

    def predict(self, images: "Sequence[Image]") -> list[Scores]:
        rule = self.rule
        if rule.failure:
            raise DetectorUnavailable(rule.failure)
        if self.sha256 and not self._counted:
            self._counted = True
            running[-1]._count()
        scores = Scores.of(self.labels, [1 - rule.score, rule.score], self.nsfw_labels)
        return [scores] * len(images)


def _sha256(one: "bytes | File[Any]") -> str:
    if isinstance(one, bytes):
        return hashlib.sha256(one).hexdigest()
    position = one.tell()
    one.seek(0)
    found, _ = digest(one)
    one.seek(position)
    return found
