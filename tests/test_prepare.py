"""Limits on prompts: counted one way, and told in the record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sessions import with_settings

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.prompts import build_prompt, content_length
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.errors import SampleError
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.method_table import METHODS
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard.sample_loop import SampleLoop

SETTINGS = RunSettings(
    load_pair_card("tiny"), methods=tuple(METHODS), max_new_tokens=2, message_max_tokens=2,
    device="cpu", num_samples=2,
)  # fmt: skip


@pytest.fixture(scope="module")
def session():
    return Session(SETTINGS, WallTimes())


def first_row(name, subject):
    card = load_dataset_card(name)
    return card, next(iter(read_rows(card, subject, SourceSpec("builtin"))))


def limited(session, limit):
    return with_settings(session, replace(SETTINGS, max_prompt_tokens=limit))


@pytest.mark.parametrize("name, subject", [
    ("gsm8k", "main"), ("longbench", "hotpotqa"), ("longbench", "trec"), ("openhermes", "main"),
])  # fmt: skip
def test_the_longest_prompt_is_counted_one_way_everywhere(session, name, subject):
    card, row = first_row(name, subject)
    prompt = build_prompt(card, subject, row.values)
    length = content_length(prompt.messages, session.pair.base.tokenizer)
    fits = limited(session, length).preparation.sample(prompt, card, subject)
    assert fits.prompt == prompt
    less = limited(session, length - 1).preparation
    if card.truncation:
        cut = less.sample(prompt, card, subject).prompt
        assert cut.is_truncated
        assert cut.messages != prompt.messages
    else:
        with pytest.raises(SampleError, match=f"{length} tokens before the chat template"):
            less.sample(prompt, card, subject)


@pytest.mark.parametrize("name, subject, limit, is_truncated", [
    ("longbench", "hotpotqa", 300, True), ("gsm8k", "main", None, False),
])  # fmt: skip
def test_every_record_says_whether_its_prompt_was_truncated(
    session, name, subject, limit, is_truncated
):
    card, row = first_row(name, subject)
    loop = SampleLoop(limited(session, limit), WallTimes(), 1)
    records = loop.time_row(card, subject, row).records
    assert {record["method"] for record in records} >= {"base", "teacher", "t2t", "c2c"}
    assert {record["prompt_truncated"] for record in records} == {is_truncated}
