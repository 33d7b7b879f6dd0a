"""Models that static moves would compute wrongly: told in one line, before anything is timed."""

from __future__ import annotations

from ..causal_lm import CausalLM

# Their rotation depends on the longest position seen: a capture would freeze it.
MOVING_ROTATIONS = ("dynamic", "longrope")


def refusal(lm: CausalLM) -> str | None:
    """Why a model cannot be run on static caches; None where it can, as far as its config tells."""
    config = lm.model.config.get_text_config()
    rope = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    # Gemma 3 has one such description for each type of layer.
    kinds = [rope, *(value for value in rope.values() if isinstance(value, dict))]
    moving = [kind.get("rope_type") for kind in kinds if kind.get("rope_type") in MOVING_ROTATIONS]
    if moving:
        return f"its rotary embedding ({moving[0]}) changes with the length of the text"
    if any(name.endswith("sinks") for name, _ in lm.model.named_parameters()):
        return "its attention has sinks"
    if getattr(config, "attn_logit_softcapping", None):
        return "its attention has a soft cap"
    return None
