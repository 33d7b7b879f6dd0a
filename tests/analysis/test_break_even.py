"""Fits and break-even on invented records whose costs are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from c2c_timing.analysis.break_even import COLUMNS, break_even, break_even_of, break_even_table
from c2c_timing.analysis.columns import CONDITIONS
from c2c_timing.analysis.stage_costs import fit_stages, stage_costs

# a in ms, b in ms per token
COSTS = {
    "base_embedding": (0.1, 0.0), "base_prefill": (5, 0.02), "teacher_embedding": (0.2, 0.0),
    "teacher_prefill": (8, 0.05), "projector": (30, 0.1), "handover": (1, 0.01),
    "teacher_decode": (0.5, 3.0), "decode": (0.3, 2.0),
}  # fmt: skip
MESSAGE, ANSWER = 80, 12


def records(noise=0.02, samples=30, repeats=3, seed=0):
    rng = np.random.default_rng(seed)

    def cost(stage, tokens):
        a, b = COSTS[stage]
        return (a + b * tokens) * rng.lognormal(0, noise)

    rows = []
    for n in range(samples):
        prompt = int(rng.integers(100, 400))
        for repeat in range(1, repeats + 1):
            where = {"id": f"x{n}", "dataset": "ab"[n % 2], "subject": "main", "repeat": repeat}
            c2c = {
                "method": "c2c", "prompt_length": prompt, "teacher_prompt_length": prompt,
                "base_embedding_ms": cost("base_embedding", prompt - 1),
                "base_prefill_ms": cost("base_prefill", prompt - 1),
                "teacher_embedding_ms": cost("teacher_embedding", prompt - 1),
                "teacher_prefill_ms": cost("teacher_prefill", prompt - 1),
                "projector_total_ms": cost("projector", prompt - 1),
                "num_generated_tokens": ANSWER,
            }  # fmt: skip
            chat, background = 2 * prompt, prompt - 40
            t2t = {
                "method": "t2t", "prompt_length": chat + MESSAGE, "teacher_prompt_length": background,
                "message_length": MESSAGE, "num_teacher_tokens": MESSAGE,
                "base_embedding_ms": cost("base_embedding", chat + MESSAGE - 1),
                "base_prefill_ms": cost("base_prefill", chat + MESSAGE - 1),
                "teacher_embedding_ms": cost("teacher_embedding", background - 1),
                "teacher_prefill_ms": cost("teacher_prefill", background - 1),
                "handover_ms": cost("handover", MESSAGE), "num_generated_tokens": ANSWER,
            }  # fmt: skip
            a, b = COSTS["teacher_decode"]
            steps = np.array([a + b, *[b] * (MESSAGE - 1)]) * rng.lognormal(0, noise)
            t2t |= {"teacher_decode_total_ms": steps.sum(), "teacher_decode_step_times_ms": steps}
            for row in (c2c, t2t):
                a, b = COSTS["decode"]
                scale = rng.lognormal(0, noise)
                steps = np.array([a + b, *[b] * (ANSWER - 1)]) * scale
                row |= {"decode_total_ms": steps.sum(), "decode_step_times_ms": steps}
                rows.append(where | row)
    table = pd.DataFrame(rows)
    for column in ("projector_total_ms", "message_length", "teacher_decode_step_times_ms"):
        assert column in table
    return table.assign(**dict.fromkeys(CONDITIONS, "x"))


def test_the_lines_are_those_that_made_the_times():
    lines = fit_stages(records(noise=1e-6))
    for (method, stage), line in lines.items():
        a, b = COSTS[stage]
        seen = line.tokens[1]
        assert line.at(seen)[0] == pytest.approx(a + b * seen, rel=1e-3), (method, stage)
        if line.tokens[0] < seen:
            assert line.coefficients == pytest.approx([a, b], abs=2e-3)
        assert line.median_error < 1e-3
    # All messages have one length: nobody can tell what a token of the handover costs.
    assert lines["t2t", "handover"].coefficients[1] == 0
    assert {stage for method, stage in lines if method == "c2c"} == set(COSTS) - {
        "teacher_decode", "handover",
    }  # fmt: skip


def true_break_even(setting):
    at = {stage: lambda n, a=a, b=b: a + b * n for stage, (a, b) in COSTS.items()}
    prompt, background, chat = setting.prompt - 1, setting.background - 1, setting.chat - 1
    c2c = sum(at[s](prompt) for s in ("base_prefill", "teacher_prefill", "projector"))
    t2t = at["teacher_prefill"](background) + at["base_prefill"](chat) + COSTS["teacher_decode"][0]
    t2t += at["handover"](MESSAGE)
    return (c2c - t2t) / (COSTS["teacher_decode"][1] + COSTS["base_prefill"][1])


def test_the_break_even_is_found_inside_its_interval():
    inside = 0
    for seed in range(40):
        found = break_even_of(records(seed=seed), seed)
        _, low, high = found.tokens
        inside += low <= true_break_even(found.setting) <= high
    assert inside >= 36
    exact = break_even(records(noise=1e-6))[""]
    assert exact.tokens[0] == pytest.approx(true_break_even(exact.setting), abs=0.1)


def test_tables_have_a_row_for_each_scope_and_stage():
    table = break_even_table(records())
    assert list(table.columns) == COLUMNS
    assert sorted(table["dataset"]) == ["", "a", "b"]
    assert table["finding"].str.startswith("C2C costs less once the message").all()
    costs = stage_costs(records())
    assert (costs["num_samples"] == 30).all()
    assert (costs["num_records"] == 90).all()
    prefill = costs[(costs["method"] == "c2c") & (costs["stage"] == "teacher_prefill")].iloc[0]
    assert prefill["b_ms_per_token_low"] <= 0.05 <= prefill["b_ms_per_token_high"]


def test_a_cheap_cache_needs_no_message_and_one_method_has_no_break_even():
    table = records()
    table["projector_total_ms"] *= 0.01
    table.loc[table["method"] == "c2c", "teacher_prefill_ms"] *= 0.01
    found = break_even(table)[""]
    assert found.tokens[0] < 0
    assert found.finding == "C2C costs less at any length of message"
    assert break_even(table[table["method"] == "c2c"]) == {}
    assert break_even_table(table[table["method"] == "t2t"]).empty
