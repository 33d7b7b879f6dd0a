from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.prompts import build_prompt, normalise_choices, truncate_middle
from c2c_timing.errors import SampleError

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)


class Characters:
    """A tokenizer of one token a character."""

    def encode(self, text, add_special_tokens):
        return [ord(character) for character in text]

    def decode(self, ids, skip_special_tokens):
        return "".join(map(chr, ids))


@given(st.lists(st.text(), min_size=2, max_size=10))
def test_choices_are_lettered_by_position(texts):
    expected = [(chr(65 + place), text) for place, text in enumerate(texts)]
    labelled = {"text": texts, "label": [str(place) for place in range(len(texts))]}
    for value in (texts, labelled):
        assert [(c["letter"], c["text"]) for c in normalise_choices(value)] == expected


@pytest.mark.parametrize("value", [
    ["a"], {"text": ["a"], "label": ["A"]}, {"text": ["a", "b"], "label": ["A"]},
    {"text": ["a", "b"], "label": "AB"},
])  # fmt: skip
def test_what_offers_no_choice_is_refused(value):
    with pytest.raises(SampleError, match=r"one option|as many labels"):
        normalise_choices(value)


@given(ANYTHING)
def test_any_value_is_choices_or_a_clear_error(value):
    try:
        choices = normalise_choices(value)
    except SampleError as error:
        assert error.stage == "prompt"
    else:
        assert 2 <= len(choices) <= 10


@pytest.mark.parametrize("name", ["gsm8k", "mmlu", "ai2-arc", "openhermes", "longbench"])
@given(data=st.data())
def test_any_row_is_a_prompt_or_a_clear_error(name, data):
    card = load_dataset_card(name)
    columns = ["question", "choices", "conversations", "context", "input", "answer"]
    row = data.draw(st.dictionaries(st.sampled_from(columns), ANYTHING))
    try:
        prompt = build_prompt(card, next(iter(card.subjects)), row)
    except SampleError as error:
        assert error.stage == "prompt"
    else:
        assert prompt.messages[-1]["content"]


def test_row_text_is_never_a_template():
    card = load_dataset_card("gsm8k")
    prompt = build_prompt(card, "main", {"question": "{{ 7*7 }} {% raw %}", "answer": ""})
    assert "{{ 7*7 }} {% raw %}" in prompt.messages[0]["content"]


def test_a_conversation_ends_before_its_last_turn_and_drops_the_system():
    turns = [("system", ""), ("human", " Hi "), ("gpt", "Hello"), ("human", "Why?"), ("gpt", "So.")]
    row = {"conversations": [{"from": who, "value": text} for who, text in turns]}
    prompt = build_prompt(load_dataset_card("openhermes"), "main", row)
    assert prompt.messages == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Why?"},
    ]


def test_six_long_tasks_go_without_a_chat_template():
    card = load_dataset_card("longbench")
    plain = {subject for subject in card.subjects if not card.is_chat(subject)}
    assert plain == {"trec", "triviaqa", "samsum", "lsht", "lcc", "repobench-p"}


@given(st.text(), st.integers(2, 50))
def test_truncation_keeps_both_ends(text, limit):
    short = truncate_middle(text, Characters(), limit)
    if len(text) <= limit:
        assert short == text
    else:
        half = limit // 2
        assert short == text[:half] + text[-half:]
