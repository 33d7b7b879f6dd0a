"""One file and several subjects: each gets its own rows, or nobody gets any."""

from __future__ import annotations

import json

import pytest
from default_config import with_

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.data.sources.local import check_subjects
from c2c_timing.errors import UserError
from c2c_timing.planning.config import check_config

TOLD = [{"question": s, "subject": s, "choices": ["a", "b"], "answer": 0}
        for s in ("virology", "anatomy", "World Religions")]  # fmt: skip
UNTOLD = [{k: v for k, v in row.items() if k != "subject"} for row in TOLD]
ADVICE = r"folder with one file per subject \((anatomy|virology)\.jsonl"


def write(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def questions(path, subject, dataset="mmlu"):
    rows = read_rows(load_dataset_card(dataset), subject, SourceSpec("local", str(path)))
    return [row.problem or row.values["question"] for row in rows]


@pytest.mark.parametrize("dataset", ["mmlu", "mmlu-redux"])
def test_the_subject_column_tells_rows_apart(tmp_path, dataset):
    path = write(tmp_path / "mine.jsonl", TOLD)
    check_subjects(
        load_dataset_card(dataset), ["virology", "anatomy"], SourceSpec("local", str(path))
    )
    assert questions(path, "anatomy", dataset) == ["anatomy"]
    assert questions(path, "world_religions", dataset) == ["World Religions"]
    assert questions(path, "astronomy", dataset) == []


def test_rows_that_tell_no_subject_serve_one_alone(tmp_path):
    path = write(tmp_path / "mine.jsonl", UNTOLD)
    assert len(questions(path, "anatomy")) == 3
    card, spec = load_dataset_card("mmlu"), SourceSpec("local", str(path))
    check_subjects(card, ["anatomy"], spec)
    with pytest.raises(UserError, match=ADVICE):
        check_subjects(card, ["virology", "anatomy"], spec)
    config = with_(datasets=["mmlu"], source="local", data_path={"mmlu": str(path)},
                   subjects={"mmlu": ["virology", "anatomy"]})  # fmt: skip
    with pytest.raises(UserError, match=ADVICE):
        check_config(config)
    check_config({**config, "subjects": {"mmlu": ["anatomy"]}})


def test_a_file_is_not_another_subjects(tmp_path):
    path = write(tmp_path / "virology.jsonl", UNTOLD)
    assert len(questions(path, "virology")) == 3
    with pytest.raises(UserError, match="named virology"):
        questions(path, "anatomy")


def test_a_folder_with_a_file_per_subject(tmp_path):
    for row in UNTOLD[:2]:
        write(tmp_path / f"{row['question']}.jsonl", [row])
    check_subjects(
        load_dataset_card("mmlu"), ["virology", "anatomy"], SourceSpec("local", str(tmp_path))
    )
    assert questions(tmp_path, "anatomy") == ["anatomy"]


def test_a_file_of_all_subjects_in_a_folder_has_to_tell(tmp_path):
    write(tmp_path / "mmlu.jsonl", UNTOLD)
    with pytest.raises(UserError, match=r"\(anatomy\.jsonl"):
        questions(tmp_path, "anatomy")


def test_rows_that_tell_nothing_among_others_are_bad_rows(tmp_path):
    spoilt = [*TOLD, UNTOLD[0], {**TOLD[0], "subject": 5}, {**TOLD[0], "subject": None}]
    path = write(tmp_path / "mmlu.jsonl", spoilt)
    for place in (tmp_path, path):
        found = questions(place, "anatomy")
        assert found == ["anatomy"] + ["column 'subject' says no subject"] * 3
