"""Tasks whose context is one long text with a course of its own: scenes with facts, and the rest.

Each task has a file of phrases: `facts` (one set per row), `parts` (a text, or 0 for a paragraph
made from `forms`), `slots`, `questions`, and `turns: true` where each sentence is somebody's turn.
"""

from .chance import Chance, Deck
from .rows import enough, make_row
from .world import phrases

CHARACTERS = 1550


def long_enough(context: str, language: str) -> bool:
    """Tell whether a context has the words (in Chinese, the characters) that a sample needs."""
    return len(context) >= CHARACTERS if language == "zh" else enough(context)


def paragraph(chance: Chance, deck: Deck, spec: dict, facts: dict, count: int, space: str) -> str:
    """Return `count` sentences as one paragraph, or as one turn a line."""
    sentences = [chance.fill(deck.deal(), spec["slots"], facts) for _ in range(count)]
    if not spec.get("turns"):
        return space.join(sentences)
    colon = ": " if space else "："
    return "\n".join(chance.pick(spec["slots"]["speaker"]) + colon + one for one in sentences)


def compose(task: str, index: int, spec: dict, language: str) -> str:
    """Return the context: the shortest one that is long enough, paragraphs of equal length."""
    facts = spec["facts"][index % len(spec["facts"])]
    space = "" if language == "zh" else " "
    context = ""
    count = 2
    while not long_enough(context, language):
        count += 1
        chance = Chance(f"{task} {index}")
        deck = Deck(chance, spec["forms"])
        parts = [
            chance.fill(part, spec["slots"], facts)
            if part
            else paragraph(chance, deck, spec, facts, count, space)
            for part in spec["parts"]
        ]
        context = ("\n" if spec.get("turns") else "\n\n").join(parts)
    return context


def document_rows(task: str, count: int, language: str = "en") -> list[dict]:
    """Return rows of a task that has a file of phrases."""
    spec = phrases(task)
    rows = []
    for index in range(count):
        facts = spec["facts"][index % len(spec["facts"])]
        question = spec["questions"][index % len(spec["questions"])]
        rows.append(
            make_row(
                task,
                index,
                question=question["input"].format(**facts),
                context=compose(task, index, spec, language),
                answers=[answer.format(**facts) for answer in question["answers"]],
                language=language,
            )
        )
    return rows
