"""The benchmarks of training run, and say so where they cannot."""

import re

import pytest
import torch

from benchmarks import cuda, training

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("one_thread")]

RATES = r"([\d.]+) pictures a second, ours ([\d.]+), ratio ([\d.]+)"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_without_a_cuda_device_it_says_so(capsys):
    cuda.main([])

    assert capsys.readouterr().out == (
        f"left out: torch {torch.__version__} finds no CUDA device here\n"
    )


def test_with_a_device_it_compares_evaluation_and_training_with_timms_loops(capsys, monkeypatch):
    monkeypatch.setattr(training, "ROUNDS", 1)

    cuda.compare(torch.device("cpu"), 8, "test_resnet", 32, batch=4)

    evaluated, trained = capsys.readouterr().out.splitlines()
    about = "test_resnet at 32 pixels, batches of 4, fp32"
    assert re.fullmatch(
        f"evaluation, cpu, 8 files of 512 × 512, {about}: timm's validate loop {RATES}", evaluated
    )
    assert re.fullmatch(f"training, cpu, {about}: plain loop {RATES}", trained)
