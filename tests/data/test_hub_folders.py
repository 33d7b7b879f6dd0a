"""Folders as the Hub stores them, of all nine data sets, read without a network."""

from __future__ import annotations

import json
import shutil

import pyarrow.parquet
import pytest
from folders import SHARED
from standin_hub import repositories
from standin_hub.layouts import as_table

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.errors import UserError

DATASETS = list(repositories.WRITERS)
CASES = SHARED / "cases" / "hub_folders"


def builtin(dataset, subject):
    card = load_dataset_card(dataset)
    return [row.values for row in read_rows(card, subject, SourceSpec("builtin"))]


def read(path, dataset, subject, split=None):
    spec = SourceSpec("local", str(path), split=split)
    return list(read_rows(load_dataset_card(dataset), subject, spec))


def without_nulls(value):
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def subjects_of(dataset):
    card = load_dataset_card(dataset)
    return [subject for subject in card.subjects if card.sample_file(subject).is_file()]


def write(root, dataset):
    rows = {subject: builtin(dataset, subject) for subject in subjects_of(dataset)}
    return repositories.WRITERS[dataset](root, rows)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub")
    return {dataset: write(root, dataset) for dataset in DATASETS}


def is_builtin(place, dataset):
    for subject in subjects_of(dataset):
        found = [row.values for row in read(place, dataset, subject)]
        assert without_nulls(found) == without_nulls(builtin(dataset, subject)), subject
    return True


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_repository_as_a_folder(folders, dataset):
    assert is_builtin(folders[dataset], dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_folder_of_repositories(folders, dataset, tmp_path):
    repository = load_dataset_card(dataset).hub["id"]
    (tmp_path / repository.split("/")[1]).symlink_to(folders[dataset])
    assert is_builtin(tmp_path, dataset)


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_cache_of_the_hub(folders, dataset, tmp_path):
    cached = tmp_path / ("datasets--" + load_dataset_card(dataset).hub["id"].replace("/", "--"))
    (cached / "snapshots").mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("b" * 40)
    (cached / "snapshots" / ("a" * 40)).mkdir()
    (cached / "snapshots" / ("b" * 40)).symlink_to(folders[dataset])
    assert is_builtin(tmp_path, dataset)
    assert is_builtin(cached, dataset)


def test_the_folder_of_a_subject_itself(folders):
    for dataset, subject in (
        ("mmlu", "anatomy"),
        ("mmlu-redux", "anatomy"),
        ("ai2-arc", "ARC-Easy"),
    ):
        found = [row.values for row in read(folders[dataset] / subject, dataset, subject)]
        assert found == builtin(dataset, subject)
    with pytest.raises(UserError, match="virology"):
        read(folders["mmlu-redux"] / "anatomy", "mmlu-redux", "virology")
    assert read(folders["mmlu"] / "anatomy", "mmlu", "virology") == []


def test_archive_by_its_name(folders):
    archive = folders["longbench"] / "data.zip"
    assert [r.values for r in read(archive, "longbench", "trec")] == builtin("longbench", "trec")
    with pytest.raises(UserError, match=r"data/nothing\.jsonl|\.zip"):
        read(archive, "gsm8k", "main")


def test_unpacked_archive(folders, tmp_path):
    shutil.unpack_archive(folders["longbench"] / "data.zip", tmp_path)
    assert is_builtin(tmp_path, "longbench")


def test_damaged_archive(tmp_path):
    (tmp_path / "data.zip").write_bytes(b"PK\x03\x04 and then nothing")
    with pytest.raises(UserError, match=r"data\.zip"):
        read(tmp_path, "longbench", "trec")


ROWS = [{"question": f"Q{n}?", "answer": f"#### {n}"} for n in range(6)]


def write_parts(folder, rows, name="{split}-{n:05d}-of-{total:05d}.parquet", split="test", total=3):
    folder.mkdir(parents=True, exist_ok=True)
    size = len(rows) // total
    for n in range(total):
        table = as_table(rows[n * size : (n + 1) * size], repositories.FEATURES["openai/gsm8k"])
        pyarrow.parquet.write_table(table, folder / name.format(split=split, n=n, total=total))


@pytest.mark.parametrize(("folder", "name"), [
    ("main", "{split}-{n:05d}-of-{total:05d}.parquet"), ("data", "{split}-{n:05d}-of-{total:05d}.parquet"),
    ("main", "{split}-{n:05d}-of-{total:05d}-0123456789abcdef.parquet"), ("main/test", "{n:04d}.parquet"),
    (".", "{split}-{n:05d}-of-{total:05d}.parquet"), ("main", "gsm8k-{split}-{n:05d}-of-{total:05d}.parquet"),
])  # fmt: skip
def test_parts_in_order(tmp_path, folder, name):
    write_parts(tmp_path / folder, ROWS, name)
    assert [row.values for row in read(tmp_path, "gsm8k", "main")] == ROWS
    missing = sorted((tmp_path / folder).iterdir())[1]
    missing.rename(tmp_path / "elsewhere.parquet")
    with pytest.raises(UserError, match="part 1 of 3") as error:
        read(tmp_path, "gsm8k", "main")
    assert len(str(error.value).splitlines()) == 1


def test_parts_of_two_sets_are_never_mixed(tmp_path):
    write_parts(tmp_path / "main", ROWS)
    write_parts(tmp_path / "main", ROWS, total=2)
    with pytest.raises(UserError, match="several sets"):
        read(tmp_path, "gsm8k", "main")


def test_two_files_of_one_name(tmp_path):
    write_parts(tmp_path / "main", ROWS, "test.parquet", total=1)
    (tmp_path / "main" / "test.jsonl").write_text(json.dumps(ROWS[0]))
    with pytest.raises(UserError, match="several files"):
        read(tmp_path, "gsm8k", "main")


def test_other_configurations_and_splits_are_not_chosen(tmp_path):
    write_parts(tmp_path / "socratic", ROWS)
    write_parts(tmp_path / "main", ROWS, split="train")
    with pytest.raises(UserError, match="no file for gsm8k"):
        read(tmp_path, "gsm8k", "main")
    assert [row.values for row in read(tmp_path, "gsm8k", "main", split="train")] == ROWS


def test_a_saved_data_set_of_another_split(tmp_path):
    rows = builtin("mmlu-redux", "anatomy")
    folder = repositories.write_mmlu_redux(tmp_path, {"anatomy": rows}) / "anatomy"
    (folder / "state.json").write_text('{"_split": "train"}')
    with pytest.raises(UserError, match="train"):
        read(folder.parent, "mmlu-redux", "anatomy")


@pytest.mark.parametrize("name", ["x.arrow", "x.parquet"])
def test_a_table_that_is_none(tmp_path, name):
    for content in (b"", b"ARROW1\0\0 no", b"\xff\xff\xff\xff\x00\x00\x00\x00", b"no table at all"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError) as error:
            assert read(tmp_path / name, "gsm8k", "main") != []
        assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(("dataset", "subject", "count"), [
    ("gsm8k", "main", 16), ("mmlu", "abstract_algebra", 3), ("longbench", "hotpotqa", None),
])  # fmt: skip
def test_the_shared_folders(dataset, subject, count):
    if not CASES.is_dir():
        pytest.skip("no cases beside the checkout")
    for place in (CASES, CASES / {"longbench": "LongBench"}.get(dataset, dataset)):
        rows = read(place, dataset, subject)
        assert rows and not any(row.problem for row in rows)
        assert count in (None, len(rows))
