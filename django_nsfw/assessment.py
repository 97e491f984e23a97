"""File → assessment: bounded decoding, one shared detector, a memo. No database.

Every failure ends in an :class:`~django_nsfw.scores.Assessment` that says why there is no score.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

from django.core.exceptions import ImproperlyConfigured
from django.utils.asyncio import async_unsafe

from . import perceptual
from .bodies import Body, digest, from_start
from .conf import nsfw_settings
from .detectors import Detector
from .exceptions import (
    AssessmentError,
    AssessmentTimeout,
    DetectorUnavailable,
    ImageTooLarge,
    UnreadableImage,
)
from .flights import Means, threads
from .memo import memo
from .observing import tell
from .promises import held_to_its_name
from .scores import Assessment, CropScores, Failure, Perceptual

if TYPE_CHECKING:
    from PIL.Image import Image

    from .images import Crop, Header, Picture

logger = logging.getLogger(__name__)

Recall = Callable[[str, str], Assessment | None]
"""(sha256, detector identity) → an assessment recorded earlier."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an assessment is needed for, besides the scores.

    ``settled``: whether the bytes of a SHA-256 are known and nobody needs a score of them; it is
    asked with what ``recall`` will be asked with, so that one look-up may answer both.
    ``perceptual``, ``rotations``: whether to take the PDQ hash, and that of the turned picture.
    ``scores``: False where somebody else will score it; then the header is checked and no more.
    """

    scores: bool = True
    settled: Callable[[str, str], bool] | None = None
    perceptual: bool = False
    rotations: bool = False

    def lacks(self, found: Perceptual) -> bool:
        return self.perceptual and (not found.pdq or (self.rotations and not found.rotations))


SCORES_ALONE = Wanted()

IN_A_COROUTINE = (
    "A picture would be decoded and scored in the event loop, where everybody else waits for it. "
    "In a coroutine: await aassess(file), await NSFWValidator().acheck(file), await "
    "instance.asave() or await sync_to_async(form.is_valid)()."
)


@async_unsafe(IN_A_COROUTINE)
def assess(
    file: Body,
    *,
    name: str = "",
    alias: str = "default",
    recall: Recall | None = None,
    wanted: Wanted = SCORES_ALONE,
) -> Assessment:
    """Assess the bytes of ``file``, read from its start; its position is put back.

    ``file`` is seekable; text is taken as UTF-8. ``name``, where given, must have the extension
    of the format that the bytes turn out to be. ``alias`` names the detector. The same bytes are
    not scored twice: ``recall`` and a memo of this process are asked first.

    ``SynchronousOnlyOperation`` where an event loop is running in this thread.
    """
    return _assess(file, Means(alias, nsfw_settings.limits), name, recall, wanted)


async def aassess(file: Body, *, name: str = "", alias: str = "default") -> Assessment:
    """As :func:`assess`, for coroutines: a thread looks at the file, the event loop goes on.

    Nothing else may read ``file`` meanwhile. Whoever awaits its turn takes no thread; after the
    seconds of ``timeout`` it is not looked at, which the next free thread says. Cancelled, it
    returns at once: a file that waits is not looked at, one that is being looked at is remembered.
    """
    asked, limits = time.perf_counter(), nsfw_settings.limits

    def look() -> Assessment:
        means = Means(alias, limits, waited=time.perf_counter() - asked)
        return _assess(file, means, name, None, SCORES_ALONE)

    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(threads(limits.max_in_flight), copy_context().run, look)


def _assess(
    file: Body, means: Means, name: str, recall: Recall | None, wanted: Wanted
) -> Assessment:
    started = time.perf_counter()
    with from_start(file) as body:
        sha256, size = digest(body)
        body.seek(0)
        assessment = _Attempt(body, sha256, size, means, started, wanted).run(recall)
    return held_to_its_name(assessment, name)


def assess_bytes(
    body: BinaryIO,
    *,
    sha256: str,
    size: int,
    means: Means,
    wanted: Wanted,
    recall: Recall | None = None,
) -> Assessment:
    """Assess bytes that were digested before, by ``means``. No name is held against them.

    Of a file over the limit of bytes ``body`` may be its beginning alone.
    """
    return _Attempt(body, sha256, size, means, time.perf_counter(), wanted).run(recall)


class _Attempt:
    """One assessment under way: what is known of the file so far, whatever goes wrong next."""

    def __init__(
        self,
        body: BinaryIO,
        sha256: str,
        size: int,
        means: Means,
        started: float,
        wanted: Wanted,
    ) -> None:
        self.body = body
        self.sha256 = sha256
        self.size = size
        self.means = means
        self.limits = means.limits
        self.started = started
        self.wanted = wanted
        self.header: Header | None = None
        self.frames = 0
        self.detector = ""
        self.crops: list[CropScores] = []
        self.perceptual = Perceptual()

    def run(self, recall: Recall | None) -> Assessment:
        found = self._run(recall)
        recalled = found.failure is None and len(found.crops) > len(self.crops)
        tell(found, self.means.alias, time.perf_counter() - self.started, recalled)
        return found

    def _run(self, recall: Recall | None) -> Assessment:
        try:
            return self._score(recall)
        except AssessmentError as error:
            failure = Failure(code=error.code, message=str(error), params=error.params)
        except ImproperlyConfigured as error:
            failure = Failure(code=DetectorUnavailable.code, message=str(error))
        except Exception as error:
            # A detector or decoder that breaks in a new way must not take the host's save along.
            logger.exception("No score for %s", self.sha256)
            failure = Failure(
                code=DetectorUnavailable.code,
                message=(
                    f"The detector {self.means.alias!r} failed: {type(error).__name__}: {error}"
                ),
            )
        return self._result(failure)

    def _score(self, recall: Recall | None) -> Assessment:
        picture = self._open()
        if not self.wanted.scores:  # this process may never have loaded a detector, and need not
            return self._result(None)
        detector = self._detector()
        identity = "" if isinstance(detector, Exception) else detector.identity
        if self.wanted.settled is not None and self.wanted.settled(self.sha256, identity):
            # The scores that are remembered, or none and no reason.
            return (self._known(identity, recall) if identity else None) or self._result(None)
        if isinstance(detector, Exception):
            self._perceive_alone(picture)  # it may resemble something, whatever its score
            raise detector
        known = self._known(identity, recall)
        if known is not None:
            if not self.wanted.lacks(known.perceptual):
                return known
            self._perceive_alone(picture)
            known = replace(known, perceptual=self.perceptual)
            memo.put(known)
            return known
        deadline = time.perf_counter() + self.means.timeout - self.means.waited
        with self.means.turn(picture):
            # A fallback may change detectors half-way; scores of two are never mixed.
            for _ in range(3):
                self.detector = detector.identity
                self.crops = []
                crops = picture.crops(input_side=detector.input_side, first=self._perceive)
                self._predict(detector, crops, deadline)
                if detector.identity == self.detector:
                    break
            else:
                raise DetectorUnavailable(
                    f"The detector {self.means.alias!r} changed during every attempt."
                )
        if not self.crops:
            raise UnreadableImage("The file has no picture in it.")
        assessment = self._result(None)
        memo.put(assessment)
        return assessment

    def _open(self) -> "Picture":
        # Brings PIL, for which django.setup() must not pay.
        from .images import open_picture, probe, require_picture

        self.header = probe(self.body)
        if self.header is None:
            require_picture(self.body)
        if self.size > self.limits.max_bytes:
            raise ImageTooLarge(
                f"The file has {self.size} bytes, the limit is {self.limits.max_bytes}.",
                params={"what": "bytes", "value": self.size, "limit": self.limits.max_bytes},
            )
        picture = open_picture(self.body, self.limits)
        self.frames = picture.frames
        return picture

    def _detector(self) -> Detector | Exception:
        """Or why it cannot be had, which does not matter to bytes that are settled."""
        try:
            return self.means.detector()
        except Exception as error:  # noqa: BLE001 - raised by who needs the detector
            return error

    def _perceive(self, frame: "Image") -> None:
        """Take the hash of the first frame, upright and whole, white where it is transparent.

        Later frames are picked at random; the first one is always decoded.
        """
        if self.wanted.lacks(self.perceptual):
            self.perceptual = perceptual.perceive(frame, rotations=self.wanted.rotations)

    def _perceive_alone(self, picture: "Picture") -> None:
        """Where no detector will look at the picture: decode it for the hash."""
        if not self.wanted.lacks(self.perceptual):
            return
        try:
            with self.means.turn(picture):
                next(picture.crops(input_side=perceptual.SIDE, first=self._perceive), None)
        except AssessmentError:
            logger.debug("No perceptual hash of %s", self.sha256, exc_info=True)

    def _known(self, identity: str, recall: Recall | None) -> Assessment | None:
        known = memo.get(self.sha256, identity)
        if known is None and recall is not None:
            known = recall(self.sha256, identity)
            if known is not None:
                memo.put(known)
        return known

    def _predict(self, detector: Detector, crops: "Iterable[Crop]", deadline: float) -> None:
        for batch in _batches(crops, detector.max_batch):
            if time.perf_counter() > deadline:
                raise AssessmentTimeout(
                    f"After {self.means.timeout:g} s only {len(self.crops)} crops were scored."
                )
            scores = detector.predict([crop.image for crop in batch])
            self.crops += [
                CropScores(frame=crop.frame, tile=crop.tile, ground=crop.ground, scores=score)
                for crop, score in zip(batch, scores, strict=True)
            ]

    def _result(self, failure: Failure | None) -> Assessment:
        header = self.header
        return Assessment(
            sha256=self.sha256,
            size=self.size,
            detector=self.detector,
            crops=tuple(self.crops),
            failure=failure,
            format=header.format if header else "",
            width=header.width if header else 0,
            height=header.height if header else 0,
            frames=self.frames,
            ms=(time.perf_counter() - self.started) * 1000,
            perceptual=self.perceptual,
        )


def _batches(crops: "Iterable[Crop]", size: int) -> "Iterator[list[Crop]]":
    batch: list[Crop] = []
    for crop in crops:
        batch.append(crop)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
