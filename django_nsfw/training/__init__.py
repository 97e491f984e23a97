"""Training a detector on labelled pictures, by timm's own pieces. No database: samples come in."""

LABELS = ("NSFW", "SFW")
"""Classes of a trained model, in the order of ``Marqo/nsfw-image-detection-384``."""
