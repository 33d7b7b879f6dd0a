"""The tokenizer of dummy pairs against Qwen's: tokens of the same texts, and of whole prompts.

Qwen's counts were made with its published ranks (151,643 tokens); nothing here downloads them.
"""

from __future__ import annotations

import functools
import json
from statistics import mean

import pytest
from folders import SHARED

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import available_pairs, load_pair_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.engine.rendering import encode_chat

REAL_ROWS = SHARED / "realdata"
WEATHER = """\
The storm that crossed the northern coast on Tuesday evening left about forty thousand households \
without electricity. Engineers said that most of them would be connected again by the weekend, but \
warned that several bridges need to be inspected before heavy traffic may return."""
CODE = """\
def moving_average(values, width):
    if width < 1 or width > len(values):
        raise ValueError(f"width must lie in 1..{len(values)}, not {width}")
    total = sum(values[:width])
    averages = [total / width]
    for old, new in zip(values, values[width:]):
        total += new - old
        averages.append(total / width)
    return averages
"""
MATHEMATICS = """\
Let $f(x) = \\frac{x^2 - 3x + 2}{x - 1}$ for $x \\neq 1$. Find the sum of all integers $n$ such that \
$\\left| f(n) \\right| \\le 12$ and $n \\equiv 1 \\pmod{4}$, given that $1 + 2 + \\cdots + 25 = 325$."""
CHINESE = """\
市政府昨天宣布，新建的地铁线路将在明年春天开始运行。这条线路全长三十公里，连接机场和老城区，\
预计每天可以运送二十万名乘客。附近的居民表示，他们希望票价不要太高。"""
QWEN_TOKENS = {WEATHER: 47, CODE: 87, MATHEMATICS: 94, CHINESE: 44}
# Mean tokens of whole prompts with the published wording.
PUBLISHED = {
    ("gsm8k", "main", "gsm8k/test.jsonl"): 149.3,
    ("math-500", "main", "math-500/test.jsonl"): 159.2,
    ("ai2-arc", "ARC-Challenge", "ai2_arc/ARC-Challenge.test.jsonl"): 141.2,
}
DUMMIES = [load_pair_card(n).with_weights("dummy") for n in available_pairs() if n != "tiny"]


@functools.cache
def tokenizer():
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(DUMMIES[0].base.tokenizer)


def tokens(text):
    return len(tokenizer().encode(text, add_special_tokens=False))


@pytest.mark.parametrize("text", QWEN_TOKENS, ids=["English", "code", "mathematics", "Chinese"])
def test_it_reads_about_as_many_tokens_as_qwen(text):
    assert tokens(text) == pytest.approx(QWEN_TOKENS[text], rel=0.15)


def test_digits_stand_alone_and_a_chat_has_twelve_tokens_around_it():
    assert tokens("12345") == 5
    _, ids = encode_chat([{"role": "user", "content": "?"}], True, tokenizer())
    assert len(ids) == 1 + 12


@pytest.mark.parametrize("text", [*QWEN_TOKENS, "\r\n\t é 🙂 \0 ｆｕｌｌ"])
def test_nothing_is_lost(text):
    ids = tokenizer().encode(text, add_special_tokens=False)
    assert tokenizer().decode(ids) == text


@pytest.mark.parametrize("card", DUMMIES, ids=lambda card: card.name)
def test_every_model_of_a_dummy_pair_knows_its_ids(card):
    for spec in (card.base, *card.teachers):
        assert spec.tokenizer == DUMMIES[0].base.tokenizer
        shape = json.loads((spec.config / "config.json").read_text(encoding="utf-8"))
        assert len(tokenizer()) <= shape["vocab_size"]


@pytest.mark.parametrize("name, row, published", [
    ("gsm8k", {"question": "x", "answer": ""}, 90),
    ("openbookqa", {"question_stem": "x", "choices": ["x", "x", "x", "x"]}, 98),
    ("mmlu-pro", {"question": "x", "options": ["x"] * 10}, 122),
])  # fmt: skip
def test_the_wording_is_as_long_as_the_published_one(name, row, published):
    card = load_dataset_card(name)
    prompt = build_prompt(card, next(iter(card.subjects)), row)
    _, ids = encode_chat(prompt.messages, prompt.chat, tokenizer())
    assert len(ids) == pytest.approx(published, rel=0.04)


@pytest.mark.skipif(
    not REAL_ROWS.is_dir(), reason="real rows lie beside the project's own checkout"
)
@pytest.mark.parametrize("name, subject, path", PUBLISHED)
def test_whole_prompts_are_about_as_long_as_the_published_ones(name, subject, path):
    card, lengths = load_dataset_card(name), []
    for line in (REAL_ROWS / path).read_text(encoding="utf-8").splitlines()[::10]:
        prompt = build_prompt(card, subject, json.loads(line))
        lengths.append(len(encode_chat(prompt.messages, prompt.chat, tokenizer())[1]))
    assert mean(lengths) == pytest.approx(PUBLISHED[name, subject, path], rel=0.12)
