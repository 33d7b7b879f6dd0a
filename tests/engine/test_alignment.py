from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from engine.running import run
from engine.tiny_models import tiny_model

from c2c_timing.engine.alignment import aligned_spans
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.fuser import dummy_fuser
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import TextSpan, build_request, same_ids
from c2c_timing.methods import c2c


class Letters:
    """One token a letter."""

    unk_token_id, eos_token_id = 0, 1

    def encode(self, text, add_special_tokens=False):
        return [ord(letter) % 256 for letter in text]

    def decode(self, ids):
        return "".join(map(chr, ids))


class Words(Letters):
    """One token a known word, else one a letter."""

    words: ClassVar = {200: "ab", 201: "cde"}

    def encode(self, text, add_special_tokens=False):
        for number, word in self.words.items():
            if word in text:
                before, after = text.split(word, 1)
                return [*self.encode(before), number, *self.encode(after)]
        return super().encode(text)

    def decode(self, ids):
        return "".join(self.words.get(i, chr(i)) for i in ids)


MESSAGES = [{"role": "user", "content": "ab x"}]


def spans(base, teacher, strategy):
    return aligned_spans(MESSAGES, "<ab x>!", ["[[ab x]]?", ], base, [teacher], strategy)  # fmt: skip


def test_only_the_message_is_projected_and_its_tokens_are_paired():
    prefix, content, suffix = spans(Words(), Letters(), "first")
    assert [part.is_projected for part in (prefix, content, suffix)] == [False, True, False]
    assert content.base == [200, ord(" "), ord("x")]
    assert content.teachers == [[ord("a"), ord(" "), ord("x")]]
    assert (len(prefix.base), len(prefix.teachers[0])) == (1, 2)


def test_longest_of_several_candidates():
    class Long(Letters):
        words: ClassVar = {250: "xab"}

        def decode(self, ids):
            return "".join(self.words.get(i, chr(i)) for i in ids)

    base = Long()
    base.encode = lambda text, add_special_tokens=False: [250] if text == "ab x" else [65]
    found = {s: spans(base, Words(), s)[1].teachers[0] for s in ("first", "longest")}
    assert found == {"first": [ord("x")], "longest": [200]}


def test_a_template_that_changes_the_message_is_an_error():
    with pytest.raises(ValueError, match="message"):
        aligned_spans(MESSAGES, "AB X", ["AB X"], Letters(), [Letters()], "first")


@torch.inference_mode()
def test_sections_in_one_go_or_apart_give_the_same_answer():
    base, teacher = tiny_model("qwen3"), tiny_model("qwen2", 1)
    torch.manual_seed(0)
    fuser = dummy_fuser(base.kv_shapes, teacher.kv_shapes, "last_aligned", 24, 24, 3).eval()
    pair = ModelPair(base, [teacher], [fuser], "sequential", torch.device("cpu"))
    ids, decoding = list(range(7, 40)), Decoding(8, ignore_eos=True)
    whole = build_request(same_ids(ids, 1), decoding, pair.device)
    none = build_request([TextSpan(ids, [ids], False)], decoding, pair.device)
    cut = build_request(
        [TextSpan(ids[:10], [ids[:10]], False), TextSpan(ids[10:], [ids[10:]], False)],
        decoding, pair.device,
    )  # fmt: skip
    answers = [run(c2c, pair, request)[0] for request in (whole, none, cut)]
    assert answers[1].ids == answers[2].ids
    assert [answer.projector_calls for answer in answers] == [3, 0, 0]
    assert [len(section.teacher_ids) for section in cut.sections] == [0, 0]


@torch.inference_mode()
def test_a_prompt_that_ends_with_its_message():
    base, teacher = tiny_model("qwen3"), tiny_model("llama", 1)
    fuser = dummy_fuser(base.kv_shapes, teacher.kv_shapes, "k_nearest", 24, 24, 3).eval()
    pair = ModelPair(base, [teacher], [fuser], "sequential", torch.device("cpu"))
    parts = [TextSpan([], [[]], False), TextSpan([5, 6, 7], [[15, 16, 17]], True)]
    request = build_request(parts, Decoding(4, ignore_eos=True), pair.device)
    assert [section.teacher_spans for section in request.sections] == [((0, 2),)]
    assert len(run(c2c, pair, request)[0].ids) == 4


@torch.inference_mode()
def test_a_longer_teacher_template_needs_no_padding():
    base, teacher = tiny_model("qwen3"), tiny_model("llama", 1)
    fuser = dummy_fuser(base.kv_shapes, teacher.kv_shapes, "k_nearest", 24, 24, 3).eval()
    pair = ModelPair(base, [teacher], [fuser], "parallel", torch.device("cpu"))
    parts = [
        TextSpan([3, 4], [[9, 9, 9, 9, 9]], False),
        TextSpan([5, 6, 7], [[15, 16, 17]], True),
        TextSpan([8, 9], [[1]], False),
    ]
    request = build_request(parts, Decoding(4, ignore_eos=True), pair.device)
    assert [section.base_span for section in request.sections] == [(0, 2), (2, 5), (5, 6)]
    assert [section.teacher_spans[0] for section in request.sections[:2]] == [(0, 5), (5, 8)]
    assert len(run(c2c, pair, request)[0].ids) == 4
