"""Work of whole records: which model reads how much in which stage."""

from __future__ import annotations

import math

import pytest
from analysis.invented_floors import FUSER, SHAPES, mixture, model
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.analysis.operations import Work, attended, decode, prefill, stage_work
from c2c_timing.stages import Stage

ALL = tuple(stage for stage in Stage if stage.model != "host")


def record(stages=ALL, **changes):
    present = dict.fromkeys((s.key for s in ALL), float("nan")) | dict.fromkeys(
        (s.key for s in stages), 1.0
    )
    return present | {"prompt_length": 11, "num_generated_tokens": 4.0, **changes}


@given(st.integers(0, 60), st.integers(0, 60))
def test_pairs_of_tokens(tokens, context):
    assert attended(tokens, context) == sum(context + n for n in range(1, tokens + 1))


@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 50))
def test_a_prompt_read_in_two_passes_costs_the_same_operations_and_the_weights_twice(a, b, before):
    whole, parts = prefill(model(), a + b, before), prefill(model(), a, before)
    parts += prefill(model(), b, before + a)
    assert parts.flops == whole.flops
    again = 4 * (1010 + 32 * (before + a))
    assert parts.bytes == whole.bytes + again
    assert (parts.operators, parts.passes, parts.chain) == (80, 2, 2 * whole.chain)


@given(st.integers(1, 40), st.integers(0, 50))
def test_further_bytes_of_a_mixture_are_those_of_experts_that_other_tokens_may_wake(
    tokens, context
):
    work = prefill(mixture(), tokens, context)
    assert work.further_bytes == 4 * min(300 * (tokens - 1), 1500)
    plain = prefill(model(), tokens, context)
    assert (work.bytes, work.flops) == (plain.bytes, plain.flops)
    assert plain.further_bytes == 0
    assert (work + work).further_bytes == 2 * work.further_bytes
    assert decode(mixture(), tokens, context) == decode(model(), tokens, context)


@given(st.integers(1, 20), st.integers(0, 50))
def test_decoding_is_a_sum_of_steps(steps, context):
    each = [decode(model(), 1, context + n) for n in range(steps)]
    assert sum(each, Work()) == decode(model(), steps, context)


def test_what_waits_for_one_another_is_five_kernels_a_layer_and_the_lm_head():
    assert prefill(model(), 7).chain == 5 * 2
    assert decode(model(), 3, 7).chain == 3 * (5 * 2 + 1)


def test_half_the_bytes_with_half_the_width():
    wide, narrow = (prefill(model(element_bytes=size), 7) for size in (4, 2))
    assert (narrow.bytes * 2, narrow.flops) == (wide.bytes, wide.flops)


def test_base_alone():
    work = stage_work(record([Stage.BASE_EMBEDDING, Stage.BASE_PREFILL, Stage.DECODE]), SHAPES)
    assert set(work) == {Stage.BASE_EMBEDDING, Stage.BASE_PREFILL, Stage.DECODE}
    assert work[Stage.BASE_PREFILL] == prefill(model(), 10)
    assert work[Stage.DECODE] == decode(model(), 4, 10)


def test_the_teacher_alone_decodes_itself():
    stages = [Stage.TEACHER_EMBEDDING, Stage.TEACHER_PREFILL, Stage.DECODE]
    work = stage_work(record(stages, teacher_prompt_length=11.0), SHAPES)
    assert work[Stage.TEACHER_PREFILL] == prefill(model(3), 10)
    assert work[Stage.DECODE] == decode(model(3), 4, 10)


def test_text_to_text_reads_two_prompts():
    stages = [stage for stage in ALL if stage is not Stage.PROJECTOR]
    facts = {"num_teacher_tokens": 6.0, "teacher_prompt_length": 8.0, "sections": None}
    work = stage_work(record(stages, **facts), SHAPES)
    assert work[Stage.TEACHER_PREFILL] == prefill(model(3), 7)
    assert work[Stage.TEACHER_DECODE] == decode(model(3), 6, 7)
    assert work[Stage.BASE_PREFILL] == prefill(model(), 10)


def fused(**changes):
    stages = [stage for stage in ALL if stage is not Stage.TEACHER_DECODE]
    return record(stages, **{"projector_calls": 2.0, "teacher_prompt_length": 11.0, **changes})


def test_c2c_without_sections_is_one_pass_of_each_model():
    work = stage_work(fused(), SHAPES)
    assert work[Stage.PROJECTOR] == Work(
        2 * 3000 * 10, 4 * (3000 + 30 + 96 * 10), operators=60, passes=1, chain=6
    )
    assert work[Stage.TEACHER_PREFILL] == prefill(model(3), 10)


def test_c2c_with_two_teachers_reads_with_both():
    two = {**SHAPES, "teachers": [model(3), model(5)], "fusers": [FUSER, FUSER]}
    work = stage_work(fused(), two)
    assert work[Stage.TEACHER_PREFILL] == prefill(model(3), 10) + prefill(model(5), 10)
    assert work[Stage.PROJECTOR].flops == 2 * 2 * 3000 * 10


def test_sections_say_what_is_read_and_what_is_projected():
    sections = [
        {"base_tokens": 3, "teacher_tokens": [4], "is_projected": False},
        {"base_tokens": 5, "teacher_tokens": [5], "is_projected": True},
        {"base_tokens": 2, "teacher_tokens": [], "is_projected": False},
    ]
    work = stage_work(fused(sections=sections), SHAPES)
    parts = [prefill(model(), *part) for part in ((3, 0), (5, 3), (2, 8))]
    assert work[Stage.BASE_PREFILL] == sum(parts, Work())
    assert work[Stage.TEACHER_PREFILL] == prefill(model(3), 4) + prefill(model(3), 5, 4)
    assert work[Stage.PROJECTOR].flops == 2 * 3000 * 5


@pytest.mark.parametrize(("runtime", "operators"), [
    ("eager", 60), ("fused", 15), ("graphs", 60), ("another", 60),
])  # fmt: skip
def test_projectors_are_called_as_the_runtime_calls_them(runtime, operators):
    assert stage_work(fused(runtime=runtime), SHAPES)[Stage.PROJECTOR].operators == operators


def test_counts_that_an_older_run_did_not_write_down_are_unknown():
    older = {k: v for k, v in SHAPES.items()
             if k not in ("projection_chain", "fused_projection_operators")}  # fmt: skip
    work = stage_work(fused(runtime="fused"), older)[Stage.PROJECTOR]
    assert math.isnan(work.chain)
    assert math.isnan(work.operators)
    assert stage_work(fused(runtime="eager"), older)[Stage.PROJECTOR].operators == 60


def test_closed_gates_leave_no_work():
    assert Stage.PROJECTOR not in stage_work(fused(projector_calls=0.0), SHAPES)


@pytest.mark.parametrize(("unknown", "lost"), [
    ({"base": None}, {Stage.BASE_EMBEDDING, Stage.BASE_PREFILL, Stage.DECODE}),
    ({"teachers": [None]}, {Stage.TEACHER_EMBEDDING, Stage.TEACHER_PREFILL}),
])  # fmt: skip
def test_a_model_without_shapes_leaves_its_stages_out(unknown, lost):
    complete = stage_work(fused(), SHAPES)
    assert set(complete) - set(stage_work(fused(), {**SHAPES, **unknown})) == lost
