"""Labelled folders and manifests: what is found, and what is refused in which words."""

import json
import os

import pytest

from django_nsfw.evaluation.reading import Collection, read
from django_nsfw.exceptions import EvaluationError
from django_nsfw.images import FORMATS
from tests.conftest import picture

NO_PICTURE = f"No picture that can be read ({', '.join(FORMATS)})."


def put(path, seed=1, body=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(seed=seed) if body is None else body)
    return path


@pytest.fixture
def pair(tmp_path):
    """One of each, beside which tests write manifests."""
    put(tmp_path / "a.jpg", 1)
    put(tmp_path / "b.jpg", 2)
    return tmp_path


def labels(found: Collection):
    return {sample.name: sample.nsfw for sample in found.samples}


def refused(path) -> str:
    with pytest.raises(EvaluationError) as error:
        read(path)
    return str(error.value)


def test_a_folder_is_read_to_its_depths(tmp_path):
    put(tmp_path / "set/SFW/plain.jpg", 1)
    put(tmp_path / "set/SFW/drawings/deep/er/line.jpg", 2)
    put(tmp_path / "set/nsfw/photos/p.JPG", 3)
    found = read(tmp_path / "set")
    assert (
        labels(found)
        == {
            "SFW/drawings/deep/er/line.jpg": False,
            "SFW/plain.jpg": False,
            "nsfw/photos/p.JPG": True,
        }
        | {}
    )
    assert [sample.source for sample in found.samples] == ["", "drawings", "photos"]
    assert [sample.weight for sample in found.samples] == [1.0] * 3
    with found.samples[2].open() as body:
        assert body.read() == picture(seed=3)
    assert (found.left_out, found.duplicates) == ([], 0)


def test_what_is_no_sample_is_listed_with_its_reason(tmp_path):
    put(tmp_path / "sfw/a.jpg", 1)
    put(tmp_path / "nsfw/b.jpg", 2)
    put(tmp_path / "nsfw/notes.txt", body=b"about the pictures")
    put(tmp_path / "nsfw/none.jpg", body=b"")
    put(tmp_path / ".DS_Store", body=b"x")
    (tmp_path / "sfw/gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "sfw/elsewhere").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "sfw/pipe.jpg")
    found = read(tmp_path)
    assert labels(found) == {"nsfw/b.jpg": True, "sfw/a.jpg": False}
    assert {each.name: each.reason for each in found.left_out} == {
        ".DS_Store": "Hidden, beside the labels.",
        "nsfw/none.jpg": "The file is empty.",
        "nsfw/notes.txt": NO_PICTURE,
        "sfw/elsewhere": "A link to a folder; these are not followed.",
        "sfw/gone.jpg": "No such file or directory",
        "sfw/pipe.jpg": "No file.",
    }


def test_names_that_are_no_text_can_be_reported(tmp_path):
    put(tmp_path / "sfw/a.jpg", 1)
    (tmp_path / "nsfw").mkdir()
    with open(os.fsencode(tmp_path / "nsfw") + b"/\xff.jpg", "wb") as file:  # noqa: PTH123
        file.write(picture(seed=2))
    assert labels(read(tmp_path)) == {"nsfw/?.jpg": True, "sfw/a.jpg": False}


def test_files_beside_the_labels_are_refused(tmp_path):
    put(tmp_path / "sfw/a.jpg", 1)
    put(tmp_path / "neutral/b.jpg", 2)
    put(tmp_path / "c.jpg", 3)
    assert refused(tmp_path) == (
        f"{tmp_path} has c.jpg, neutral/. A labelled folder has the folders sfw/ and nsfw/ and "
        "nothing beside them; other shapes can be told in a manifest (.csv, .parquet, .jsonl)."
    )


def test_of_many_files_beside_the_labels_the_first_are_named(tmp_path):
    put(tmp_path / "sfw/a.jpg", 1)
    for number in range(12):
        (tmp_path / f"{number:02}.txt").touch()
    assert refused(tmp_path).startswith(
        f"{tmp_path} has 00.txt, 01.txt, 02.txt, 03.txt, 04.txt, 05.txt, 06.txt, 07.txt, 08.txt, "
        "09.txt … and 2 more. A labelled folder has"
    )


def test_an_empty_folder(tmp_path):
    assert refused(tmp_path).startswith(f"{tmp_path} has neither. A labelled folder has")


def test_nothing_there(tmp_path):
    assert refused(tmp_path / "x") == f"There is no file or folder {tmp_path / 'x'}."


def test_the_same_bytes_count_once(tmp_path):
    for name in ("sfw/a.jpg", "sfw/again.jpg", "sfw/more/again.jpg"):
        put(tmp_path / name, 1)
    put(tmp_path / "nsfw/b.jpg", 2)
    found = read(tmp_path)
    assert labels(found) == {"nsfw/b.jpg": True, "sfw/a.jpg": False}
    assert found.duplicates == 2


def test_labels_that_disagree_are_refused_with_their_files(tmp_path):
    for seed in range(12):
        put(tmp_path / f"sfw/{seed:02}.jpg", seed)
        put(tmp_path / f"nsfw/{seed:02}.jpg", seed)
    said = refused(tmp_path)
    assert said.startswith(
        "The same bytes carry both labels (12 pictures): nsfw/00.jpg (nsfw) = sfw/00.jpg (sfw); "
    )
    assert said.endswith(
        "nsfw/09.jpg (nsfw) = sfw/09.jpg (sfw) … and 2 more. Keep each picture under one label."
    )


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("sfw", "All 2 labelled pictures are safe. Both kinds are needed: add some that are NSFW."),
        (
            "nsfw",
            "All 2 labelled pictures are NSFW. Both kinds are needed: add some that are safe.",
        ),
    ],
)
def test_one_label_only(tmp_path, label, said):
    put(tmp_path / label / "a.jpg", 1)
    put(tmp_path / label / "b.jpg", 2)
    assert refused(tmp_path) == said


def test_one_label_only_because_the_other_cannot_be_read(tmp_path):
    put(tmp_path / "sfw/a.jpg", 1)
    put(tmp_path / "nsfw/b.jpg", body=b"")
    assert refused(tmp_path).endswith(" Left out: nsfw/b.jpg (The file is empty.).")


def test_nothing_that_can_be_read(tmp_path):
    put(tmp_path / "nsfw/b.jpg", body=b"x")
    assert refused(tmp_path) == (
        "There is no labelled picture that can be read. Both kinds are needed. "
        f"Left out: nsfw/b.jpg ({NO_PICTURE})."
    )


ROWS = [
    {"path": "a.jpg", "label": "sfw", "source": "web", "field": "", "weight": 2.5},
    {"path": "b.jpg", "label": "nsfw", "source": "", "field": "host.Avatar.image", "weight": 1},
]


def as_csv(path):
    lines = [",".join(ROWS[0]), *(",".join(str(v) for v in row.values()) for row in ROWS)]
    path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n\r\n", encoding="utf-8")


def as_json(path):
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))


def as_parquet(path):
    pa = pytest.importorskip("pyarrow", reason="Parquet needs the dependency group `test`")
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(ROWS), path)


@pytest.mark.parametrize(
    ("name", "written"),
    [("m.csv", as_csv), ("m.CSV", as_csv), ("m.jsonl", as_json), ("m.parquet", as_parquet)],
)
def test_a_manifest_of_each_kind(pair, name, written):
    written(pair / name)
    found = read(pair / name)
    assert [(s.name, s.nsfw, s.source, s.model_field, s.weight) for s in found.samples] == [
        ("a.jpg", False, "web", "", 2.5),
        ("b.jpg", True, "", "host.Avatar.image", 1.0),
    ]


@pytest.mark.parametrize("label", ["nsfw", "NSFW ", "1", "true", "Yes", "unsafe", "explicit"])
def test_words_for_nsfw(pair, label):
    (pair / "m.csv").write_text(f"label,path\n{label},a.jpg\nsfw,b.jpg\n")
    assert labels(read(pair / "m.csv")) == {"a.jpg": True, "b.jpg": False}


@pytest.mark.parametrize("label", ["sfw", "Safe", "0", "FALSE", "no", "neutral"])
def test_words_for_safe(pair, label):
    (pair / "m.csv").write_text(f"label,path\n{label},a.jpg\nnsfw,b.jpg\n")
    assert labels(read(pair / "m.csv")) == {"a.jpg": False, "b.jpg": True}


@pytest.mark.parametrize(("yes", "no"), [(True, False), (1, 0), (1.0, 0.0)])
def test_labels_that_are_values(pair, yes, no):
    rows = [{"path": "a.jpg", "label": yes}, {"path": "b.jpg", "label": no}]
    (pair / "m.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert labels(read(pair / "m.jsonl")) == {"a.jpg": True, "b.jpg": False}


def test_a_file_that_is_listed_and_not_there(pair):
    (pair / "m.csv").write_text("path,label\na.jpg,sfw\nb.jpg,nsfw\nc.jpg,nsfw\n")
    found = read(pair / "m.csv")
    assert [(f.name, f.reason) for f in found.left_out] == [("c.jpg", "No such file or directory")]


COLUMNS = "The columns are path, label, source, field, weight; path and label must be there."
BAD = {
    "unknown columns": (
        "m.csv",
        "path,label,Source,size\na.jpg,sfw,web,1\n",
        f"{{}}, line 1, has unknown columns: 'Source', 'size'. {COLUMNS}",
    ),
    "missing columns": (
        "m.csv",
        "path\na.jpg\n",
        f"{{}}, line 1, lacks the columns: 'label'. {COLUMNS}",
    ),
    "semicolons": (
        "m.csv",
        "path;label\na.jpg;sfw\n",
        "{}, line 1, has unknown columns: 'path;label' and lacks the columns: 'path', 'label'. "
        f"{COLUMNS} Commas part the cells of a CSV file.",
    ),
    "an empty manifest": (
        "m.csv",
        "",
        f"{{}}, line 1, lacks the columns: 'path', 'label'. {COLUMNS}",
    ),
    "no rows": (
        "m.csv",
        "path,label\n",
        "There is no labelled picture that can be read. Both kinds are needed.",
    ),
    "a column twice": (
        "m.csv",
        "path,label,path\n",
        "{}, line 1: the column 'path' is there twice.",
    ),
    "a short row": ("m.csv", "path,label\na.jpg\n", "{}, line 2: 1 cells, the first line has 2."),
    "a long row": (
        "m.csv",
        "path,label\na.jpg,sfw,web\n",
        "{}, line 2: 3 cells, the first line has 2.",
    ),
    "unknown columns in a row": (
        "m.jsonl",
        '{"path": "a.jpg", "label": 0}\n{"path": "b.jpg", "label": 1, "score": 0.5}\n',
        f"{{}}, line 2, has unknown columns: 'score'. {COLUMNS}",
    ),
    "no JSON": (
        "m.jsonl",
        "path\n",
        "{}, line 1: no JSON: Expecting value: line 1 column 1 (char 0).",
    ),
    "no object": ("m.jsonl", "[1]\n", "{}, line 1: no JSON object."),
    "labels": (
        "m.jsonl",
        '{"path": "a.jpg", "label": "maybe"}\n{"path": "b.jpg", "label": null}\n',
        "{} has 2 rows that cannot be understood:\n"
        "line 1: the label 'maybe' is none of nsfw, unsafe, explicit, true, yes, 1, sfw, safe, "
        "neutral, false, no, 0\n"
        "line 2: the label None is none of nsfw, unsafe, explicit, true, yes, 1, sfw, safe, "
        "neutral, false, no, 0",
    ),
    "weights": (
        "m.csv",
        "path,label,weight\na.jpg,sfw,0\nb.jpg,nsfw,nan\nb.jpg,nsfw,many\n",
        "{} has 3 rows that cannot be understood:\n"
        "line 2: the weight '0' is no number over 0\n"
        "line 3: the weight 'nan' is no number over 0\n"
        "line 4: the weight 'many' is no number over 0",
    ),
    "no path": (
        "m.jsonl",
        '{"path": " ", "label": 1}',
        "{} has 1 row that cannot be understood:\nline 1: the path ' ' names no file",
    ),
    "a source that is a number": (
        "m.jsonl",
        '{"path": "a.jpg", "label": 1, "source": 7}',
        "{} has 1 row that cannot be understood:\nline 1: the source 7 is no text",
    ),
    "another kind of file": (
        "m.xlsx",
        "",
        "{} is no folder, and no manifest: its name must end in one of .csv, .parquet, .jsonl, "
        ".ndjson.",
    ),
}


@pytest.mark.parametrize(("name", "text", "said"), BAD.values(), ids=BAD)
def test_manifests_that_are_refused(pair, name, text, said):
    path = pair / name
    path.write_text(text)
    assert refused(path) == said.replace("{}", str(path))


def test_of_many_rows_that_are_wrong_ten_are_named(pair):
    (pair / "m.csv").write_text("path,label\n" + "a.jpg,x\n" * 12)
    said = refused(pair / "m.csv")
    assert "has 12 rows" in said
    assert said.count("the label 'x'") == 10
    assert said.endswith("\n… and 2 more")


def test_text_in_another_encoding(pair):
    (pair / "m.csv").write_bytes("path,label\nü.jpg,sfw\n".encode("latin-1"))
    assert refused(pair / "m.csv").startswith(f"{pair / 'm.csv'} cannot be read as CSV in UTF-8: ")


def test_parquet_that_is_none(pair):
    pytest.importorskip("pyarrow", reason="Parquet needs the dependency group `test`")
    (pair / "m.parquet").write_bytes(b"no parquet")
    assert refused(pair / "m.parquet").startswith(
        f"{pair / 'm.parquet'} cannot be read as Parquet: "
    )


def test_how_far_it_is(pair):
    (pair / "m.csv").write_text("path,label\na.jpg,sfw\nb.jpg,nsfw\n")
    seen = []
    read(pair / "m.csv", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]
