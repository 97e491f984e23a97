"""Models of transformers with random weights, always the same, as transformers saves them."""

import json

import torch
from transformers import AutoModelForImageClassification, ViTConfig

# What https://huggingface.co/Falconsai/nsfw_image_detection and
# https://huggingface.co/AdamCodd/vit-base-nsfw-detector have beside their weights.
FALCONSAI = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_processor_type": "ViTImageProcessor",
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 224, "width": 224},
}
ADAMCODD = {**FALCONSAI, "size": {"height": 384, "width": 384}}
SMALL = {
    "image_size": 64,
    "hidden_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 96,
}
SMALL_PROCESSOR = {**FALCONSAI, "size": {"height": 64, "width": 64}}


def write(folder, processor, labels=("normal", "nsfw"), **architecture):
    """A ViT."""
    return write_any(folder, ViTConfig(**architecture), processor, labels)


def write_any(folder, config, processor, labels=("normal", "nsfw")):
    """A model of any architecture that classifies, by its ``config``."""
    torch.manual_seed(20)
    if labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: place for place, label in enumerate(labels)}
    model = AutoModelForImageClassification.from_config(config)
    with torch.no_grad():
        # Its own would score all nearly alike, and larger ones all 0 or 1.
        head = model.classifier.weight
        head.normal_(0, 1.4 / head.shape[1] ** 0.5)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder
