"""Very small tokenizers: one token a letter, words and special tokens as they are given."""

from __future__ import annotations

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
HEADERS = (
    "<s>{% for m in messages %}[{{ m['role'] }}]\n\n{{ m['content'] | trim }}</s>{% endfor %}"
    "[assistant]\n\n"
)


def tiny_tokenizer(words=(), special=(), template=None, begin=None, **roles):
    """A tokenizer of letters, that of ``begin`` put in front where special tokens are added.

    Args:
        words: texts that are one token, each made of two shorter ones.
        special: special tokens; ``roles`` (eos_token, pad_token, ...) name some of them.
    """
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [tuple(word.split("+")) for word in words]
    tokens = [*letters, *("".join(pair) for pair in merges)]
    backend = Tokenizer(models.BPE({token: n for n, token in enumerate(tokens)}, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    if begin:
        number = backend.token_to_id(begin)
        backend.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", special_tokens=[(begin, number)]
        )
        roles = {"bos_token": begin, **roles}
    rest = [token for token in special if token not in roles.values()]
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        chat_template=template,
        extra_special_tokens=rest,
        clean_up_tokenization_spaces=False,
        **roles,
    )


def chatml(words=(), template=CHATML):
    """As Qwen's: no begin-of-text; padded with a token of its own."""
    return tiny_tokenizer(
        words, ["<pad>", "<|im_start|>", "<|im_end|>"], template,
        eos_token="<|im_end|>", pad_token="<pad>",
    )  # fmt: skip


def headers(words=(), template=HEADERS):
    """As Llama's: begin-of-text, which the template writes; nothing to pad with but the end."""
    return tiny_tokenizer(words, ["<s>", "</s>"], template, "<s>", eos_token="</s>")
