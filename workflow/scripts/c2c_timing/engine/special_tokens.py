"""Special tokens of one tokenizer in another's vocabulary, as the reference maps them."""

from __future__ import annotations

from typing import Any

# Where one token has several roles, the last one counts.
ROLES = ("pad", "eos", "bos", "unk")


def padding_id(tokenizer: Any) -> int:
    """The id that fills a shorter section.

    Raises:
        ValueError: the tokenizer has neither a padding token nor an end-of-sequence token.
    """
    padding = _id_of(tokenizer, "pad")
    if padding is None:
        raise ValueError(f"{type(tokenizer).__name__} has no token to pad a template with")
    return padding


def special_partner(base_id: int, base: Any, teacher: Any) -> int:
    """The teacher's token of the same role, else of the same name, else its unknown token."""
    roles = {_id_of(base, role): _id_of(teacher, role) for role in ROLES}
    partner = roles.get(base_id)
    if partner is not None:
        return partner
    named = teacher.convert_tokens_to_ids(decoded(base_id, base))
    if named is not None and named != teacher.unk_token_id:
        return named
    return unknown_id(teacher)


def unknown_id(tokenizer: Any) -> int:
    """The unknown token; 0 where there is none."""
    return tokenizer.unk_token_id or 0


def decoded(token_id: int, tokenizer: Any) -> str:
    """One token's text, special tokens and spaces as they are."""
    return tokenizer.decode(
        [token_id], skip_special_tokens=False, clean_up_tokenization_spaces=False
    )


def _id_of(tokenizer: Any, role: str) -> int | None:
    own = getattr(tokenizer, f"{role}_token_id")
    return tokenizer.eos_token_id if own is None and role == "pad" else own
