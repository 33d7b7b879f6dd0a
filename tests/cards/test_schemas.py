"""The first problem is told, whatever keys YAML gave."""

from __future__ import annotations

import pytest
import yaml
from folders import ROOT

from c2c_timing.cards.schemas import first_problem


@pytest.mark.parametrize("keys", [(None, "mmlu"), (1, "mmlu"), (None, 1, "mmlu"), (True, None)])
def test_problems_under_keys_of_several_kinds(keys):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["data_path"] = dict.fromkeys(keys, 5)
    where, _ = first_problem(config, "config.schema.yaml")
    assert where.split(".")[0] == "data_path"
