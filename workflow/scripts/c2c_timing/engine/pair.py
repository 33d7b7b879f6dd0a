"""A loaded pair: the base, its teachers, and a fuser for each teacher."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..cards.pair_card import FuserSpec, ModelSpec, PairCard
from ..errors import UserError
from ..meters.cpu import cpu_model
from .causal_lm import CausalLM
from .devices import device_name
from .fitness import refuse_bidirectional, refuse_config
from .fuser import Fuser, dummy_fuser, load_fuser
from .hub import commit_of, download_fuser
from .loading_errors import explained
from .tokenizer import load_tokenizer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass
class ModelPair:
    """Everything that a request needs, on one device."""

    base: CausalLM
    teachers: list[CausalLM]
    fusers: list[Fuser]
    fusion_mode: str
    device: torch.device


def load_pair(card: PairCard, device: torch.device, dtype: str, seed: int) -> ModelPair:
    """Load or make up all models and fusers of a card (one of ``hub.at_commits``).

    Dummy weights depend on the seed, the card and the device type alone.

    Raises:
        UserError: a model or checkpoint is missing, unreadable or does not fit.
    """
    torch.manual_seed(seed)
    base = load_model(card.base, device, DTYPES[dtype])
    teachers = [load_model(spec, device, DTYPES[dtype]) for spec in card.teachers]
    fusers = [
        _load_fuser(spec, card, base, teacher, device).to(device, DTYPES[dtype]).eval()
        for spec, teacher in zip(card.fusers, teachers, strict=True)
    ]
    return ModelPair(base, teachers, fusers, card.fusion_mode, device)


def load_model(spec: ModelSpec, device: torch.device, dtype: torch.dtype) -> CausalLM:
    """One model with its tokenizer, ready for inference."""
    from transformers import AutoConfig, AutoModelForCausalLM

    if spec.weights == "dummy" and spec.config is None:
        raise UserError(
            f"{spec.model}: its pair card names no config folder; dummy weights need one"
        )
    if spec.weights == "local" and not Path(spec.model).is_dir():
        raise UserError(
            f"{spec.model}: no such folder; name a folder with config.json and safetensors"
        )
    with explained(spec.model):
        if spec.weights == "dummy":
            config = AutoConfig.from_pretrained(str(spec.config), trust_remote_code=False)
            refuse_config(spec.model, config)
            with device:
                model = AutoModelForCausalLM.from_config(config, dtype=dtype)
            tokenizer = load_tokenizer(str(spec.tokenizer))
        else:
            # False, not the default: that one asks whether code of the repository may run
            how: dict[str, Any] = {"revision": spec.revision, "trust_remote_code": False}
            refuse_config(spec.model, AutoConfig.from_pretrained(spec.model, **how))
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                spec.model, dtype=dtype, use_safetensors=True, output_loading_info=True, **how
            )
            model, loading = loaded
            if loading["missing_keys"]:
                raise ValueError(f"its weights lack {min(loading['missing_keys'])}")
            model = model.to(device)
            tokenizer = load_tokenizer(spec.model, revision=spec.revision)
        lm = CausalLM(spec.model, model.eval().requires_grad_(False), tokenizer)
        refuse_bidirectional(lm)
        return lm


def _load_fuser(
    spec: FuserSpec, card: PairCard, base: CausalLM, teacher: CausalLM, device: torch.device
) -> Fuser:
    if spec.weights == "dummy":
        with device:
            return dummy_fuser(
                base.kv_shapes,
                teacher.kv_shapes,
                card.layer_map,
                spec.hidden_dim,
                spec.intermediate_dim,
                spec.num_layers,
            )
    folder = Path(spec.location)
    if not folder.is_dir():
        if spec.weights == "local":
            raise UserError(f"{spec.checkpoint}: no such fuser folder; check --fuser_checkpoint")
        folder = download_fuser(spec)
    return load_fuser(folder / (spec.subfolder or ""), base.kv_shapes, teacher.kv_shapes)


def describe(card: PairCard, dtype: str, device: torch.device) -> dict[str, Any]:
    """The record's ``model_config``: what was timed, and whether its answers mean anything.

    Args:
        card: one of ``hub.at_commits``: its revisions are commits.
    """
    return {
        "base_model": card.base.model,
        "teacher_model": " + ".join(teacher.model for teacher in card.teachers),
        "fuser": " + ".join(
            fuser.checkpoint or "dummy" if fuser.weights != "dummy" else "dummy"
            for fuser in card.fusers
        ),
        "weights": card.weights,
        "dtype": dtype,
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "tokenizer": card.base.tokenizer.name
        if card.base.weights == "dummy" and card.base.tokenizer
        else card.base.model,
        "layer_map": card.layer_map,
        "fusion_mode": card.fusion_mode,
        "alignment": card.alignment,
        "base_commit": _joined([commit_of(card.base)]),
        "teacher_commit": _joined(map(commit_of, card.teachers)),
        "fuser_commit": _joined(map(commit_of, card.fusers)),
        "fuser_subfolder": _joined(fuser.subfolder for fuser in card.fusers),
        "cpu": cpu_model(),
    }


def _joined(values: Iterable[str | None]) -> str | None:
    """One text of what several models have; None where none has any."""
    found = list(values)
    return " + ".join(value or "none" for value in found) if any(found) else None
