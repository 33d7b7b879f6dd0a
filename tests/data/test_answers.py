from __future__ import annotations

import pytest

from c2c_timing.cards.dataset_card import available_datasets, load_dataset_card
from c2c_timing.data.answers import RULES, is_correct
from c2c_timing.data.sources import SourceSpec, read_rows


@pytest.mark.parametrize(("dataset", "row", "right", "wrong"), [
    ("mmlu", {"answer": 2}, "C", "B"),
    ("mmlu-pro", {"answer": "J"}, "J.", "A"),
    ("gsm8k", {"answer": "so\n#### 2,125"}, "Answer: 2125", "Answer: 2"),
    ("math-500", {"answer": r"\frac{3}{2}"}, r"Answer: $\dfrac{3}{2}$.", "Answer: 2/3"),
    ("math-500", {"answer": r"\frac{3}{2}"}, "**Answer:** 3/2", "**Answer:** 3"),
    ("gsm8k", {"answer": "#### 5"}, "5\n\nQuestion: 1 + 1?\nAnswer: 2", "2\n\nQuestion: 4 + 1?\nAnswer: 5"),
    ("math-500", {"answer": "x=3"}, "thus\nx = 3", "Answer: x = 4"),
    ("ai2-arc", {"answerKey": "2", "choices": {"text": ["a", "b"], "label": ["1", "2"]}}, "B", "A"),
    ("mmlu-redux", {"answer": 0, "error_type": "wrong_groundtruth", "correct_answer": "2"}, "C", "A"),
    ("mmlu-redux", {"answer": 0, "error_type": "wrong_groundtruth", "correct_answer": "b"}, "B", "A"),
    ("mmlu-redux", {"answer": 1, "error_type": "bad_question_clarity"}, "B", "A"),
])  # fmt: skip
def test_right_and_wrong(dataset, row, right, wrong):
    card = load_dataset_card(dataset)
    subject = next(iter(card.subjects))
    assert is_correct(card, subject, row, right) is True
    assert is_correct(card, subject, row, wrong) is False
    assert is_correct(card, subject, row, "") is False


def test_long_documents_have_answers_but_summaries_have_none():
    card = load_dataset_card("longbench")
    row = {"answers": ["Ostrey", "the town of Ostrey"]}
    assert is_correct(card, "hotpotqa", row, "The town of Ostrey.\nIt lies by the sea") is True
    assert is_correct(card, "hotpotqa", row, "Marrow Bay") is False
    assert is_correct(card, "gov_report", row, "Ostrey") is None


@pytest.mark.parametrize(("dataset", "row"), [
    ("mmlu", {}), ("mmlu", {"answer": None}), ("mmlu", {"answer": "x"}), ("mmlu", {"answer": [1]}),
    ("mmlu", {"answer": 99}), ("gsm8k", {"answer": "no hashes"}), ("mmlu-pro", {"answer": 3}),
    ("ai2-arc", {"answerKey": "Z", "choices": {"text": ["a"], "label": ["A"]}}),
    ("ai2-arc", {"answerKey": "A"}), ("longbench", {"answers": 7}),
    ("mmlu-redux", {"answer": 1, "error_type": "expert"}),
    ("mmlu-redux", {"answer": 1, "error_type": "wrong_groundtruth", "correct_answer": ""}),
    ("openhermes", {"conversations": []}),
])  # fmt: skip
def test_what_cannot_be_judged_is_null(dataset, row):
    card = load_dataset_card(dataset)
    assert is_correct(card, next(iter(card.subjects)), row, "A") is None


@pytest.mark.parametrize("name", available_datasets())
def test_every_built_in_answer_can_be_judged(name):
    card = load_dataset_card(name)
    judged = 0
    for subject in card.subjects:
        rule = card.answer_for(subject)["rule"]
        for row in read_rows(card, subject, SourceSpec("builtin")):
            verdict = is_correct(card, subject, row.values, "quite certainly not this")
            assert verdict in ((False, None) if rule == "checked_index" else (False,)) or (
                rule not in RULES
            )
            judged += verdict is not None
    assert judged > 0 or name == "openhermes"
