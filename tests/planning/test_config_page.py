"""The page about the config's keys has them all, and is up to date."""

from __future__ import annotations

import yaml
from default_config import DEFAULT
from folders import ROOT

from c2c_timing.cards.schemas import validator
from c2c_timing.planning.config import SCHEMA
from c2c_timing.planning.config_page import allowed, keys, page


def test_the_page_is_up_to_date():
    assert (ROOT / "config/README.md").read_text(encoding="utf-8") == page(), "make keys"


def test_every_key_is_on_it_and_says_what_it_means():
    found = {key.name: key for key in keys()}
    schema = validator(SCHEMA).schema["properties"]
    assert {name for name in found if "." not in name} == set(schema) == set(DEFAULT)
    assert {f"resources.{name}" for name in DEFAULT["resources"]} < set(found)
    assert all(key.meaning for key in found.values())
    assert "one shard a subject" in found["chunk_size"].meaning


def test_what_a_value_may_be_is_said_in_words():
    described = yaml.safe_load("""
        {anyOf: [{type: "null"}, {type: array, items: {type: integer, minimum: 2}}]}
    """)
    assert allowed(described) == "null, or list of whole number ≥ 2"
    assert allowed({"enum": [None, "hub", True]}) == "null, hub, true"
    assert allowed({"type": ["integer", "null"], "minimum": 1}) == "whole number ≥ 1 or null"
    assert (
        allowed({"type": "object", "additionalProperties": {"type": "string"}}) == "mapping to text"
    )


def test_the_catalog_is_told_what_is_there():
    told = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(told) == {"mandatory-flags", "software-stack-deployment", "report"}
    assert set(told["mandatory-flags"]) == {"desc", "flags"}
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    assert told["software-stack-deployment"]["conda"] == ("conda:" in rules)
    assert told["software-stack-deployment"]["apptainer"] == ("container:" in rules)
