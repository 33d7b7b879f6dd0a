"""The first problem is told, whatever keys YAML gave."""

from __future__ import annotations

import pytest

from c2c_timing.cards.schemas import first_problem


@pytest.mark.parametrize("keys", [(None, "mmlu"), (1, "mmlu"), (None, 1, "mmlu"), ((1, 2), "x")])
def test_problems_under_keys_of_several_kinds(keys):
    subjects = dict.fromkeys(keys, {"unknown": 1})
    where, error = first_problem({"title": 1, "subjects": subjects}, "dataset_card.schema.yaml")
    assert "unknown" in error.message or "title" in where
