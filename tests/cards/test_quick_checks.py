"""A quick yes is never given to what the schema refuses."""

from __future__ import annotations

import copy

import pytest
from analysis.invented import invent
from fuzz.support import cases, damaged
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.quick_checks import quick_check
from c2c_timing.cards.schemas import first_problem

SCHEMA = "record.schema.yaml"


def sections():
    return [{"base_tokens": 3, "teacher_tokens": [4], "is_projected": True}]


@pytest.mark.parametrize("method", ["base", "teacher", "t2t", "c2c"])
def test_a_record_as_it_is_written_is_passed_at_once(method):
    records = [invent(method=method, sections=sections(), order=2, correct=None), invent(2)]
    assert quick_check(SCHEMA)(records)
    assert quick_check(SCHEMA)([])


@cases(300)
@given(st.data())
def test_what_passes_at_once_fits_the_schema(data):
    good = invent(1, method="t2t", sections=sections())
    records = [data.draw(damaged(good)), good, data.draw(damaged(good))]
    if quick_check(SCHEMA)(records):
        assert not any(first_problem(record, SCHEMA) for record in records)


@pytest.mark.parametrize("value", [
    8.0, True, "8", None, [8], 0, -1, 2**63, float("nan"), float("inf"), float("-inf"),
], ids=repr)  # fmt: skip
@pytest.mark.parametrize("place", [
    ("prompt_length",), ("repeat",), ("length_view",), ("timing", "ttft_ms"),
    ("decode_step_times_ms",), ("decode_step_times_ms", 1), ("model_config",),
    ("model_config", "threads"), ("sections", 0, "teacher_tokens", 0), ("sections", 0, "is_projected"),
], ids=str)  # fmt: skip
def test_a_wrong_value_among_right_ones(place, value):
    record = invent(sections=sections())
    assert quick_check(SCHEMA)([record])
    spoilt = copy.deepcopy(record)
    holder = spoilt
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    if quick_check(SCHEMA)([record, spoilt, record]):
        assert first_problem(spoilt, SCHEMA) is None
