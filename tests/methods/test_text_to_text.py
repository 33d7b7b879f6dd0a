"""Text-to-text against transformers' own generation, with the project's tiny tokenizer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine.running import run
from engine.tiny_models import tiny_model
from transformers import AutoTokenizer

from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.data.background import background_request
from c2c_timing.data.prompts import Prompt
from c2c_timing.engine.causal_lm import CausalLM
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import build_request, same_ids
from c2c_timing.errors import SampleError
from c2c_timing.methods import t2t
from c2c_timing.methods.text_exchange import exchange_for
from c2c_timing.settings import RunSettings
from c2c_timing.stages import Stage

MESSAGE_TOKENS, NEW_TOKENS = 6, 5
QUESTION = "What should one know of bread?"
BEFORE = [{"role": "user", "content": background_request(QUESTION)}]
AFTER = {"role": "user", "content": "How much is a loaf?"}


@pytest.fixture(scope="module")
def pair():
    tokenizer = AutoTokenizer.from_pretrained(load_pair_card("tiny").base.tokenizer)
    base, teacher = (tiny_model(name, seed) for seed, name in enumerate(("qwen3", "llama")))
    models = []
    for lm in (base, teacher):
        lm.model.resize_token_embeddings(len(tokenizer) + 3, mean_resizing=False)
        models.append(CausalLM(lm.name, lm.model, tokenizer))
    return ModelPair(models[0], [models[1]], [], "sequential", torch.device("cpu"))


def make_task(pair, message_max_tokens=MESSAGE_TOKENS, is_chat=True):
    ids = list(range(10, 30))
    request = build_request(same_ids(ids, 1), Decoding(NEW_TOKENS), pair.device)
    settings = RunSettings(load_pair_card("tiny"), message_max_tokens=message_max_tokens)
    prompt = Prompt([AFTER], is_chat, question=QUESTION)
    exchange = exchange_for(prompt, pair, settings, request)
    return t2t.TextTask(request, exchange.tokenize_ms, {}, exchange)


def greedy(model, ids, tokens):
    for _ in range(tokens):
        chosen = model(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item()
        ids = [*ids, chosen]
    return ids[-tokens:]


@torch.inference_mode()
@pytest.mark.parametrize("is_chat", [True, False])
def test_message_and_answer_are_what_the_models_say_alone(pair, is_chat):
    task = make_task(pair, is_chat=is_chat).at_length("fixed")
    answer, reading, _ = run(t2t, pair, task)
    exchange, tokenizer = task.exchange, pair.base.tokenizer
    message_ids = greedy(
        pair.teachers[0].model, exchange.teacher_ids[0].tolist(), exchange.message_max_tokens
    )
    message = answer.facts["message"]
    assert message == pair.teachers[0].text_of(message_ids)
    chat = [*BEFORE, {"role": "assistant", "content": message}, AFTER]
    if is_chat:
        text = tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    else:
        text = "\n\n".join(turn["content"] for turn in chat)
    assert answer.facts["prompt"] == text
    ids = exchange.base_prompt(message_ids).ids[0].tolist()
    assert ids == tokenizer.encode(text)
    assert answer.facts["prompt_length"] == len(ids)
    assert answer.ids == greedy(pair.base.model, ids, NEW_TOKENS)
    counts = {stage: len(reading.durations_ms(stage)) for stage in Stage}
    assert counts == {
        Stage.TEACHER_EMBEDDING: 1, Stage.TEACHER_PREFILL: 1, Stage.TEACHER_DECODE: MESSAGE_TOKENS,
        Stage.HANDOVER: 1, Stage.BASE_EMBEDDING: 1, Stage.BASE_PREFILL: 1, Stage.DECODE: NEW_TOKENS,
        Stage.PROJECTOR: 0,
    }  # fmt: skip


@torch.inference_mode()
def test_at_natural_length_the_message_ends_where_the_teacher_ends_it(pair):
    task = make_task(pair)
    teacher = pair.teachers[0]
    says = greedy(teacher.model, task.exchange.teacher_ids[0].tolist(), MESSAGE_TOKENS)
    stops = ModelPair(
        pair.base, [replace_eos(teacher, says[0])], [], "sequential", torch.device("cpu")
    )
    natural, fixed = (run(t2t, stops, task.at_length(v))[1] for v in ("natural", "fixed"))
    assert len(natural.durations_ms(Stage.TEACHER_DECODE)) == 1
    assert len(fixed.durations_ms(Stage.TEACHER_DECODE)) == MESSAGE_TOKENS


def replace_eos(lm, eos_id):
    copy = CausalLM(lm.name, lm.model, lm.tokenizer)
    copy.eos_ids = frozenset([eos_id])
    return copy


def test_what_does_not_fit_is_a_clear_error(pair):
    with pytest.raises(SampleError, match="lower message_max_tokens"):
        make_task(pair, message_max_tokens=600)
    exchange = make_task(pair).exchange
    tight = replace(exchange, base_capacity=exchange.teacher_ids.shape[1])
    with pytest.raises(SampleError, match="teacher's message"):
        tight.base_prompt([12] * 50)


def test_ids_that_a_stand_in_tokenizer_does_not_know_still_become_text(pair):
    known = len(pair.base.tokenizer)
    assert pair.base.text_of([known + 40, 41]) == pair.base.text_of([40, 41]) != ""
