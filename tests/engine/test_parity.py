"""The engine computes what the published code computes, for every case beside the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from engine.running import run
from folders import SHARED
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from c2c_timing.engine import decoding as decoding_module
from c2c_timing.engine.causal_lm import CausalLM
from c2c_timing.engine.decoding import Decoding
from c2c_timing.engine.fuser import load_fuser
from c2c_timing.engine.pair import ModelPair
from c2c_timing.engine.request import build_request, same_ids
from c2c_timing.methods import base as base_alone
from c2c_timing.methods import c2c

REFERENCE = SHARED / "reference"
CASES = sorted(path.parent for path in REFERENCE.glob("*/case.json"))
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}


def load_case(folder: Path) -> tuple[dict, dict[str, torch.Tensor], ModelPair]:
    case = json.loads((folder / "case.json").read_text())

    def model(name: str) -> CausalLM:
        loaded = AutoModelForCausalLM.from_pretrained(folder / name, dtype=torch.float32)
        return CausalLM(name, loaded.eval(), tokenizer=None)

    base = model("base")
    numbers = range(1, case["teachers"] + 1)
    teachers = [model(f"teacher_{n}") for n in numbers]
    fusers = [
        load_fuser(folder / f"fuser_{n}", base.kv_shapes, teacher.kv_shapes).eval()
        for n, teacher in zip(numbers, teachers, strict=True)
    ]
    pair = ModelPair(base, teachers, fusers, case["multi_source_fusion_mode"], torch.device("cpu"))
    return case, load_file(folder / "expected.safetensors"), pair


@pytest.fixture(params=CASES or [None], ids=lambda folder: folder.name if folder else "none")
def case(request):
    if request.param is None:
        pytest.skip(f"no reference cases beside the checkout ({REFERENCE.name}/)")
    return load_case(request.param)


@torch.inference_mode()
def test_fused_cache_logits_and_ids(case, monkeypatch):
    description, expected, pair = case
    decoding = Decoding(max_new_tokens=description["new_tokens"], ignore_eos=True)
    ids = expected["prompt_ids"][0].tolist()
    request = build_request(same_ids(ids, len(pair.teachers)), decoding, pair.device)
    logits = []

    def keep_logits(step_logits):
        logits.append(step_logits.clone())
        return step_logits.argmax(dim=-1, keepdim=True)

    monkeypatch.setattr(decoding_module, "greedy", keep_logits)
    answer, _, cache = run(c2c, pair, request)

    assert answer.ids == expected["generated_ids"][0].tolist()
    assert torch.stack(logits, dim=1).shape == expected["step_logits"].shape
    torch.testing.assert_close(torch.stack(logits, dim=1), expected["step_logits"], **TOLERANCE)
    for number, layer in enumerate(cache.layers):
        keys, values = layer.span(0, len(ids))
        torch.testing.assert_close(keys, expected[f"fused_key.{number}"], **TOLERANCE)
        torch.testing.assert_close(values, expected[f"fused_value.{number}"], **TOLERANCE)
    assert answer.projector_calls == sum(len(fuser.connections) for fuser in pair.fusers)


@torch.inference_mode()
def test_base_alone(case):
    description, expected, pair = case
    decoding = Decoding(max_new_tokens=description["new_tokens"], ignore_eos=True)
    ids = expected["prompt_ids"][0].tolist()
    request = build_request(same_ids(ids, len(pair.teachers)), decoding, pair.device)
    answer, _, _ = run(base_alone, pair, request)
    assert answer.ids == expected["base_only_ids"][0].tolist()
    assert answer.projector_calls is None
