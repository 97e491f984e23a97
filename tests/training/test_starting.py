import json
import re

import pytest
import timm
import torch
from timm.models import save_for_hf

from django_nsfw.exceptions import TrainingRefused
from django_nsfw.training.recipe import Recipe
from django_nsfw.training.starting import DEFAULT, build, find
from tests.detectors.hub_server import COMMIT, HubServer

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]


@pytest.fixture
def saved(tmp_path):
    """``saved(classes, labels)``: the folder of a small model, and its weights."""

    def save(classes=2, labels=None, **options):
        torch.manual_seed(9)
        model = timm.create_model("test_vit", num_classes=classes, img_size=32, **options)
        with torch.no_grad():
            model.head.weight.normal_()
        model.pretrained_cfg["input_size"] = (3, 32, 32)
        config = {"label_names": list(labels)} if labels else {}
        save_for_hf(model, tmp_path / "start", model_config=config, safe_serialization=True)
        return tmp_path / "start", model.state_dict()

    return save


def built(start, **recipe):
    return build(find(start, scratch=False), Recipe(**recipe))


def test_it_starts_from_what_the_default_model_was_made_from():
    assert DEFAULT == "hf_hub:timm/vit_tiny_patch16_384.augreg_in21k_ft_in1k"


@pytest.mark.parametrize(
    ("classes", "labels", "kept"),
    [
        (2, ("NSFW", "SFW"), True),
        (2, ("SFW", "NSFW"), False),
        (2, None, False),
        (5, ("a", "b", "c", "d", "e"), False),
    ],
    ids=["our labels", "our labels the other way round", "no labels", "other ones"],
)
def test_a_head_is_kept_where_its_labels_are_ours(saved, classes, labels, kept):
    folder, weights = saved(classes, labels)

    model, _ = built(f"local-dir:{folder}")

    found = model.state_dict()
    assert found["head.weight"].shape == (2, 64)
    assert torch.equal(found["head.weight"], weights["head.weight"]) == kept
    assert torch.equal(found["blocks.0.attn.qkv.weight"], weights["blocks.0.attn.qkv.weight"])


def test_drop_and_drop_path_are_those_of_the_recipe(saved):
    folder, _ = saved()

    model, _ = built(f"local-dir:{folder}", drop=0.3, drop_path=0.2)

    assert model.head_drop.p == 0.3
    assert model.blocks[-1].drop_path1.drop_prob == pytest.approx(0.2)


def test_the_size_is_the_models_unless_given(saved):
    folder, _ = saved()

    assert built(f"local-dir:{folder}")[1]["input_size"] == (3, 32, 32)
    model, config = built(f"local-dir:{folder}", img_size=64)
    assert config["input_size"] == (3, 64, 64)
    assert model(torch.zeros(1, 3, 64, 64)).shape == (1, 2)


def test_random_weights_are_those_of_the_seed():
    start = find("test_resnet", scratch=True)

    def weights(seed):
        return build(start, Recipe(seed=seed, drop_path=0.0))[0].state_dict()["conv1.0.weight"]

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    assert start.name == "random weights of test_resnet"


def test_a_model_of_the_hub_is_named_with_its_commit(saved, tmp_path, monkeypatch):
    import huggingface_hub

    folder, _ = saved()
    server = HubServer("timm/small", {p.name: p.read_bytes() for p in folder.iterdir()})
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.endpoint)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        huggingface_hub.constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        server.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
    )
    try:
        start = find("hf_hub:timm/small", scratch=False)
    finally:
        server.close()

    assert start.name.startswith(f"timm/small@{COMMIT} (SHA-256 ")
    assert start.architecture == "test_vit"


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("timm/vit", "The start is 'timm/vit'. It must be 'hf_hub:owner/name', "),
        ("local-dir:/nowhere", "Model /nowhere: there is no such folder. Correct the start."),
    ],
)
def test_a_start_that_is_none(start, message):
    with pytest.raises(TrainingRefused) as caught:
        find(start, scratch=False)

    assert str(caught.value).startswith(message)


def test_a_pickle_is_no_start(saved):
    folder, _ = saved()
    (folder / "model.safetensors").replace(folder / "pytorch_model.bin")

    with pytest.raises(TrainingRefused, match="can run any code when it is loaded"):
        find(f"local-dir:{folder}", scratch=False)


def test_a_configuration_of_something_else(saved):
    folder, _ = saved()
    (folder / "config.json").write_text(json.dumps({"model_type": "vit"}))

    with pytest.raises(TrainingRefused, match=r"has no configuration of timm in config\.json\."):
        find(f"local-dir:{folder}", scratch=False)


def test_an_argument_that_the_architecture_does_not_take():
    with pytest.raises(TrainingRefused) as caught:
        build(find("vgg11", scratch=True), Recipe())

    assert str(caught.value).startswith(
        "The model to start from, random weights of vgg11, cannot be built with drop_rate 0.1, "
        "drop_path_rate 0.05: TypeError: "
    )


@pytest.mark.parametrize(
    ("options", "recipe", "message"),
    [
        ({"in_chans": 1}, {}, "takes no colour pictures of 32 × 32 pixels: "),
        ({}, {"img_size": 33}, "takes no colour pictures of 33 × 33 pixels: "),
    ],
    ids=["a model of grey pictures", "a size that is no number of patches"],
)
def test_pictures_that_the_model_does_not_take(saved, options, recipe, message):
    folder, _ = saved(**options)

    with pytest.raises(TrainingRefused) as caught:
        built(f"local-dir:{folder}", **recipe)

    assert message in str(caught.value)


def test_a_hub_that_does_not_answer(monkeypatch, tmp_path):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(
        huggingface_hub.constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}",
    )

    with pytest.raises(TrainingRefused) as caught:
        find("hf_hub:timm/small", scratch=False)

    assert re.fullmatch(
        r"Model timm/small: config\.json cannot be fetched from the hub \(.+\)\. Check the "
        r"network, then run this command again\.",
        str(caught.value),
    )
