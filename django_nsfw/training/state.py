"""A run between two batches: what is kept, and what goes on from there."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ..evaluation import metrics
from ..exceptions import TrainingRefused, TrainingStopped
from ..limits import Limits
from .batches import DataConfig, batches_in, training_batches
from .dividing import Divided
from .events import EpochDone, Event, Learned
from .learning import Learner
from .measuring import Measured, evaluate, measure, score
from .settings import Machine, Settings
from .workplace import Workplace


class Run:
    """The state between two batches."""

    def __init__(
        self,
        settings: Settings,
        machine: Machine,
        workplace: Workplace,
        limits: Limits,
        learner: Learner,
        data_config: DataConfig,
        divided: Divided,
    ) -> None:
        self._settings = settings
        self._machine = machine
        self._workplace = workplace
        self._limits = limits
        self._learner = learner
        self._data_config = data_config
        self._train, self._held_out = divided.train, divided.held_out
        self._batches = batches_in(settings.recipe, len(self._train))
        if not self._batches:
            raise TrainingRefused(
                f"There are {len(self._train)} pictures to train on, fewer than batch_size "
                f"{settings.recipe.batch_size}. Add pictures, or give a smaller --batch-size."
            )
        self.epoch = 0
        self._batch = 0
        self._loss_sum = 0.0
        self._best: dict[str, Any] = {}
        self._history: list[dict[str, Any]] = []

    @property
    def best(self) -> Measured:
        return measure(self._held_out, self._best["scores"])

    @property
    def best_epoch(self) -> int:
        return int(self._best["epoch"])

    def restore(self) -> None:
        state = self._workplace.load(self._learner.device)
        if state is None:
            return
        if state["pictures"] != self._fingerprint():
            raise TrainingRefused(
                "The pictures, their labels or the share that is held out are not those that the "
                "run began with. Bring them back, or begin anew with --force."
            )
        self._learner.restore(state["learner"])
        self.epoch, self._batch = state["epoch"], state["batch"]
        self._loss_sum, self._best = state["loss_sum"], state["best"]
        self._history = state["history"]

    def epochs(self, stop: Callable[[], bool]) -> Iterator[Event]:
        saved = time.monotonic()
        while self.epoch < self._learner.epochs and not self._patience_is_over():
            began, done_before = time.monotonic(), self._batch
            for batch in self._rest_of_epoch():
                loss = self._learner.learn(batch, epoch=self.epoch, number=self._batch)
                self._loss_sum += loss
                self._batch += 1
                self._heed(stop)
                if time.monotonic() - saved >= self._machine.checkpoint_every:
                    self._save()
                    saved = time.monotonic()
                learnt = (self._batch - done_before) * self._settings.recipe.batch_size
                yield Learned(
                    epoch=self.epoch + 1,
                    epochs=self._learner.epochs,
                    batch=self._batch,
                    batches=self._batches,
                    loss=self._loss_sum / self._batch,
                    pictures_per_second=learnt / max(time.monotonic() - began, 1e-6),
                )
            yield self._end_epoch(stop)
            saved = time.monotonic()

    @property
    def log(self) -> bytes:
        """A line of JSON for each epoch."""
        return "".join(json.dumps(line) + "\n" for line in self._history).encode()

    def evaluation(self) -> metrics.Measured:
        """Of the best epoch, in full."""
        return evaluate(self._held_out, self._best["scores"])

    def best_weights(self) -> dict[str, torch.Tensor]:
        return dict(self._best["model"])

    def _rest_of_epoch(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return training_batches(
            self._train,
            self._settings.recipe,
            self._data_config,
            self._limits,
            epoch=self.epoch,
            start=self._batch,
            device=self._learner.device,
            workers=self._machine.readers(self._learner.device),
        )

    def _heed(self, stop: Callable[[], bool]) -> None:
        if stop():
            self._save()
            raise TrainingStopped("Stopped. What was learnt is kept.")

    def _end_epoch(self, stop: Callable[[], bool]) -> EpochDone:
        self._learner.end_batches()
        scores = score(
            self._learner,
            self._held_out,
            self._data_config,
            self._limits,
            workers=self._machine.readers(self._learner.device),
            progress=lambda: self._heed(stop),
        )
        measured = measure(self._held_out, scores)
        best = not self._best or measured.loss < self.best.loss
        if best:
            self._best = {
                "epoch": self.epoch + 1,
                "scores": scores,
                "model": {
                    name: value.detach().clone()
                    for name, value in self._learner.model.state_dict().items()
                },
            }
        done = EpochDone(
            epoch=self.epoch + 1,
            epochs=self._learner.epochs,
            loss=self._loss_sum / self._batch,
            lr=self._learner.lr,
            measured=measured,
            best=best,
        )
        self._learner.end_epoch(self.epoch, measured.loss)
        self.epoch, self._batch, self._loss_sum = self.epoch + 1, 0, 0.0
        self._history.append(
            {
                "epoch": done.epoch,
                "loss": done.loss,
                "lr": done.lr,
                "micro_batch": self._learner.micro_batch,
                "best": best,
                "held_out": measured.as_json(),
            }
        )
        self._save()
        return done

    def _save(self) -> None:
        self._workplace.save(
            {
                "pictures": self._fingerprint(),
                "epoch": self.epoch,
                "batch": self._batch,
                "loss_sum": self._loss_sum,
                "best": self._best,
                "history": self._history,
                "learner": self._learner.state(),
            }
        )

    def _patience_is_over(self) -> bool:
        patience = self._settings.patience
        return bool(patience and self._best and self.epoch - self.best_epoch >= patience)

    def _fingerprint(self) -> str:
        sides = [
            [(one.sha256, one.sample.nsfw) for one in side]
            for side in (self._train, self._held_out)
        ]
        return hashlib.sha256(json.dumps(sides).encode()).hexdigest()
