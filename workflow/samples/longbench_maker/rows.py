"""The native columns of a LongBench row."""

import hashlib
from collections.abc import Sequence


def make_row(
    task: str,
    index: int,
    *,
    context: str,
    answers: Sequence[str],
    question: str = "",
    language: str = "en",
    all_classes: Sequence[str] | None = None,
) -> dict:
    """Return row `index` of a task; its length counts words, in Chinese characters."""
    return {
        "input": question,
        "context": context,
        "answers": list(answers),
        "length": len(context) if language == "zh" else len(context.split()),
        "dataset": task,
        "language": language,
        "all_classes": None if all_classes is None else list(all_classes),
        "_id": hashlib.sha256(f"{task} {index}".encode()).hexdigest()[:48],
    }


def enough(context: str, words: int = 1550) -> bool:
    """Tell whether an English text or a program has as many words as a sample needs."""
    return len(context.split()) >= words
