"""What a run tells, as sentences."""

from .events import EpochDone, Event, Finished, Learned, Prepared


def sentence(event: Event) -> str:
    match event:
        case Prepared(counted=counted):
            groups = (
                f"{counted.groups:,} groups of what looks alike; in {counted.disagreeing:,} of "
                "them labels differ."
            )
            return (
                f"Training on {counted.train[0]:,} NSFW and {counted.train[1]:,} SFW pictures; "
                f"{counted.held_out[0]:,} and {counted.held_out[1]:,} are held out. {groups} "
                f"On {event.device} in {event.precision}"
                + (f", from epoch {event.epoch + 1}." if event.epoch else ".")
            )
        case Learned():
            return (
                f"epoch {event.epoch}/{event.epochs}, batch {event.batch}/{event.batches}, "
                f"loss {event.loss:.4f}, {event.pictures_per_second:,.1f} pictures a second"
            )
        case EpochDone(measured=measured):
            return (
                f"Epoch {event.epoch}/{event.epochs}: loss {event.loss:.4f}; held out: loss "
                f"{measured.loss:.4f}, accuracy {measured.accuracy:.4f}, average precision "
                f"{measured.average_precision:.4f}" + (", the best so far" if event.best else "")
            )
        case Finished(measured=measured):
            return (
                f"Weights of epoch {event.epoch} of {event.trained}: accuracy "
                f"{measured.accuracy:.4f}, average precision {measured.average_precision:.4f}, "
                f"ROC AUC {measured.roc_auc:.4f}."
            )
