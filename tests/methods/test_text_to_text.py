"""Text-to-text against transformers' own generation, with the project's tiny tokenizer."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from engine.tiny_models import tiny_model
from transformers import AutoTokenizer

from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.engine.causal_lm import CausalLM
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import build_request, same_ids
from c2c_timing.errors import SampleError
from c2c_timing.meters.clock import StageClock
from c2c_timing.methods.t2t import run_t2t
from c2c_timing.methods.text_exchange import build_exchange
from c2c_timing.stages import Stage

MESSAGE_TOKENS, NEW_TOKENS = 6, 5
BEFORE = [{"role": "user", "content": "What should one know of bread?"}]
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


def make_request(pair, message_max_tokens=MESSAGE_TOKENS, is_chat=True):
    ids = list(range(10, 30))
    request = build_request(same_ids(ids, 1), Decoding(NEW_TOKENS), pair.device)
    exchange = build_exchange(
        BEFORE, AFTER, is_chat, pair.base, pair.teachers[0], message_max_tokens, NEW_TOKENS,
        pair.device,
    )  # fmt: skip
    return replace(request, exchange=exchange)


def greedy(model, ids, tokens):
    for _ in range(tokens):
        chosen = model(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item()
        ids = [*ids, chosen]
    return ids[-tokens:]


@torch.inference_mode()
@pytest.mark.parametrize("is_chat", [True, False])
def test_message_and_answer_are_what_the_models_say_alone(pair, is_chat):
    request, clock = make_request(pair, is_chat=is_chat).at_length("fixed"), StageClock()
    answer = run_t2t(pair, request, clock)
    exchange, tokenizer = request.exchange, pair.base.tokenizer
    message_ids = greedy(
        pair.teachers[0].model, exchange.teacher_ids[0].tolist(), exchange.message_max_tokens
    )
    prompt = answer.base_prompt
    assert prompt.message == pair.teachers[0].text_of(message_ids)
    chat = [*BEFORE, {"role": "assistant", "content": prompt.message}, AFTER]
    if is_chat:
        text = tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    else:
        text = "\n\n".join(turn["content"] for turn in chat)
    assert prompt.text == text
    assert prompt.ids[0].tolist() == tokenizer.encode(text)
    assert answer.ids == greedy(pair.base.model, prompt.ids[0].tolist(), NEW_TOKENS)
    reading = clock.read()
    counts = {stage: len(reading.durations_ms(stage)) for stage in Stage}
    assert counts == {
        Stage.TEACHER_EMBEDDING: 1, Stage.TEACHER_PREFILL: 1, Stage.TEACHER_DECODE: MESSAGE_TOKENS,
        Stage.HANDOVER: 1, Stage.BASE_EMBEDDING: 1, Stage.BASE_PREFILL: 1, Stage.DECODE: NEW_TOKENS,
        Stage.PROJECTOR: 0,
    }  # fmt: skip


@torch.inference_mode()
def test_at_natural_length_the_message_ends_where_the_teacher_ends_it(pair):
    request = make_request(pair)
    teacher = pair.teachers[0]
    says = greedy(teacher.model, request.exchange.teacher_ids[0].tolist(), MESSAGE_TOKENS)
    stops = ModelPair(
        pair.base, [replace_eos(teacher, says[0])], [], "sequential", torch.device("cpu")
    )
    natural, fixed = StageClock(), StageClock()
    run_t2t(stops, request.at_length("natural"), natural)
    run_t2t(stops, request.at_length("fixed"), fixed)
    assert len(natural.read().durations_ms(Stage.TEACHER_DECODE)) == 1
    assert len(fixed.read().durations_ms(Stage.TEACHER_DECODE)) == MESSAGE_TOKENS


def replace_eos(lm, eos_id):
    copy = CausalLM(lm.name, lm.model, lm.tokenizer)
    copy.eos_ids = frozenset([eos_id])
    return copy


def test_what_does_not_fit_is_a_clear_error(pair):
    with pytest.raises(SampleError, match="lower message_max_tokens"):
        make_request(pair, message_max_tokens=600)
    exchange = make_request(pair).exchange
    tight = replace(exchange, base_capacity=exchange.teacher_ids.shape[1])
    with pytest.raises(SampleError, match="teacher's message"):
        tight.base_prompt([12] * 50)


def test_ids_that_a_stand_in_tokenizer_does_not_know_still_become_text(pair):
    known = len(pair.base.tokenizer)
    assert pair.base.text_of([known + 40, 41]) == pair.base.text_of([40, 41]) != ""
