"""Few-shot tasks: solved examples as context, one open example as input."""

from .chance import Chance, Deck, sentence_case
from .documents import CHARACTERS
from .rows import enough, make_row
from .world import phrases


def trec(count: int) -> list[dict]:
    """Questions, each with the type of its answer."""
    spec = phrases("trec")
    classes = spec["classes"]
    rows = []
    for index in range(count):
        chance = Chance(f"trec {index}")
        deck = Deck(chance, list(classes))
        ask = spec["ask"][index % len(spec["ask"])]
        examples: list[str] = []
        seen = {ask["question"]}
        while not enough("\n".join(examples)):
            kind = deck.deal()
            question = chance.fill(chance.pick(classes[kind]), spec["slots"])
            if question not in seen:
                seen.add(question)
                examples.append(f"Question: {question}\nType: {kind}")
        rows.append(
            make_row(
                "trec",
                index,
                question=f"Question: {ask['question']}\nType:",
                context="\n".join(examples),
                answers=[ask["type"]],
                all_classes=list(classes),
            )
        )
    return rows


def chat(chance: Chance, form: list[str], slots: dict) -> tuple[str, str]:
    """Return the lines of a chat and its summary; both agree on every fact."""
    # What the summary names is fixed for the whole chat; other slots may differ at each use.
    fixed = {name: chance.pick(slots[name]) for name in slots if f"{{{name}}}" in form[-1]}
    filled = chance.fill("\n".join(form), slots, fixed).split("\n")
    names = {"a": fixed["a"], "b": fixed["b"]}
    lines = [f"{names[line[0].lower()]}: {sentence_case(line[3:])}" for line in filled[:-1]]
    return "\n".join(lines), filled[-1]


def samsum(count: int) -> list[dict]:
    """Chats, each with its summary."""
    spec = phrases("samsum")
    rows = []
    for index in range(count):
        chance = Chance(f"samsum {index}")
        deck = Deck(chance, spec["forms"])
        lines, summary = chat(chance, deck.deal(), spec["slots"])
        examples: list[str] = []
        while not enough("\n".join(examples)):
            example, told = chat(chance, deck.deal(), spec["slots"])
            examples.append(f"Dialogue: {example}\nSummary: {told}")
        rows.append(
            make_row(
                "samsum",
                index,
                question=f"Dialogue: {lines}\nSummary:",
                context="\n".join(examples),
                answers=[summary],
            )
        )
    return rows


def lsht(count: int) -> list[dict]:
    """Chinese news items, each with its class."""
    spec = phrases("lsht")
    classes = spec["classes"]
    rows = []
    for index in range(count):
        chance = Chance(f"lsht {index}")
        deck, tails = Deck(chance, list(classes)), Deck(chance, spec["tails"])
        ask = spec["ask"][index % len(spec["ask"])]
        context = ""
        shown: set[str] = set()
        while len(context) < CHARACTERS or shown < classes.keys():
            kind = deck.deal()
            shown.add(kind)
            text = chance.fill(classes[kind], spec["slots"])
            text += chance.fill(tails.deal(), spec["slots"])
            context += f"新闻内容：\n{text}\n类别：{kind}\n"
        rows.append(
            make_row(
                "lsht",
                index,
                question=f"新闻内容：\n{ask['text']}\n类别：",
                context=context,
                answers=[ask["type"]],
                language="zh",
                all_classes=list(classes),
            )
        )
    return rows


def passage_retrieval_zh(count: int) -> list[dict]:
    """Chinese paragraphs, and a summary of the one that is to be found."""
    spec = phrases("passage_retrieval_zh")
    rows = []
    for index in range(count):
        chance = Chance(f"passage_retrieval_zh {index}")
        deck = Deck(chance, spec["forms"])
        deeds = chance.shuffled(spec["事"])
        paragraphs = [
            f"段落{number}：{chance.fill(deck.deal(), spec['slots'], deed)}"
            for number, deed in enumerate(deeds, 1)
        ]
        target = chance.number(0, len(deeds) - 1)
        rows.append(
            make_row(
                "passage_retrieval_zh",
                index,
                question=spec["summary"].format(**deeds[target]),
                context="\n\n".join(paragraphs),
                answers=[f"段落{target + 1}"],
                language="zh",
            )
        )
    return rows
