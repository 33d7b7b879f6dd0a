"""How many tokens a model can attend over, from what its config says of its positions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

UNLIMITED = 1 << 30


def context_window(config: Any) -> int:
    """Tokens that prompt and answer may have together.

    ``max_position_embeddings`` means different things beside a scaled rotary embedding:

    - ``yarn``: what the model was trained on is ``original_max_position_embeddings`` (if missing,
      ``max_position_embeddings``), and ``factor`` times as many can be told apart.
    - ``dynamic``: the same, of ``max_position_embeddings`` alone.
    - ``linear``: it may be the stretched number (Gemma 3) or the one of before; only where
      ``original_max_position_embeddings`` is given can the two be told apart.
    - ``longrope``, ``llama3`` and others: it is the stretched number; their factors say something else.

    Args:
        config: of a model, or of its text part.
    """
    text = config.get_text_config(decoder=True)
    positions = getattr(text, "max_position_embeddings", None)
    if not positions:
        return UNLIMITED
    return max([positions, *(_stretched(rope, positions) for rope in _ropes(text))])


def _ropes(text: Any) -> Iterator[Mapping[str, Any]]:
    """Descriptions of rotary embeddings: one, or one for each type of layer."""
    ropes = getattr(text, "rope_parameters", None) or getattr(text, "rope_scaling", None) or {}
    for rope in (ropes, *ropes.values()):
        if isinstance(rope, Mapping):
            yield rope


def _stretched(rope: Mapping[str, Any], positions: int) -> int:
    kind, factor = rope.get("rope_type") or rope.get("type"), rope.get("factor") or 1
    original = rope.get("original_max_position_embeddings")
    if kind == "yarn":
        return int(factor * (original or positions))
    if kind == "dynamic":
        return int(factor * positions)
    if kind == "linear" and original:
        return int(factor * original)
    return 0
