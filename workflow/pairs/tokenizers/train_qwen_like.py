"""Train the tokenizer of dummy pairs: about as many tokens a word as Qwen's, in a tenth of its size.

    pip install --no-deps jieba==0.42.1 symspellpy==6.10.1     # lists of words and their frequencies
    python workflow/pairs/tokenizers/train_qwen_like.py

Qwen's own tokenizer would have to be downloaded, and has 151,643 tokens. This one cuts text at the
same places and is trained on what is at hand: the built-in samples (without the long ones, whose
made-up names would become words), the cards' prompts, the source of Python's standard library, and
frequent words of English (counts of Google Books) and Chinese. The result is kept in the tree; train
it again only when that is meant, since it changes every token count of every dummy pair.
"""

from __future__ import annotations

import importlib.util
import json
import sysconfig
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from train_tiny import CHAT_TEMPLATE, HERE, SPECIAL_TOKENS, sample_texts

VOCABULARY_SIZE = 49_000
# Where Qwen2 and Qwen3 cut text before any merge; digits stand alone.
CUTS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Words of text that a list of frequencies stands for, and the most that one word has of them.
ENGLISH_WORDS, CHINESE_WORDS, MOST_OF_A_WORD = 1_500_000, 1_000_000, 3_000
PROMPTS_OF_A_CARD = 100
# The share of a word that begins a sentence or a name, and a line; one in how many follows a mark.
CAPITALISED, FIRST_OF_A_LINE = 0.3, 0.05
CHINESE_MARKS = {"，": 6, "。": 12, "、": 12, "：": 40, "；": 80, "？": 80, "！": 80, "“": 40, "”": 40,
                 "（": 80, "）": 80, "《": 80, "》": 80}  # fmt: skip


def prompt_wording() -> Iterator[str]:
    """What every prompt of a card holds, and the roles of a chat, as often as many prompts have it."""
    for path in sorted((HERE.parents[1] / "datasets").rglob("*.*")):
        yield path.read_text(encoding="utf-8") * PROMPTS_OF_A_CARD
    yield "system\nuser\nassistant\n" * MOST_OF_A_WORD


def library_source() -> Iterator[str]:
    """The modules of Python's standard library, without its tests."""
    library = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(library.rglob("*.py")):
        if not {"site-packages", "test", "tests", "lib2to3"} & set(path.parts):
            yield path.read_text(encoding="utf-8", errors="ignore")


def english_words() -> Iterator[str]:
    """Each word as often as it is met, plain and capitalised."""
    words = _counts(_file_of("symspellpy", "frequency_dictionary_en_82_765.txt"), ENGLISH_WORDS)
    for word, count in words:
        yield f" {word}" * count
        yield f" {word.capitalize()}" * max(1, round(count * CAPITALISED))
        yield f"{word.capitalize()}\n" * round(count * FIRST_OF_A_LINE)


def chinese_words() -> Iterator[str]:
    """Each word of at most three characters as often as it is met, by itself and after marks."""
    for word, count in _counts(_file_of("jieba", "dict.txt"), CHINESE_WORDS):
        if len(word) <= 3:
            yield f"{word}\n" * count
            for mark, rarity in CHINESE_MARKS.items():
                yield f"{mark}{word}\n" * (count // rarity)


def _counts(path: Path, words: int) -> list[tuple[str, int]]:
    """Words of a list, and their counts in a text of so many words."""
    rows = [line.split() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    total = sum(int(row[1]) for row in rows)
    scaled = ((row[0], round(words * int(row[1]) / total)) for row in rows)
    return [(word, min(count, MOST_OF_A_WORD)) for word, count in scaled if count]


def _file_of(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed; its list of words is needed (see above)")
    return Path(spec.origin).parent / name


def main() -> None:
    """Train, and write the folder ``qwen-like``."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CUTS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = chain(
        sample_texts(skip=("longbench",)),
        library_source(),
        english_words(),
        chinese_words(),
        prompt_wording(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    # plain words to the decoder, one token each to the model, as Qwen3 has them
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in ("<think>", "</think>")])
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        chat_template=CHAT_TEMPLATE,
    )
    folder = HERE / "qwen-like"
    wrapped.save_pretrained(folder)
    _compact(folder / "tokenizer.json")


def _compact(path: Path) -> None:
    """The same tokenizer in half the bytes: one line, each merge one string."""
    content = json.loads(path.read_text(encoding="utf-8"))
    content["model"]["merges"] = [" ".join(pair) for pair in content["model"]["merges"]]
    path.write_text(
        json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
