"""A loaded pair: the base, its teachers, and a fuser for each teacher."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from ..cards.pair_card import FuserSpec, ModelSpec, PairCard
from ..errors import UserError
from .causal_lm import CausalLM
from .devices import device_name
from .fuser import TRAINING_CONFIG, Fuser, dummy_fuser, load_fuser

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
    """Load or make up all models and fusers of a card.

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
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    if spec.weights == "dummy" and spec.config is None:
        raise UserError(
            f"{spec.model}: its pair card names no config folder; dummy weights need one"
        )
    if spec.weights == "local" and not Path(spec.model).is_dir():
        raise UserError(
            f"{spec.model}: no such folder; name a folder with config.json and safetensors"
        )
    with _explained(spec.model):
        if spec.weights == "dummy":
            config = AutoConfig.from_pretrained(str(spec.config), trust_remote_code=False)
            with device:
                model = AutoModelForCausalLM.from_config(config, dtype=dtype)
            tokenizer = AutoTokenizer.from_pretrained(spec.tokenizer, trust_remote_code=False)
        else:
            # False, not the default: that one asks whether code of the repository may run
            how: dict[str, Any] = {"revision": spec.revision, "trust_remote_code": False}
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                spec.model, dtype=dtype, use_safetensors=True, output_loading_info=True, **how
            )
            model, loading = loaded
            if loading["missing_keys"]:
                raise ValueError(f"its weights lack {min(loading['missing_keys'])}")
            model = model.to(device)
            tokenizer = AutoTokenizer.from_pretrained(spec.model, **how)
        return CausalLM(spec.model, model.eval().requires_grad_(False), tokenizer)


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


def download_fuser(spec: FuserSpec, from_cache: bool = False) -> Path:
    """The snapshot of a fuser's repository, named by its commit; from the cache without a network."""
    from huggingface_hub import snapshot_download

    with _explained(spec.location):
        return Path(
            snapshot_download(
                spec.location,
                revision=spec.revision,
                allow_patterns=wanted_files(spec.subfolder),
                local_files_only=from_cache,
            )
        )


def wanted_files(subfolder: str | None) -> list[str] | None:
    """The checkpoint's own folder, and the config of its training that lies a folder above."""
    if not subfolder:
        return None
    above = PurePosixPath(subfolder).parent
    return [f"{subfolder}/*", str(above / TRAINING_CONFIG)]


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    """Turn what transformers and the Hub raise into one line."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # they raise some thirty kinds of errors
        reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise UserError(
            f"{what}: cannot be loaded ({reason[:200]}); check the name, the network or HF_ENDPOINT, "
            "or run with --weights dummy"
        ) from error


def describe(card: PairCard, dtype: str, device: torch.device) -> dict[str, Any]:
    """The record's ``model_config``: what was timed, and whether its answers mean anything."""
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
    }
