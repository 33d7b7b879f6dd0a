"""A model's tokenizer, as its repository declares it."""

from __future__ import annotations

from typing import Any

# Classes that say: all rules stand in tokenizer.json.
GENERIC = ("PreTrainedTokenizer", "PreTrainedTokenizerFast", "TokenizersBackend")


def load_tokenizer(where: str, **how: Any) -> Any:
    """The tokenizer of a repository or folder; nothing of it is executed.

    transformers 5 gives some model types a class of their own whatever their repository declares,
    with other rules of cutting and other special tokens than tokenizer.json has.

    Args:
        how: keyword arguments of transformers' ``from_pretrained``: the revision.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast
    from transformers.models.auto.tokenization_auto import get_tokenizer_config

    tokenizer = AutoTokenizer.from_pretrained(where, trust_remote_code=False, **how)
    if isinstance(tokenizer, PreTrainedTokenizerFast) and type(tokenizer) is not (
        PreTrainedTokenizerFast
    ):
        declared = get_tokenizer_config(where, **how).get("tokenizer_class")
        if declared in GENERIC:
            return PreTrainedTokenizerFast.from_pretrained(where, **how)
    return tokenizer
