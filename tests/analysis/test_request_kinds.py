"""What is counted of a kind of requests is so of every record of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from analysis.invented_floors import FAST, GPU, SHAPES, fused_row
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.operations import stage_work
from c2c_timing.analysis.request_kinds import request_kinds
from c2c_timing.analysis.runs import shapes_key_of


def section(base, teacher, is_projected):
    return {"base_tokens": base, "teacher_tokens": [teacher], "is_projected": is_projected}


few = st.integers(2, 4)
configs = st.sampled_from([{}, {"dtype": "float16"}, {"device": "cpu"}, {"fuser": "another"}])
told = st.fixed_dictionaries({
    "runtime": st.sampled_from(["eager", "fused"]),
    "prompt_length": few,
    "teacher_prompt_length": few.map(float),
    "num_generated_tokens": few,
    "num_teacher_tokens": st.sampled_from([None, 3.0]),
    "teacher_decode_total_ms": st.sampled_from([None, 5.0]),
    "projector_calls": st.sampled_from([0.0, 2.0]),
    "base_prefill_ms": st.sampled_from([None, 7.0]),
    "sections": st.one_of(st.none(), st.lists(st.builds(section, few, few, st.booleans()), max_size=2)),
})  # fmt: skip


@given(st.lists(st.tuples(configs, told), min_size=1, max_size=12))
def test_every_record_needs_the_work_of_its_kind(many):
    table = pd.DataFrame([fused_row("", config=GPU | config) | own for config, own in many])
    examples, kinds = request_kinds(table)
    for record, kind in zip(table.to_dict("records"), kinds, strict=True):
        example = examples[kind]
        assert stage_work(example, SHAPES) == stage_work(record, SHAPES)
        assert shapes_key_of(example) == shapes_key_of(record)
        assert FAST.fits(example) == FAST.fits(record)
        for name in ("runtime", "model_config.dtype"):
            assert example[name] == record[name]


def test_what_tells_no_work_makes_no_kind():
    others = [{"id": f"x{n}", "decode_total_ms": 1.0 + n, "response": str(n)} for n in range(3)]
    rows = pd.DataFrame([fused_row("eager") | own for own in others] + [fused_row("fused")])
    examples, kinds = request_kinds(rows)
    np.testing.assert_array_equal(kinds, [0, 0, 0, 1])
    assert [example["runtime"] for example in examples] == ["eager", "fused"]
