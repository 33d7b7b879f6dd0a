from __future__ import annotations

import pytest
import yaml

from c2c_timing.cards.dataset_card import available_datasets, load_dataset_card, read_dataset_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.errors import UserError

COUNTS = {
    "mmlu": 57, "mmlu-redux": 57, "longbench": 21, "mmlu-pro": 14, "ai2-arc": 2,
    "openhermes": 1, "gsm8k": 1, "math-500": 1, "openbookqa": 1,
}  # fmt: skip


def test_nine_data_sets_with_all_their_subjects():
    found = {name: len(load_dataset_card(name).subjects) for name in available_datasets()}
    assert found == COUNTS


@pytest.mark.parametrize("name", COUNTS)
def test_every_built_in_row_becomes_a_prompt(name):
    card = load_dataset_card(name)
    for subject in card.subjects:
        rows = list(read_rows(card, subject, SourceSpec("builtin")))
        assert len(rows) >= 2
        assert len({row.id for row in rows}) == len(rows)
        for row in rows:
            prompt = build_prompt(card, subject, row.values)
            assert prompt.messages[-1]["role"] == "user"
            assert len(prompt.messages[-1]["content"]) > 10


def test_groups_and_spellings():
    mmlu = load_dataset_card("mmlu")
    assert mmlu.expand_subjects(["physics"]) == [
        "astronomy", "college_physics", "conceptual_physics", "high_school_physics",
    ]  # fmt: skip
    assert len(mmlu.groups) == 4 + 17 - 1  # "other" is a category and a subcategory
    assert load_dataset_card("mmlu-pro").expand_subjects("Computer Science") == ["computer_science"]
    assert len(load_dataset_card("longbench").expand_subjects(["single-doc QA"])) == 4
    assert mmlu.expand_subjects(["virology", "virology"]) == ["virology"]
    assert load_dataset_card("cais/mmlu") is mmlu


@pytest.mark.parametrize("call", [
    lambda: load_dataset_card("gsm8"),
    lambda: load_dataset_card("mmlu").expand_subjects(["fysics"]),
])  # fmt: skip
def test_unknown_names_are_one_line_with_choices(call):
    with pytest.raises(UserError, match=r"did you mean .*choices") as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("change", [
    {"surprise": 1}, {"max_new_tokens": 0}, {"subjects": {}}, {"prompt": None}, {"hub": "x"},
])  # fmt: skip
def test_a_wrong_card_names_file_and_key(change, tmp_path):
    content = yaml.safe_load(load_dataset_card("gsm8k").path.read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(UserError, match=r"mine\.yaml") as error:
        read_dataset_card(path)
    assert "\n" not in str(error.value)


def test_files_that_determine_a_prompt():
    names = [path.name for path in load_dataset_card("mmlu").files_for("virology")]
    assert names == ["mmlu.yaml", "multiple_choice.jinja", "question_and_choices.jinja"]


@pytest.mark.parametrize("name", ["gsm8k", "math-500", "openbookqa", "openhermes"])
def test_the_subject_of_a_data_set_without_subjects_is_main(name):
    card = load_dataset_card(name)
    assert list(card.subjects) == card.expand_subjects("all") == card.expand_subjects("main")
    assert card.expand_subjects("all") == ["main"]


@pytest.mark.parametrize("subjects", [
    {"all": {}}, {"ALL": {}}, {"a": {"groups": ["all"]}}, {"a": {"native": "all"}},
])  # fmt: skip
def test_all_is_no_name_of_a_subject_or_group(subjects, tmp_path):
    content = yaml.safe_load(load_dataset_card("gsm8k").path.read_text())
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content | {"subjects": subjects}))
    with pytest.raises(UserError, match="means every subject"):
        read_dataset_card(path)
