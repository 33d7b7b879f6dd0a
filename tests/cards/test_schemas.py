"""The first problem is told, whatever keys YAML gave."""

from __future__ import annotations

import pytest

from c2c_timing.cards.dataset_card import DATASETS, read_dataset_card
from c2c_timing.cards.schemas import first_problem


@pytest.mark.parametrize("keys", [(None, "mmlu"), (1, "mmlu"), (None, 1, "mmlu"), ((1, 2), "x")])
def test_problems_under_keys_of_several_kinds(keys):
    card = read_dataset_card(DATASETS / "gsm8k.yaml").content
    spoilt = {**card, "subjects": {key: {"unknown": 1} for key in keys}}
    where, _ = first_problem(spoilt, "dataset_card.schema.yaml")
    assert where.split(".")[0] == "subjects"
