"""Every model is asked in its own template, with the special tokens that no template wrote."""

from __future__ import annotations

import pytest
from engine.ladder import CPU, opened, outcome, pair_of
from engine.tiny_models import tiny_model
from engine.tiny_tokenizers import chatml, headers

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.prompts import Prompt, build_prompt
from c2c_timing.engine.causal_lm import CausalLM
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.prompt_ids import tokenize_prompt
from c2c_timing.engine.rendering import encode_chat
from c2c_timing.errors import SampleError
from c2c_timing.methods import base, c2c, load_methods, t2t, teacher
from c2c_timing.methods.task import Sample
from c2c_timing.prepare import no_other
from c2c_timing.settings import RunSettings

ASK = [{"role": "user", "content": "How much is a loaf?"}]
PAIRS = {
    "both": (chatml(), headers()),
    "base alone": (chatml(), headers(template=None)),
    "teacher alone": (chatml(template=None), headers()),
    "none": (chatml(template=None), headers(template=None)),
    "begin-of-text of the base": (headers(template=None), chatml()),
}


def pair_with(*tokenizers) -> ModelPair:
    models = [
        CausalLM(name, tiny_model(name, seed).model, tokenizer)
        for seed, (name, tokenizer) in enumerate(zip(("qwen3", "llama"), tokenizers, strict=True))
    ]
    return pair_of(models[0], models[1:])


def sample_of(pair, prompt, alignment="first", new_tokens=3):
    decoding = Decoding(new_tokens, ignore_eos=True)
    tokenized = tokenize_prompt(prompt.messages, prompt.chat, pair, alignment, decoding)
    settings = RunSettings(load_pair_card("tiny"), message_max_tokens=3)
    return Sample("x", pair, settings, prompt, tokenized, no_other)


def alone(tokenizer, is_chat=True, messages=ASK):
    """What transformers makes of a chat for one model."""
    if is_chat and tokenizer.chat_template:
        return tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=False
        )
    return tokenizer("\n\n".join(m["content"] for m in messages))["input_ids"]


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_chat", [True, False])
@pytest.mark.parametrize("alignment", ["longest", None])
def test_a_model_asked_alone_reads_its_own_template(name, is_chat, alignment):
    pair = pair_with(*PAIRS[name])
    sample = sample_of(pair, Prompt(ASK, is_chat), alignment)
    for method, model, key in (
        (base, pair.base, "base_ids"),
        (teacher, pair.teachers[0], "teacher_ids"),
    ):
        task, ids = method.prepare(sample), alone(model.tokenizer, is_chat)
        assert getattr(task.request, key).tolist() == [ids]
        assert task.facts["prompt_length"] == len(ids)
        assert task.facts["prompt"] in model.tokenizer.decode(ids)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("is_chat", [True, False])
def test_every_method_answers_whatever_templates_there_are(name, is_chat):
    pair = pair_with(*PAIRS[name])
    sample = sample_of(pair, Prompt(ASK, is_chat))
    for runtime in ("eager", "moves"):
        for method in (base, teacher, c2c, t2t):
            answer = outcome(opened(runtime, pair), method, method.prepare(sample)).answer
            assert len(answer.ids) == 3


@pytest.mark.parametrize("is_chat", [True, False])
@pytest.mark.parametrize("template", [None, headers().chat_template])
def test_begin_of_text_stands_there_once(is_chat, template):
    tokenizer = headers(template=template)
    _, ids = encode_chat(ASK, is_chat, tokenizer)
    assert [n for n, i in enumerate(ids) if i == tokenizer.bos_token_id] == [0]


def test_both_models_of_aligned_pairs_have_begin_of_text_on_tasks_without_a_template():
    card = load_dataset_card("longbench")
    subject = next(subject for subject in card.subjects if not card.is_chat(subject))
    row = {"input": "How much is a loaf?", "context": "Bread. " * 9, "answers": ["2"]}
    prompt = build_prompt(card, subject, row)
    pair = pair_with(headers(), headers(["a+b"]))
    request = sample_of(pair, prompt).tokenized.request
    first = request.sections[0]
    assert first.base_ids[0, 0] == pair.base.tokenizer.bos_token_id
    assert first.teacher_ids[0][0, 0] == pair.teachers[0].tokenizer.bos_token_id
    assert request.base.padding is request.teachers[0].padding is None
    assert outcome(opened("eager", pair), c2c, request).answer.projector_calls


def test_text_to_text_has_begin_of_text_in_a_chat_without_a_template():
    pair = pair_with(headers(template=None), headers(["a+b"], template=None))
    task = t2t.prepare(sample_of(pair, Prompt(ASK, True)))
    assert task.exchange.teacher_ids[0, 0] == pair.teachers[0].tokenizer.bos_token_id
    assert task.exchange.base_prompt([5, 6]).ids[0, 0] == pair.base.tokenizer.bos_token_id


def test_what_only_the_teacher_cannot_read_is_its_trouble_alone():
    refuses = headers(template="{{ raise_exception('no such role') }}")
    pair = pair_with(chatml(), refuses)
    sample = sample_of(pair, Prompt(ASK, True), alignment=None)
    methods = load_methods()
    assert methods["base"].prepare(sample) and methods["c2c"].prepare(sample)
    with pytest.raises(Exception, match="no such role"):
        methods["teacher"].prepare(sample)


def test_a_teacher_s_own_prompt_is_checked():
    long = headers(template="<s>" + "so " * 200 + "{{ messages[0].content }}")
    sample = sample_of(pair_with(chatml(), long), Prompt(ASK, True), alignment=None)
    with pytest.raises(SampleError, match="llama's context window"):
        teacher.prepare(sample)
    assert sample.tokenized.request.base_ids.device == CPU
