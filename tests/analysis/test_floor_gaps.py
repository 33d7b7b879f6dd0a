"""What the floors leave out is said: in each row, and after the place to work."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from analysis.invented_floors import (
    CONFIG,
    DEVICE,
    KNOWN,
    SHAPES,
    bottlenecks,
    fused_row,
    mixture,
    row,
)  # fmt: skip

from c2c_timing.analysis.floor_gaps import (
    EXPERTS,
    HOST,
    NO_SHAPES,
    OTHER_DEVICE,
    UNCOUNTED,
    sentence,
)
from c2c_timing.analysis.merge import LEADING
from c2c_timing.analysis.runs import shapes_key
from find_bottlenecks import main

(KEY,) = KNOWN
MOE_TEACHER = {**SHAPES, "teachers": [mixture(3)]}
UNKNOWN_TEACHER = {**SHAPES, "teachers": [None]}


def request(**changes):
    return fused_row("eager", config=CONFIG, **changes)


def gaps_of(rows, shapes=KNOWN):
    table = bottlenecks(rows, shapes).set_index("stage")
    return table["left_out"].dropna().to_dict(), table


def test_a_floor_that_leaves_out_nothing_says_nothing():
    gaps, table = gaps_of([request()])
    assert gaps == {}
    assert sentence(table.reset_index()) == ""


def test_a_mixture_has_floors_and_its_prefill_says_what_they_lack():
    gaps, table = gaps_of([request()], {KEY: MOE_TEACHER})
    _, plain = gaps_of([request()])
    assert gaps == {"teacher_prefill": EXPERTS}
    pd.testing.assert_series_equal(table["floor_ms"], plain["floor_ms"])
    further = table["further_bytes"]
    assert further["teacher_prefill"] == 4 * 1500 * 3
    assert (further.drop("teacher_prefill") == 0).all()
    assert sentence(table.reset_index()) == (
        "floors are a lower bound for teacher_prefill of tiny "
        "(which experts a prompt wakes cannot be told)"
    )


def test_decode_steps_and_prompts_of_one_token_wake_what_is_counted():
    shapes = {KEY: {**SHAPES, "base": mixture()}}
    gaps, _ = gaps_of([row(prompt_length=2)], shapes)
    assert gaps == {}
    gaps, _ = gaps_of([row(prompt_length=3)], shapes)
    assert set(gaps) == {"base_prefill"}


def test_of_a_model_that_cannot_be_counted_the_other_stages_keep_their_floors():
    gaps, table = gaps_of([request()], {KEY: UNKNOWN_TEACHER})
    without = {"teacher_embedding", "teacher_prefill"}
    assert gaps == dict.fromkeys(without, UNCOUNTED)
    assert set(table.index[table["floor_ms"].isna()]) == without
    assert sentence(table.reset_index()) == (
        f"no floor for teacher_embedding and teacher_prefill of tiny ({UNCOUNTED})"
    )


@pytest.mark.parametrize(("changes", "shapes", "why"), [
    ({"handover_ms": 5.0}, KNOWN, HOST),
    ({}, {}, NO_SHAPES),
    ({"config": {**CONFIG, "device": "card"}}, KNOWN, OTHER_DEVICE),
    ({"config": {**CONFIG, "threads": 7}}, KNOWN, OTHER_DEVICE),
])  # fmt: skip
def test_each_missing_floor_says_why(changes, shapes, why):
    table = bottlenecks([row(**changes)], shapes)
    missing = table["floor_ms"].isna()
    assert missing.any()
    assert table["left_out"].notna().equals(missing)
    assert set(table.loc[missing, "left_out"]) == {why}
    assert f"({why})" in sentence(table)


def test_pairs_that_lack_different_things_are_named_each():
    big, odd = ({**CONFIG, "base_model": name} for name in ("big", "odd"))
    shapes = {**KNOWN, shapes_key("big", big): MOE_TEACHER, shapes_key("odd", odd): UNKNOWN_TEACHER}
    rows = [request(), *(fused_row("eager", config=config, pair=config["base_model"])
                         for config in (big, odd))]  # fmt: skip
    words = sentence(bottlenecks(rows, shapes))
    absent, partial = words.split("; ")
    assert absent.startswith("no floor for ") and absent.count(" of odd (") == 1
    assert "tiny" not in words
    assert partial == f"floors are a lower bound for teacher_prefill of big ({EXPERTS})"


@pytest.mark.parametrize(("shapes", "says"), [
    (MOE_TEACHER, ["work first on", "a lower bound for teacher_prefill of tiny"]),
    (UNKNOWN_TEACHER, ["work first on", "no floor for teacher_embedding and teacher_prefill of tiny"]),
    (None, ["no floor is known; no floor for", NO_SHAPES]),
])  # fmt: skip
def test_the_command_says_it_after_the_place_to_work(tmp_path, capsys, shapes, says):
    run, device, timings = (tmp_path / name for name in ("a_run.json", "device.json", "t.parquet"))
    run.write_text(json.dumps({"pair": "tiny", "model_config": CONFIG, "shapes": shapes}))
    device.write_text(json.dumps(DEVICE))
    pd.DataFrame([dict.fromkeys(LEADING) | request(setup="")]).to_parquet(timings)
    output = tmp_path / "bottlenecks.tsv"
    assert main([str(run), "--timings", str(timings), "--device", str(device),
                 "--output", str(output)]) == 0  # fmt: skip
    said = capsys.readouterr().out
    assert all(words in said for words in says)
    assert "left_out" in pd.read_csv(output, sep="\t").columns
