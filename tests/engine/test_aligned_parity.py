"""Two tokenizers: what the published aligner reads and computes, for every case beside the checkout."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from compiled_code import compiled_code
from engine.ladder import CPU, TOLERANCE, assert_same, opened, outcome
from engine.running import run
from folders import SHARED
from safetensors.torch import load_file

from c2c_timing.analysis.columns import PADDING
from c2c_timing.analysis.merge import merge
from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.cards.pair_card import FuserSpec, ModelSpec, PairCard
from c2c_timing.data.prompts import Prompt
from c2c_timing.engine import decoding as decoding_module
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.pair import ModelPair, load_pair
from c2c_timing.engine.prompt_ids import TokenizedPrompt, tokenize_prompt
from c2c_timing.engine.static.compiling import CACHE_VARIABLE
from c2c_timing.meters.wall_times import WallTimes
from c2c_timing.methods import base as base_alone
from c2c_timing.methods import c2c, c2c_closed, c2c_shuffled
from c2c_timing.methods import teacher as teacher_alone
from c2c_timing.methods.task import Sample
from c2c_timing.prepare import no_other
from c2c_timing.session import Session
from c2c_timing.settings import RunSettings
from c2c_timing.shard.run import run_shard

REFERENCE = SHARED / "reference_aligned"
CASES = sorted(path.parent for path in REFERENCE.glob("*/case.json"))


@dataclass(frozen=True)
class Case:
    description: dict
    expected: dict[str, torch.Tensor]
    card: PairCard
    pair: ModelPair
    tokenized: TokenizedPrompt

    def sample(self, other=no_other) -> Sample:
        prompt, settings = Prompt(self.description["messages"], chat=True), RunSettings(self.card)
        return Sample("x", self.pair, settings, prompt, self.tokenized, other)


def load(folder: Path) -> Case:
    """The case as the commands load a pair of local folders."""
    description = json.loads((folder / "case.json").read_text())
    card = PairCard(
        folder.name,
        base=ModelSpec(str(folder / "base"), "local"),
        teachers=(ModelSpec(str(folder / "teacher_1"), "local"),),
        fusers=(FuserSpec("local", str(folder / "fuser_1")),),
        fusion_mode=description["multi_source_fusion_mode"],
        alignment=description["alignment"],
    )
    pair = load_pair(card, CPU, "float32", seed=0)
    tokenized = tokenize_prompt(
        description["messages"], True, pair, card.alignment,
        Decoding(description["new_tokens"], ignore_eos=True),
    )  # fmt: skip
    expected = load_file(folder / "expected.safetensors")
    return Case(description, expected, card, pair, tokenized)


@pytest.fixture(
    scope="module", params=CASES or [None], ids=lambda folder: folder.name if folder else "none"
)
def case(request):
    if request.param is None:
        pytest.skip(f"no reference cases beside the checkout ({REFERENCE.name}/)")
    return load(request.param)


def test_every_model_reads_what_the_published_aligner_lets_it_read(case):
    request, expected = case.tokenized.request, case.expected
    sections = request.sections
    base_ids = torch.cat([*(section.base_ids for section in sections), request.last_token], dim=1)
    assert torch.equal(base_ids, expected["base_ids"])
    read = torch.cat([ids for section in sections for ids in section.teacher_ids], dim=1)
    assert torch.equal(read, expected["teacher_ids"][:, : read.shape[1]])
    for stream, name in ((request.base, "base"), (request.teachers[0], "teacher")):
        assert torch.equal(~stream.padding.seen, expected[f"{name}_padding"])
    spans = [["message" if s.is_projected else "template", *s.base_span] for s in sections]
    spans[-1][-1] += 1  # the last token waits for the first decode step
    assert spans == case.description["sections"]
    assert case.tokenized.text == case.description["base_text"]


@torch.inference_mode()
def test_fused_cache_logits_and_ids(case, monkeypatch):
    expected, logits = case.expected, []

    def keep_logits(step_logits):
        logits.append(step_logits.clone())
        return step_logits.argmax(dim=-1, keepdim=True)

    monkeypatch.setattr(decoding_module, "greedy", keep_logits)
    answer, _, cache = run(c2c, case.pair, case.tokenized.request)

    assert answer.ids == expected["generated_ids"][0].tolist()
    torch.testing.assert_close(torch.stack(logits, dim=1), expected["step_logits"], **TOLERANCE)
    own = ~expected["base_padding"][0]
    for number, layer in enumerate(cache.layers):
        keys, values = layer.span(0, own.shape[0])
        for found, name in ((keys, "fused_key"), (values, "fused_value")):
            wanted = expected[f"{name}.{number}"]
            torch.testing.assert_close(found[:, :, own], wanted[:, :, own], **TOLERANCE)
    assert answer.projector_calls == len(cache.layers) * sum(
        section.is_projected for section in case.tokenized.request.sections
    )


METHODS = (c2c, base_alone, teacher_alone, c2c_closed)


@pytest.mark.parametrize("runtime", ["fused", "moves", "compiled"])
def test_every_runtime(case, runtime, monkeypatch):
    if runtime == "compiled":
        if not shutil.which("g++"):
            pytest.skip("no g++: nothing can be compiled here")
        monkeypatch.setenv(CACHE_VARIABLE, str(compiled_code()))
    request = case.tokenized.request
    methods = METHODS[:1] if runtime == "compiled" else METHODS
    wanted = [outcome(opened("eager", case.pair), method, request) for method in methods]
    running = opened(runtime, case.pair)
    for _ in range(2):  # the second time on memory that the first has written
        for method, expected in zip(methods, wanted, strict=True):
            assert_same(outcome(running, method, request), expected)
    assert wanted[0].answer.ids == case.expected["generated_ids"][0].tolist()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device: nothing is captured")
@pytest.mark.parametrize("runtime", ["eager", "fused", "graphs", "compiled"])
@pytest.mark.parametrize("folder", CASES or [None], ids=lambda f: f.name if f else "none")
def test_on_cuda(folder, runtime):
    if folder is None:
        pytest.skip(f"no reference cases beside the checkout ({REFERENCE.name}/)")
    case = load(folder)
    device = torch.device("cuda")
    pair = load_pair(case.card, device, "float32", seed=0)
    request = tokenize_prompt(
        case.description["messages"],
        True,
        pair,
        case.card.alignment,
        case.tokenized.request.decoding,
    ).request
    running = opened(runtime, pair)
    outcome(running, c2c, request)
    with running.builder.sealed():
        assert outcome(running, c2c, request).answer.ids == (
            case.expected["generated_ids"][0].tolist()
        )


def test_what_padding_costs_stands_in_the_record(case):
    facts = c2c.prepare(case.sample()).facts
    description = case.description
    assert facts["base_padding_tokens"] == description["base_padding"]
    assert facts["teacher_padding_tokens"] == description["teacher_padding"]
    assert facts["prompt_length"] == facts["teacher_prompt_length"] == description["prompt_tokens"]
    sections = facts["sections"]
    assert sum(s["base_padding_tokens"] for s in sections) == description["base_padding"]
    first, last = sections[0], sections[-1]
    assert first["teacher_padding_tokens"] == [0]
    assert last["teacher_padding_tokens"] == []  # nothing is projected there: it is not read


def test_a_shard_of_such_a_pair(case, tmp_path):
    """Every method, to records that the analysis reads."""
    methods = ("base", "teacher", "t2t", "c2c", "c2c_closed", "c2c_shuffled")
    settings = RunSettings(
        case.card, num_samples=2, max_new_tokens=2, message_max_tokens=3,
        methods=methods, runtimes=("eager", "fused"),
    )  # fmt: skip
    dataset = load_dataset_card("gsm8k")
    run_shard(dataset, "main", Session(settings, WallTimes()), WallTimes(), tmp_path)
    table, errors = merge(sorted(tmp_path.glob("*/*_timing.jsonl")))
    assert errors.empty
    assert table.groupby(["method", "runtime"]).size().tolist() == [2] * 12
    fused = table["method"].str.startswith("c2c")
    assert (table.loc[fused, "base_padding_tokens"] > 0).all()
    assert (table.loc[fused, "teacher_padding_tokens"] > 0).all()
    assert table.loc[~fused, PADDING].isna().all(axis=None)
    lengths = table.groupby("method")["prompt_length"].first()
    assert lengths["c2c"] - table.loc[fused, "base_padding_tokens"].iloc[0] == lengths["base"]


def test_a_model_alone_reads_its_own_prompt_without_padding(case):
    for method, name, lm in (
        (base_alone, "base", case.pair.base),
        (teacher_alone, "teacher", case.pair.teachers[0]),
    ):
        task = method.prepare(case.sample())
        text = case.description[f"{name}_text"]
        ids = lm.tokenizer.encode(text, add_special_tokens=False)
        assert (task.facts["prompt"], task.facts["prompt_length"]) == (text, len(ids))
        assert getattr(task.request, f"{name}_ids").tolist() == [ids]
        assert task.facts["base_padding_tokens"] is task.facts["teacher_padding_tokens"] is None


def test_another_sample_s_text_is_read_without_its_padding(case):
    """And as many tokens of it, under the mask of the sample's own prompt."""
    request = case.tokenized.request
    task = c2c_shuffled.prepare(case.sample(lambda: replace(case.sample(), id="y")))
    read, own = (
        torch.cat([i for s in each.sections for i in s.teacher_ids], dim=1)
        for each in (task.request, request)
    )
    seen = request.teachers[0].padding.seen[:, : own.shape[1]]
    text = own[seen]
    assert read.shape == own.shape
    assert torch.equal(read[0, : text.shape[0]], text)
    assert task.request.teachers == request.teachers
    assert len(outcome(opened("moves", case.pair), c2c_shuffled, task).answer.ids)
