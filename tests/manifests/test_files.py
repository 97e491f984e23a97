"""Manifests as files: what is written is read again, in constant memory, whole or not at all."""

import json
import tracemalloc

import pytest

from django_nsfw.manifests import files
from django_nsfw.manifests.columns import MANIFEST
from django_nsfw.manifests.files import ManifestError, read, write

pytest.importorskip("pyarrow", reason="Parquet needs the dependency group `test`")

SUFFIXES = pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])


def row(number=1, **changes):
    return {
        "field": "host.Photo.image",
        "object_db": "default",
        "object_pk": str(number),
        "name": f"photos/{number} “ü”.jpg",
        "location": f"/srv/media/photos/{number} “ü”.jpg",
        "held": False,
        "sha256": None,
        "size": None,
        "detector": "default",
        "perceptual": True,
        "rotations": False,
        **changes,
    }


@SUFFIXES
@pytest.mark.parametrize("count", [0, 1, 25])
def test_what_is_written_is_read(tmp_path, monkeypatch, suffix, count):
    monkeypatch.setattr(files, "ROW_GROUP", 10)
    monkeypatch.setattr(files, "READ_BATCH", 4)
    rows = [row(n, sha256="a" * 64, size=2**40) for n in range(count)]
    path = tmp_path / f"manifest{suffix}"
    assert write(iter(rows), path, MANIFEST) == count
    found = list(read(path))
    assert [values for _, values in found] == rows
    unit = "row" if suffix == ".parquet" else "line"
    assert [where for where, _ in found] == [f"{unit} {n}" for n in range(1, count + 1)]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@SUFFIXES
def test_many_files_in_a_folder(tmp_path, suffix):
    rows = [row(n) for n in range(7)]
    path = tmp_path / f"manifest{suffix}"
    assert write(iter(rows), path, MANIFEST, rows_per_file=3) == 7
    names = sorted(p.name for p in path.iterdir())
    assert names == [f"part-00000{n}{suffix}" for n in range(3)]
    (path / "_SUCCESS").touch()
    found = list(read(path))
    assert [values for _, values in found] == rows
    assert found[3][0].startswith(f"part-000001{suffix} ")
    with pytest.raises(ManifestError, match="A folder of many files is not written over"):
        write(iter(rows), path, MANIFEST, rows_per_file=3)


@SUFFIXES
def test_an_empty_manifest_of_many_files_is_one_empty_file(tmp_path, suffix):
    path = tmp_path / f"manifest{suffix}"
    assert write([], path, MANIFEST, rows_per_file=3) == 0
    assert list(read(path)) == []
    assert len(list(path.iterdir())) == 1


@SUFFIXES
def test_a_file_is_there_whole_or_not_at_all(tmp_path, suffix):
    path = tmp_path / f"manifest{suffix}"
    write([row(1)], path, MANIFEST)

    def dies():
        yield row(2)
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        write(dies(), path, MANIFEST)
    assert [values["object_pk"] for _, values in read(path)] == ["1"]
    assert len(list(tmp_path.iterdir())) == 1


def test_parquet_has_row_groups_and_types(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    monkeypatch.setattr(files, "ROW_GROUP", 10)
    write([row(n) for n in range(25)], tmp_path / "m.parquet", MANIFEST)
    found = pq.ParquetFile(tmp_path / "m.parquet")
    assert (found.num_row_groups, found.metadata.num_rows) == (3, 25)
    types = {field.name: str(field.type) for field in found.schema_arrow}
    assert types["held"] == "bool"
    assert types["size"] == "int64"
    assert {types[name] for name, kind in MANIFEST.items() if kind == "text"} == {"string"}
    found.close()


@pytest.mark.parametrize("verb", ["write", "read"])
def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch, verb):
    monkeypatch.setattr(files, "ROW_GROUP", 200)
    monkeypatch.setattr(files, "READ_BATCH", 200)

    def peak(count):
        path = tmp_path / f"{count}.jsonl"
        if verb == "read":
            write((row(n) for n in range(count)), path, MANIFEST)
        tracemalloc.start()
        if verb == "write":
            write((row(n) for n in range(count)), path, MANIFEST)
        else:
            for _ in read(path):
                pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(200)
    assert peak(20_000) < 1.5 * peak(1_000)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "no JSON: Expecting property name"),
        (b"[1]", "no JSON object"),
        (b"\xff\xfe", "no JSON: "),
        (b"[" * 100_000, "no JSON: "),
        (b'"' + b"x" * files.MAX_LINE + b'"', f"longer than {files.MAX_LINE} bytes"),
    ],
    ids=["cut off", "a list", "no UTF-8", "nested", "endless"],
)
def test_a_line_that_is_no_row_is_named_and_the_next_is_read(tmp_path, line, why):
    path = tmp_path / "scores.jsonl"
    path.write_bytes(b"\n".join([b"", line, json.dumps(row()).encode()]))
    (where, complaint), (there, good) = read(path)
    assert (where, there) == ("line 2", "line 3")
    assert complaint.startswith(why)
    assert good == row()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent.parquet", "No such file or directory"),
        ("broken.parquet", "broken.parquet cannot be read as Parquet: "),
        ("scores.csv", "scores.csv: the name must end in one of .parquet, .jsonl, .ndjson."),
        ("folder", "folder is an empty folder."),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, name, why):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
    (tmp_path / "scores.csv").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(ManifestError) as error:
        list(read(tmp_path / name))
    assert why in str(error.value)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ManifestError, match="Not a directory"):
        write([], tmp_path / "file" / "m.jsonl", MANIFEST)
