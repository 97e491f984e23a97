import errno
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from django.core.files.storage import storages
from django.core.management import CommandError, call_command

from django_nsfw.decisions import approve, reject
from django_nsfw.management.commands import nsfw_train
from django_nsfw.models import Scan
from tests.conftest import picture, upload
from tests.host.models import Photo

pytestmark = pytest.mark.torch

SMALL = [
    "--scratch=test_resnet", "--drop-path=0", "--img-size=32", "--device=cpu", "--lr=0.003",
    "--hflip=0", "--reprob=0.1",
]  # fmt: skip
QUICK = [*SMALL, "--batch-size=4", "--epochs=3", "--warmup-epochs=1", "--held-out=0.25"]


@pytest.fixture
def labelled(tmp_path):
    """Two dozen small pictures, half of them NSFW."""
    folder = tmp_path / "pictures"
    for label in ("sfw", "nsfw"):
        (folder / label).mkdir(parents=True)
    for seed in range(24):
        path = folder / ("sfw", "nsfw")[seed % 2] / f"{seed}.png"
        path.write_bytes(picture(48, 48, seed=seed, format="PNG"))
    return folder


def in_a_process(*arguments, **options):
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    command = [sys.executable, "-m", "django", "nsfw_train", *map(str, arguments)]
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.fixture
def begun(labelled, tmp_path, one_thread):
    """The output of a run that was stopped in its second epoch, and its workplace."""
    from django_nsfw.evaluation.reading import read
    from django_nsfw.exceptions import TrainingStopped
    from django_nsfw.limits import Limits
    from django_nsfw.training.events import Learned
    from django_nsfw.training.recipe import Recipe
    from django_nsfw.training.running import train
    from django_nsfw.training.settings import Machine, Settings
    from django_nsfw.training.workplace import Workplace

    recipe = Recipe(
        drop_path=0.0, img_size=32, lr=0.003, hflip=0.0, reprob=0.1, batch_size=4, epochs=3,
        warmup_epochs=1,
    )  # fmt: skip
    settings = Settings(recipe=recipe, start="test_resnet", scratch=True, held_out=0.25)
    work, learnt = Workplace(tmp_path / "model"), None
    events = train(
        lambda: read(labelled),
        settings,
        Machine(device="cpu"),
        work,
        Limits(),
        stop=lambda: learnt == (2, 1),
    )
    with pytest.raises(TrainingStopped, match=r"^Stopped\. What was learnt is kept\.$"):
        for event in events:
            learnt = (event.epoch, event.batch) if isinstance(event, Learned) else None
    assert _checkpoint(work.folder) == (1, 2)
    return work.output, work.folder


def test_from_random_weights_it_learns_two_classes_of_real_pictures(tmp_path, one_thread, capsys):
    from django_nsfw.detectors.timm import TimmDetector
    from django_nsfw.images import open_picture
    from django_nsfw.limits import Limits
    from tests.training import digits

    folder, output = digits.write(tmp_path / "digits", 1000), tmp_path / "model"
    call_command(
        "nsfw_train", folder, *SMALL, "--output", output, "--batch-size=16", "--epochs=4",
        "--warmup-epochs=1", "--scale", "0.7", "1", "--lr=0.006",
    )  # fmt: skip

    said = capsys.readouterr().out
    (accuracy,) = re.findall(r"Weights of epoch \d of 4: accuracy ([\d.]+)", said)
    assert float(accuracy) >= 0.95
    assert "Epoch 4/4" in said
    detector = TimmDetector(model=f"local-dir:{output}")
    detector.load()
    assert (detector.labels, detector.nsfw_labels) == (("NSFW", "SFW"), {"NSFW"})
    assert detector.input_side == 32
    right = 0
    for path in sorted(folder.glob("*/*"))[::5]:
        with path.open("rb") as file:
            image = open_picture(file, Limits()).frame(0, side=32).colour
        (scores,) = detector.predict([image])
        right += (scores.nsfw >= 0.5) == (path.parent.name == "nsfw")
    assert right / 200 >= 0.95
    card = (output / "README.md").read_text()
    (row,) = re.findall(r"\| accuracy at 0\.50 \| ([\d.]+) % \(([\d.]+)–([\d.]+)\) \|", card)
    shown, low, high = map(float, row)
    assert shown == pytest.approx(float(accuracy) * 100, abs=0.06)
    assert 85 < low < shown <= high
    assert "batch_size: 16\n" in card
    assert "mixup_switch_prob: 0.5\n" in card
    log = [json.loads(line) for line in (output / "training.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in log] == [1, 2, 3, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits", "model"]


def test_killed_in_the_middle_of_an_epoch_it_ends_with_the_same_weights(
    labelled, tmp_path, one_thread, capsys
):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    call_command("nsfw_train", labelled, *QUICK, "--output", straight)
    capsys.readouterr()

    work = tmp_path / ".killed.training"
    with in_a_process(labelled, *QUICK, "--output", killed, "--checkpoint-every=0") as process:
        for line in process.stdout:
            if line.startswith("Epoch 1/3"):
                break
        at = _checkpoint(work)
        while (_checkpoint(work) or at) == at:  # until one of the second epoch is there
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        for second in (["--resume"], ["--force"], []):
            assert re.fullmatch(
                rf"A run for {killed} is under way: process {process.pid} on .+, since .+\. "
                r"Wait for its end, or stop it \(Ctrl-C or SIGTERM: it keeps what was learnt\) and "
                r"go on with --resume\.",
                refused(labelled, *QUICK, "--output", killed, *second),
            )
        process.send_signal(signal.SIGKILL)
    epoch, _ = _checkpoint(work)
    assert epoch in (1, 2)
    assert not killed.exists()
    call_command("nsfw_train", labelled, *QUICK, "--output", killed, "--resume")

    assert f"from epoch {epoch + 1}." in capsys.readouterr().out
    assert (killed / "model.safetensors").read_bytes() == (
        straight / "model.safetensors"
    ).read_bytes()
    assert (killed / "training.jsonl").read_text() == (straight / "training.jsonl").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed", "pictures", "straight"]


def _checkpoint(work):
    import torch

    state = torch.load(work / "checkpoint.pt", weights_only=True)
    return state["epoch"], state["batch"]


@pytest.fixture
def interrupted(monkeypatch):
    """``interrupted(name)``: Ctrl-C is pressed whenever ``_Lines`` was told of that."""

    def press(name):
        told = getattr(nsfw_train._Lines, name)

        def tell(lines, *about):
            told(lines, *about)
            if name != "say" or type(about[0]).__name__ == "EpochDone":
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(nsfw_train._Lines, name, tell)

    return press


def stopped(capsys, *arguments) -> str:
    with pytest.raises(SystemExit) as caught:
        call_command("nsfw_train", *map(str, arguments))
    assert caught.value.code == 130
    return capsys.readouterr().err


def test_interrupted_it_says_how_to_go_on(
    labelled, tmp_path, one_thread, capsys, interrupted, monkeypatch
):
    output = tmp_path / "model"
    interrupted("say")

    assert stopped(capsys, labelled, *QUICK, "--output", output) == (
        "\nStopping: what was learnt is kept. Again: stop at once.\n"
        "Stopped. What was learnt is kept.\nGo on with the same command and --resume.\n"
    )
    monkeypatch.undo()
    call_command("nsfw_train", labelled, *QUICK, "--output", output, "--resume")
    assert (output / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("reading", "Stopped at once. Nothing was begun.\n"),
        (
            "looking",
            "Stopped while the pictures were looked at.\nGo on with the same command and "
            "--resume.\n",
        ),
    ],
)
def test_interrupted_before_it_learns_it_does_not_go_on_reading(
    labelled, tmp_path, one_thread, capsys, interrupted, where, said
):
    interrupted(where)

    err = stopped(capsys, labelled, *QUICK, "--output", tmp_path / "model")

    assert err == f"\nStopping: what was learnt is kept. Again: stop at once.\n{said}"


def test_a_full_disk_stops_it_and_leaves_the_checkpoint_before(labelled, begun, capsys):
    """No file may grow over half of what the next checkpoint would have."""
    output, work = begun
    before = (work / "checkpoint.pt").read_bytes()
    with no_file_over(len(before) // 2), pytest.raises(SystemExit) as caught:
        call_command("nsfw_train", labelled, *QUICK, "--output", output, "--resume")

    assert caught.value.code == 3
    assert capsys.readouterr().err == (
        f"There is no space left for {work} ({os.strerror(errno.EFBIG)}). The checkpoint before is "
        "whole. Make room.\nGo on with the same command and --resume.\n"
    )
    assert (work / "checkpoint.pt").read_bytes() == before
    assert sorted(path.name for path in work.iterdir()) == [
        "checkpoint.pt", "hashes.jsonl", "settings.json",
    ]  # fmt: skip
    call_command("nsfw_train", labelled, "--output", output, "--resume", "--device=cpu")
    assert (output / "model.safetensors").is_file()


@contextmanager
def no_file_over(number):
    unbounded = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (number, unbounded[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unbounded)


@pytest.mark.parametrize("room", [10, 200], ids=["for nothing", "for the lock alone"])
def test_a_disk_that_is_full_from_the_start_is_said_and_nothing_is_left(labelled, tmp_path, room):
    with no_file_over(room):
        said = refused(labelled, *QUICK, "--output", tmp_path / "model")

    assert said == (
        f"There is no space left for {tmp_path}/.model.training ({os.strerror(errno.EFBIG)}). Make "
        "room."
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures"]


def test_what_cannot_be_written_is_said(labelled, tmp_path):
    lock = tmp_path / ".model.training.lock"
    lock.mkdir()

    assert refused(labelled, *QUICK, "--output", tmp_path / "model") == (
        f"{lock} cannot be written: {os.strerror(errno.EISDIR)}."
    )


def refused(*arguments) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("nsfw_train", *map(str, arguments))
    return str(caught.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--lr=0"], "lr is 0.0. It must be a number above 0."),
        (
            ["--opt=nothing"],
            r"opt is 'nothing', which timm cannot make \(.+\)\. It knows: .*adamw.*",
        ),
        (
            ["--sched=nothing"],
            "sched is 'nothing', which timm cannot make. Unknown scheduler 'nothing'.",
        ),
        (["--micro-batch=0"], "--micro-batch must be at least 1, not 0."),
        (["--device=abacus"], r"The device 'abacus' cannot be used: .+ Give auto, cpu or cuda\."),
        (
            ["--batch-size=64"],
            "There are 18 pictures to train on, fewer than batch_size 64. Add pictures, or give a "
            "smaller --batch-size.",
        ),
        (["--held-out=1"], r"The share to hold out is 1.0. It must be between 0 and 1\."),
        (["--start=local-dir:x"], "--start and --scratch are two ways to start. Give one."),
        (
            ["--scratch=no_such_model"],
            r"timm has no architecture 'no_such_model'. Its names: timm.list_models\(\)\.",
        ),
        (
            ["--resume"],
            r"There is no run for .+/model to go on with\. Leave out --resume to begin one\.",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(labelled, tmp_path, more, message):
    said = refused(labelled, *QUICK, "--output", tmp_path / "model", *more)

    assert re.fullmatch(message, said), said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures"]


def test_a_model_that_is_there_is_not_replaced_unasked(labelled, tmp_path, one_thread):
    output = tmp_path / "model"
    output.mkdir()
    (output / "mine").touch()

    assert refused(labelled, *QUICK, "--output", output) == (
        f"{output} exists. Name another folder, or give --force to have it replaced once the new "
        "model is done."
    )
    call_command("nsfw_train", labelled, *QUICK, "--output", output, "--force")

    assert sorted(path.name for path in output.iterdir()) == [
        "README.md", "config.json", "model.safetensors", "training.jsonl",
    ]  # fmt: skip


@pytest.mark.parametrize("more", [[], ["--force"]], ids=["unasked", "forced"])
def test_what_is_no_model_is_never_replaced(labelled, tmp_path, more):
    pipe, models = tmp_path / "pipe", tmp_path / "models"
    os.mkfifo(pipe)
    (models / "theirs").mkdir(parents=True)

    assert refused(labelled, *QUICK, "--output", pipe, *more) == (
        f"{pipe} is no folder. Name another one."
    )
    assert refused(labelled, *QUICK, "--output", models, *more) == (
        f"{models} is no model: it has the folder theirs. It is never replaced; name another "
        "folder."
    )
    assert pipe.is_fifo()
    assert (models / "theirs").is_dir()


def test_a_run_goes_on_as_it_was_begun(labelled, begun):
    output, work = begun

    assert refused(labelled, *QUICK, "--output", output) == (
        f"A run for {output} was begun. Go on with it with --resume, or give --force to begin anew."
    )
    assert refused(labelled, "--output", output, "--resume", "--lr=1") == (
        "The run was begun with lr 0.003, and goes on with it, not with 1.0."
    )
    assert refused(labelled, "--output", output, "--resume", "--force") == (
        "--resume goes on and --force begins anew. Give one."
    )
    (labelled / "sfw" / "more.png").write_bytes(picture(48, 48, seed=77, format="PNG"))
    assert refused(labelled, "--output", output, "--resume", "--device=cpu") == (
        "The pictures, their labels or the share that is held out are not those that the run began "
        "with. Bring them back, or begin anew with --force."
    )
    assert (work / "checkpoint.pt").is_file()
    (work / "checkpoint.pt").write_bytes(b"no checkpoint")
    (labelled / "sfw" / "more.png").unlink()
    assert re.fullmatch(
        rf"{work}/checkpoint\.pt cannot be read \(.+\)\. Give --force to begin anew\.",
        refused(labelled, "--output", output, "--resume", "--device=cpu"),
    )


def of_one_class(folder):
    for path in (folder / "nsfw").iterdir():
        path.unlink()
    return folder


def with_both_labels(folder):
    (folder / "nsfw" / "0.png").write_bytes((folder / "sfw" / "0.png").read_bytes())
    return folder


def with_a_column_too_many(folder):
    manifest = folder / "labels.csv"
    manifest.write_text("path,label,colour\nsfw/0.png,sfw,red\n")
    return manifest


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            of_one_class,
            "All 12 labelled pictures are safe. Both kinds are needed: add some that are NSFW.",
        ),
        (
            with_both_labels,
            "The same bytes carry both labels (1 picture): nsfw/0.png (nsfw) = sfw/0.png (sfw). "
            "Keep each picture under one label.",
        ),
        (
            with_a_column_too_many,
            "{source}, line 1, has unknown columns: 'colour'. The columns are path, label, source, "
            "field, weight; path and label must be there.",
        ),
        (lambda folder: folder / "none", "There is no file or folder {source}."),
    ],
    ids=["one class", "the same bytes twice", "an unknown column", "nothing there"],
)
def test_pictures_that_cannot_be_trained_on_leave_nothing(labelled, tmp_path, source, message):
    source = source(labelled)

    said = refused(source, *QUICK, "--output", tmp_path / "model")

    assert said == message.format(source=source)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures"]


def test_a_missing_package_names_the_extra(labelled, tmp_path, monkeypatch):
    monkeypatch.setitem(nsfw_train.NEEDED, "not_installed_here", "timm")

    assert refused(labelled, "--output", tmp_path / "model") == (
        'Training needs timm. Install it with: pip install "django-nsfw[train]"'
    )


@pytest.mark.django_db(databases=["default", "second"])
class TestDecisions:
    def test_what_people_decided_is_trained_on(
        self, tmp_path, one_thread, capsys, constant, django_user_model
    ):
        mo = django_user_model.objects.create_superuser("mo")
        constant.answer = 0.7
        for seed in range(24):
            Photo.objects.create(image=upload(body=picture(48, 48, seed=seed)))
        for number, scan in enumerate(Scan.objects.order_by("pk")):
            (approve, reject)[number % 2](scan, moderator=mo)
        gone = Scan.objects.filter(status="rejected").first()
        storages["nsfw_quarantine"].delete(gone.quarantine_name)

        call_command("nsfw_train", "--decisions", *QUICK, "--output", tmp_path / "model")

        said = capsys.readouterr()
        assert said.err == (
            f"scan {gone.pk}: photos/cat.jpg left out: The file in quarantine is missing.\n"
        )
        assert "Training on 8 NSFW and 9 SFW pictures; 3 and 3 are held out." in said.out
        assert (tmp_path / "model" / "model.safetensors").exists()

    def test_nothing_was_decided(self, tmp_path, one_thread):
        with pytest.raises(CommandError, match="The 0 pictures that are NSFW cannot be"):
            call_command("nsfw_train", "--decisions", *QUICK, "--output", tmp_path / "model")
        assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Give either a SOURCE or --decisions."),
        (["pictures", "--decisions"], "Give either a SOURCE or --decisions."),
        (["pictures", "--since=2026-01-31"], "--since is about --decisions; a SOURCE has no"),
        (["--decisions", "--since=soon"], "--since must be a day: 'soon' is no date such as"),
    ],
)
def test_where_pictures_come_from_is_said_once(tmp_path, arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("nsfw_train", *arguments, "--output", tmp_path / "model")
