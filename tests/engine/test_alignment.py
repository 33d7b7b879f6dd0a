"""Alignment of different tokenizers, and prompts in several sections."""

from __future__ import annotations

import pytest
import torch
from engine.running import run
from engine.tiny_models import tiny_model
from engine.tiny_tokenizers import chatml, headers, tiny_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_timing.engine.alignment import aligned_spans
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.fuser import dummy_fuser
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.rendering import Rendered, render
from c2c_timing.engine.request import TextSpan, build_request, same_ids
from c2c_timing.methods import c2c

ASK = [{"role": "user", "content": "ab x"}]


def spans(messages, base, *teachers, strategy="first", is_chat=True):
    texts = [render(messages, is_chat, tokenizer) for tokenizer in (base, *teachers)]
    return aligned_spans(messages, texts[0], texts[1:], strategy)


def text(tokenizer, ids):
    return tokenizer.decode(list(ids))


def test_only_the_message_is_projected_and_its_tokens_are_paired():
    base, teacher = chatml(["a+b"]), headers()
    before, content, after = spans(ASK, base, teacher)
    assert [part.is_projected for part in (before, content, after)] == [False, True, False]
    assert [text(base, [i]) for i in content.base] == ["ab", "Ġ".replace("Ġ", " "), "x"]
    assert [text(teacher, [i]) for i in content.teachers[0]] == ["a", " ", "x"]


def test_longest_of_several_candidates():
    base, teacher = chatml(["a+b", "x+ab"]), headers(["a+b"])
    messages = [{"role": "user", "content": "xab"}]
    found = {s: spans(messages, base, teacher, strategy=s)[1] for s in ("first", "longest")}
    assert {s: text(teacher, part.teachers[0]) for s, part in found.items()} == {
        "first": "x",
        "longest": "ab",
    }


def test_the_shorter_template_is_padded_at_its_end():
    base, teacher = chatml(), headers()
    before, content, after = spans(ASK, base, teacher)
    assert text(base, before.base) == "<|im_start|>user\n" + "<pad>" * 3
    assert text(teacher, before.teachers[0]) == "<s>[user]\n\n"
    assert list(before.padding) == [3, 0]
    assert text(teacher, after.teachers[0]) == "</s>[assistant]\n"
    assert text(base, after.base) == "<|im_end|>\n<|im_start|>assistant<pad>"
    assert not any(content.padding)


def test_several_teachers_are_padded_to_the_longest():
    short, long = chatml(), headers(template="<s>A long way to say it: {{ messages[0].content }}")
    before, _, _ = spans(ASK, short, headers(), long)
    assert {len(before.base), *map(len, before.teachers)} == {len("A long way to say it: ") + 1}


@pytest.mark.parametrize("content", ["user", "s", "im", "assistant", "<", "a<b", "\n"])
def test_a_content_is_not_taken_for_the_template_s_own_words(content):
    messages = [{"role": "user", "content": content}]
    base = chatml()
    before, found, _ = spans(messages, base, chatml())
    assert text(base, before.base) == "<|im_start|>user\n"
    assert text(base, found.base) == content


def test_a_token_that_reaches_into_a_message_is_part_of_it():
    """The whole text is cut into tokens, not its parts."""
    base = chatml(["\u010a+a", "b+!"], "{{ messages[0].content.join(['>\n', '!']) }}")
    before, content, after = aligned_spans(
        [{"role": "user", "content": "aab"}],
        Rendered(">\naab!", base, is_templated=True),
        [Rendered(">aab", chatml(), is_templated=True)],
        "first",
    )
    assert (text(base, before.base), text(base, content.base)) == (">", "\naab!")
    assert list(after.base) == []


SPECIAL = ["<e>", "<b>", "<u>", "<p>", "<same>", "<mine>"]


@pytest.mark.parametrize(
    ("token", "partner"),
    [
        ("<e>", "</E>"),  # by role
        ("<b>", "<B>"),
        ("<u>", "<U>"),
        ("<p>", "<P>"),
        ("<same>", "<same>"),  # by name
        ("<mine>", "<U>"),  # unknown
    ],
)
def test_special_tokens_within_a_message(token, partner):
    base = tiny_tokenizer((), SPECIAL, eos_token="<e>", bos_token="<b>", unk_token="<u>",
                          pad_token="<p>")  # fmt: skip
    teacher = tiny_tokenizer((), ["</E>", "<B>", "<U>", "<P>", "<same>"], eos_token="</E>",
                             bos_token="<B>", unk_token="<U>", pad_token="<P>")  # fmt: skip
    messages = [{"role": "user", "content": f"x{token}y"}]
    _, content, _ = spans(messages, base, teacher, is_chat=False)
    assert teacher.convert_ids_to_tokens(content.teachers[0]) == ["x", partner, "y"]


def test_what_the_teacher_has_no_token_for_is_its_unknown_token_or_its_first():
    base = tiny_tokenizer((), ["<e>", "<mine>"], eos_token="<e>")
    messages = [{"role": "user", "content": "x<mine>"}]
    _, content, _ = spans(messages, base, tiny_tokenizer((), ["<E>"], eos_token="<E>"))
    assert content.teachers[0][1] == 0


@pytest.mark.parametrize("is_chat", [True, False])
def test_begin_of_text_where_no_template_writes_it(is_chat):
    """A task without a template, and a chat with models that have none."""
    template = None if is_chat else "of another task"
    for base, teacher, begins in (
        (chatml(template=template), headers(template=template), ("", "<s>")),
        (headers(template=template), headers(["a+b"], template=template), ("<s>", "<s>")),
        (headers(template=template), chatml(template=template), ("<s>", "")),
    ):
        before, content, after = spans(ASK, base, teacher, is_chat=is_chat)
        assert (text(base, before.base), text(teacher, before.teachers[0])) == begins
        assert not any(before.padding)
        assert (text(base, content.base), list(after.base)) == ("ab x", [])


@pytest.mark.parametrize("lacking", ["base", "teacher"])
def test_a_pair_of_which_one_model_has_no_template(lacking):
    base = chatml(template=None) if lacking == "base" else chatml()
    teacher = headers(template=None) if lacking == "teacher" else headers()
    before, content, after = spans(ASK, base, teacher)
    assert text(base, content.base) == text(teacher, content.teachers[0]) == "ab x"
    if lacking == "base":
        assert (list(before.base), list(after.base)) == ([], [])
        assert text(teacher, before.teachers[0]) == "<s>[user]\n\n"
    else:
        assert text(base, before.base) == "<|im_start|>user\n"
        # It has no padding token: it is padded with its end of a sequence.
        assert text(teacher, before.teachers[0]) == "<s>" + "</s>" * (len(before.base) - 1)
        assert before.padding == [0, len(before.base) - 1]
    assert not after.padding[0]


TURNS = st.lists(st.text("ab <>\n", min_size=1), min_size=1, max_size=4)


@settings(deadline=None)
@given(TURNS, st.booleans())
def test_every_model_reads_its_own_text_and_messages_are_as_long_for_all(contents, is_chat):
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": c} for n, c in enumerate(contents)]
    base, teacher = chatml(["a+b", "ab+a"]), chatml(["b+b"])
    texts = [render(messages, is_chat, tokenizer) for tokenizer in (base, teacher)]
    found = aligned_spans(messages, texts[0], texts[1:], "longest")
    own = [i for part in found for i in part.base[: len(part.base) - (part.padding or [0])[0]]]
    assert own == texts[0].ids()
    for part in found:
        if part.is_projected or (part.base and part.teachers[0]):
            assert len(part.base) == len(part.teachers[0])


def test_a_template_that_changes_the_message_is_an_error():
    with pytest.raises(ValueError, match="message"):
        spans(ASK, chatml(template="AB X"), headers())


def test_nothing_to_pad_with_is_an_error():
    with pytest.raises(ValueError, match="pad"):
        spans(ASK, tiny_tokenizer(template="{{ messages[0].role }}:ab x"), headers())


def make_pair(base, teacher, layer_map="k_nearest", mode="sequential"):
    base, teacher = tiny_model(base), tiny_model(teacher, 1)
    torch.manual_seed(0)
    fuser = dummy_fuser(base.kv_shapes, teacher.kv_shapes, layer_map, 24, 24, 3).eval()
    return ModelPair(base, [teacher], [fuser], mode, torch.device("cpu"))


@torch.inference_mode()
def test_sections_in_one_go_or_apart_give_the_same_answer():
    pair = make_pair("qwen3", "qwen2", "last_aligned")
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
    pair = make_pair("qwen3", "llama")
    parts = [TextSpan([], [[]], False), TextSpan([5, 6, 7], [[15, 16, 17]], True)]
    request = build_request(parts, Decoding(4, ignore_eos=True), pair.device)
    assert [section.teacher_spans for section in request.sections] == [((0, 2),)]
    assert len(run(c2c, pair, request)[0].ids) == 4


@torch.inference_mode()
def test_a_part_of_the_template_that_one_model_lacks():
    pair = make_pair("qwen3", "llama", mode="parallel")
    parts = [
        TextSpan([], [[9, 9, 9, 9, 9]], False),
        TextSpan([5, 6, 7], [[15, 16, 17]], True),
        TextSpan([8, 9], [[]], False),
    ]
    request = build_request(parts, Decoding(4, ignore_eos=True), pair.device)
    assert [section.base_span for section in request.sections] == [(0, 0), (0, 3), (3, 4)]
    assert [section.teacher_spans[0] for section in request.sections[:2]] == [(0, 5), (5, 8)]
    assert len(run(c2c, pair, request)[0].ids) == 4


def test_padding_of_a_request_is_told_model_by_model_and_section_by_section():
    parts = [
        TextSpan([3, 0, 0], [[9, 9, 9]], False, [2, 0]),
        TextSpan([5, 6, 7], [[15, 16, 17]], True),
        TextSpan([8, 9, 4], [[1, 2, 2]], False, [0, 2]),
    ]
    request = build_request(parts, Decoding(4), torch.device("cpu"))
    assert request.base_ids.tolist() == [[3, 5, 6, 7, 8, 9, 4]]
    assert request.teacher_ids.tolist() == [[9, 9, 9, 15, 16, 17, 1]]
    assert (request.base.tokens, request.base.padding_tokens) == (9, 2)
    assert [(s.tokens, s.padding_tokens) for s in request.teachers] == [(9, 2)]
    told = [section.as_plain() for section in request.sections]
    assert [s["base_padding_tokens"] for s in told] == [2, 0, 0]
    assert [s["teacher_padding_tokens"] for s in told] == [[0], [0], []]
    plain = build_request(same_ids([3, 4, 5], 1), Decoding(4), torch.device("cpu"))
    assert plain.base.padding is None and plain.teachers[0].padding is None
