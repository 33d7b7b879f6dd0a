"""Prompts that are written to a length: just as long, the same from the same seed, as the data set's."""

from __future__ import annotations

import functools
import itertools
import random
from dataclasses import replace

import numpy as np
import pytest
from engine.tiny_tokenizers import CHATML, chatml, headers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from c2c_timing.cards.dataset_card import (
    QUANTILES,
    available_datasets,
    load_dataset_card,
    read_dataset_card,
)
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.sources import SourceSpec, read_rows
from c2c_timing.data.sources.rows import with_ids
from c2c_timing.data.synthetic import (
    Writer,
    check_lengths,
    length_at,
    synthetic_card,
    wanted_lengths,
    write_rows,
)
from c2c_timing.engine.rendering import encode_chat
from c2c_timing.errors import UserError
from c2c_timing.places import PAIRS

GSM8K = load_dataset_card("gsm8k")
DRAWN = SourceSpec("synthetic")
# What a prompt may lack; it is never too long.
TOLERANCE = 2


def trained(model, trainer, pre_tokenizer):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizer
    rows = read_rows(load_dataset_card("longbench"), "gov_report", SourceSpec("builtin"))
    tokenizer.train_from_iterator([row.values["context"] for row in rows], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", chat_template=CHATML
    )


@functools.cache
def tokenizer(name):
    unknown = {"special_tokens": ["[UNK]"]}
    makers = {
        "bytes' pairs": lambda: AutoTokenizer.from_pretrained(PAIRS / "tokenizers" / "tiny"),
        "Qwen's rules": lambda: AutoTokenizer.from_pretrained(PAIRS / "tokenizers" / "qwen-like"),
        "letters": chatml,
        "letters, trimmed by the template": headers,
        "letters, no template": lambda: headers(template=None),
        "pieces of words": lambda: trained(
            models.WordPiece(unk_token="[UNK]"),
            trainers.WordPieceTrainer(vocab_size=800, **unknown),
            pre_tokenizers.BertPreTokenizer(),
        ),
        "blanks within pieces": lambda: trained(
            models.Unigram(),
            trainers.UnigramTrainer(vocab_size=800, unk_token="[UNK]", **unknown),
            pre_tokenizers.Metaspace(),
        ),
    }
    return makers[name]() if name else list(makers)


def counter(name, is_chat):
    def count(text):
        return len(encode_chat([{"role": "user", "content": text}], is_chat, tokenizer(name))[1])

    return count


@settings(max_examples=40)
@given(
    name=st.sampled_from(tokenizer("")), is_chat=st.booleans(), seed=st.integers(0, 99),
    tokens=st.one_of(st.integers(1, 400), st.sampled_from([1000, 3000])),
)  # fmt: skip
def test_a_prompt_is_as_long_as_wanted_with_any_tokenizer(name, is_chat, seed, tokens):
    count = counter(name, is_chat)
    writer = Writer(count, 10_000)
    template = count("")
    try:
        text = writer.text(tokens, random.Random(seed))
    except ValueError as error:
        assert tokens <= template + TOLERANCE
        assert "too few" in str(error)
    else:
        assert 0 <= tokens - count(text) <= TOLERANCE
        assert text == text.strip() != ""


@settings(max_examples=20)
@given(seed=st.integers(0, 2**63), subject=st.sampled_from(["virology", "anatomy"]),
       number=st.integers(0, 6), more=st.integers(0, 3), given_lengths=st.booleans())  # fmt: skip
def test_the_same_seed_writes_the_same_prompts_and_a_longer_run_begins_with_them(
    seed, subject, number, more, given_lengths
):
    card = synthetic_card(load_dataset_card("mmlu"))
    spec = replace(DRAWN, prompt_tokens=(40, 90) if given_lengths else None)

    def rows(seed, number, subject=subject):
        writer = Writer(counter("bytes' pairs", True), 10_000)
        return list(with_ids(write_rows(card, subject, spec, seed, writer, number), card, subject))

    first = rows(seed, number)
    assert rows(seed, number + more)[:number] == first
    assert len({row.id for row in first}) == number
    for others in (rows(seed + 1, number), rows(seed, number, "astronomy")):
        assert not {row.id for row in first} & {row.id for row in others}


@pytest.mark.parametrize("number", [8, 100, 1000])
@pytest.mark.parametrize(("dataset", "subject"), [
    (name, subject) for name in available_datasets()
    for subject in itertools.islice(load_dataset_card(name).subjects, 2)
    if load_dataset_card(name).prompt_tokens_for(subject)
])  # fmt: skip
def test_however_many_are_drawn_their_lengths_are_the_data_set_s(dataset, subject, number):
    card = load_dataset_card(dataset)
    known = card.prompt_tokens_for(subject)
    for seed in range(3):
        drawn = np.array(list(itertools.islice(wanted_lengths(card, subject, DRAWN, seed), number)))
        assert known["min"] <= drawn.min() <= drawn.max() <= known["max"]
        for name, share in QUANTILES.items():
            # As even as points on a line can be: an independent draw of 1000 misses by 0.03.
            below, up_to = (drawn < known[name]).mean(), (drawn <= known[name]).mean()
            assert below - 2 / number - 0.01 <= share <= up_to + 2 / number + 0.01


def test_quantiles_are_met_and_lengths_grow_between_them():
    known = GSM8K.prompt_tokens_for("main")
    assert [length_at(known, share) for share in QUANTILES.values()] == list(known.values())
    lengths = [length_at(known, share / 100) for share in range(101)]
    assert lengths == sorted(lengths)


def test_given_lengths_take_turns():
    spec = replace(DRAWN, prompt_tokens=(64, 512, 4096))
    drawn = list(itertools.islice(wanted_lengths(GSM8K, "main", spec, 0), 5))
    assert drawn == [64, 512, 4096, 64, 512]


def test_what_stands_for_the_rows_asks_as_they_do_and_has_no_right_answer():
    card = synthetic_card(load_dataset_card("longbench"))
    assert not card.is_chat("trec")
    assert card.is_chat("hotpotqa")
    assert card.max_new_tokens_for("hotpotqa") == 32
    assert card.truncation is card.question is None
    assert card.answer_for("trec")["rule"] == "none"
    assert synthetic_card(GSM8K).question is not None


@pytest.mark.parametrize(("cards", "spec", "number", "says"), [
    ({"gsm8k": ["main"]}, SourceSpec("builtin", prompt_tokens=(64,)), 8, "source is builtin"),
    ({"gsm8k": ["main"], "longbench": ["trec"]}, DRAWN, 8, "longbench are is not known"),
    ({"gsm8k": ["main"]}, DRAWN, None, "give num_samples or prompt_tokens"),
])  # fmt: skip
def test_what_is_not_said_is_asked_for(cards, spec, number, says):
    with pytest.raises(UserError, match=says):
        check_lengths(cards, spec, number)
    check_lengths(cards, SourceSpec("synthetic", prompt_tokens=(64,)), None)
    check_lengths(cards, SourceSpec("hub"), None)


def test_quantiles_that_do_not_grow_are_refused(tmp_path):
    path = tmp_path / "odd.yaml"
    text = GSM8K.path.read_text()
    path.write_text(text.replace("p90: 180", "p90: 20"))
    assert text != path.read_text()
    with pytest.raises(UserError, match="prompt_tokens of main: must grow"):
        read_dataset_card(path)


def test_pairs_with_two_tokenizers_read_prompts_as_long_as_wanted(tmp_path):
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.session import Session
    from c2c_timing.settings import RunSettings
    from c2c_timing.shard.sample_loop import SampleLoop
    from c2c_timing.shard.samples import card_of_rows, read_samples

    pair = load_pair_card("tiny")
    headers().save_pretrained(tmp_path)
    teachers = tuple(replace(teacher, tokenizer=tmp_path) for teacher in pair.teachers)
    lengths = (50, 333)
    source = SourceSpec("synthetic", prompt_tokens=lengths)
    run = RunSettings(
        replace(pair, teachers=teachers, alignment="first"), ("base", "c2c", "c2c_shuffled"),
        source=source, max_new_tokens=2, device="cpu",
    )  # fmt: skip
    walls = WallTimes()
    session, card = Session(run, walls), card_of_rows(GSM8K, source)
    rows = read_samples(card, "main", session)
    loop = SampleLoop(session, walls, 1)
    rows = [replace(row, other=rows[not place]) for place, row in enumerate(rows)]
    results = [loop.time_row(card, "main", row) for row in rows]
    assert [result.errors for result in results] == [[], []]
    records = [record for result in results for record in result.records]
    assert {record["correct"] for record in records} == {None}
    assert {record["source"] for record in records} == {"synthetic"}
    assert [record["wanted_prompt_length"] for record in records] == [50] * 3 + [333] * 3
    for record in records:
        read = record["prompt_length"] - (record["base_padding_tokens"] or 0)
        assert 0 <= record["wanted_prompt_length"] - read <= TOLERANCE
