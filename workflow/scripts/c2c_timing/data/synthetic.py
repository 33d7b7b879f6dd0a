"""Prompts of wanted lengths, written of the built-in documents: no data set and no network is needed.

A length is that of the whole prompt as the base reads it, its template included, in the base's tokens.
Seed, data set, subject and place alone decide on length and text, so that a longer run begins with the
prompts of a shorter one.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..cards.dataset_card import QUANTILES, DatasetCard, load_dataset_card
from ..errors import UserError
from .sources import SourceSpec, read_rows

SYNTHETIC = "synthetic"
# English prose of this project.
DOCUMENTS = "longbench"
TASKS = (
    "gov_report",
    "multi_news",
    "multifieldqa_en",
    "narrativeqa",
    "passage_retrieval_en",
    "qasper",
)
# A heading is no text to read on from.
SHORTEST_PARAGRAPH = 60
GOLDEN = (math.sqrt(5) - 1) / 2
# Where no cut has the length that is wanted, an ending may, or a cut nearby.
ENDINGS = (".", "s", " a")
NEARBY_CHARACTERS = 16
CHARACTERS_PER_TOKEN = 6
Count = Callable[[str], int]
"""Tokens of the whole prompt that a user's text makes."""


def document_files() -> list[Path]:
    """The built-in rows that prompts are written of."""
    card = load_dataset_card(DOCUMENTS)
    return [card.path, *(card.sample_file(task) for task in TASKS)]


def check_lengths(
    cards: Mapping[str, Sequence[str]], spec: SourceSpec, num_samples: int | None
) -> None:
    """Whether it is said how long prompts are to be, and how many.

    Args:
        cards: subjects by the name of their data set.

    Raises:
        UserError: lengths for another source, a card without quantiles, or no number of prompts.
    """
    if spec.kind != SYNTHETIC:
        if spec.prompt_tokens:
            raise UserError(f"prompt_tokens is for source synthetic; the source is {spec.kind}")
        return
    if spec.prompt_tokens:
        return
    lacking = [
        name
        for name, subjects in cards.items()
        if not all(map(load_dataset_card(name).prompt_tokens_for, subjects))
    ]
    if lacking:
        raise UserError(
            f"source synthetic: how long prompts of {', '.join(lacking)} are is not known (no "
            "prompt_tokens in the card); give lengths of your own: prompt_tokens, such as 512 2048"
        )
    if num_samples is None:
        raise UserError("source synthetic: has no last prompt; give num_samples or prompt_tokens")


def wanted_lengths(card: DatasetCard, subject: str, spec: SourceSpec, seed: int) -> Iterator[int]:
    """Lengths without end: those that are given, in turn, or those of the data set.

    The latter are spread evenly: however many are taken, their quantiles are about the card's.
    """
    if spec.prompt_tokens:
        yield from itertools.cycle(spec.prompt_tokens)
    share = _random(card, subject, seed, "lengths").random()
    while True:
        yield length_at(card.prompt_tokens_for(subject) or {}, share)
        share = (share + GOLDEN) % 1


def length_at(quantiles: Mapping[str, int], share: float) -> int:
    """The length that this share of prompts does not exceed.

    Between two quantiles the length grows by equal factors: long prompts are rarer than short ones.
    """
    known = [(QUANTILES[name], math.log(length)) for name, length in quantiles.items()]
    for (low, short), (high, long) in itertools.pairwise(sorted(known)):
        if share <= high:
            return round(math.exp(short + (long - short) * (share - low) / (high - low)))
    raise ValueError(f"share {share} is above 1")


def wanted_number(spec: SourceSpec, num_samples: int | None) -> int:
    """How many prompts: where it is not said, one of each length."""
    return len(spec.prompt_tokens or ()) if num_samples is None else num_samples


def synthetic_card(card: DatasetCard) -> DatasetCard:
    """The card of what stands for its rows: the text is the prompt, and nobody can judge an answer.

    What the subject's requests are like stays: chat or not, longest answer, and whether text-to-text
    asks about a question or about the whole prompt.
    """
    kept = ("title", "hub", "max_new_tokens", "prompt_tokens")
    content: dict[str, Any] = {key: card.content[key] for key in kept if key in card.content}
    own = ("max_new_tokens", "chat", "groups", "native", "prompt_tokens")
    content |= {
        "columns": {"text": "text"},
        "prompt": "{{ text }}",
        "answer": {"column": "text", "rule": "none"},
        "subjects": {
            subject: {key: spec[key] for key in own if key in spec}
            for subject, spec in card.subjects.items()
        },
    }
    if card.question:
        content["question"] = "{{ text }}"
    return DatasetCard(card.name, card.path, content)


class Writer:
    """Writes prompts of wanted lengths for one base and one template.

    Attributes:
        longest: tokens that a prompt may have.
    """

    def __init__(self, count: Count, longest: int) -> None:
        self._count, self.longest = count, longest
        # The template's tokens, and one of text.
        self._shortest = max(2, count("") + 1)

    def problem(self, tokens: int) -> str | None:
        """Why no prompt can be so long; None where one can."""
        if tokens < self._shortest:
            template = self._shortest - 1
            return f"{tokens} tokens are too few for a prompt: its template alone has {template}"
        if tokens > self.longest:
            return (
                f"{tokens} tokens are too many for a prompt: beside the answer the context window "
                f"leaves {self.longest}"
            )
        return None

    def text(self, tokens: int, draw: random.Random) -> str:
        """A text whose prompt has so many tokens, or, where no cut makes just as many, a few less.

        Raises:
            ValueError: the template or the context window leaves no room.
        """
        if problem := self.problem(tokens):
            raise ValueError(problem)
        paragraphs = _paragraphs(draw)
        text = ""
        while self._count(text) <= tokens:
            enough = len(text) + CHARACTERS_PER_TOKEN * tokens
            while len(text) < enough:
                text += next(paragraphs) + "\n\n"
        return self._cut(text, tokens)

    def _cut(self, text: str, tokens: int) -> str:
        """The longest beginning with at most so many tokens, as far as more text has more of them."""
        low, few = 0, self._count("")
        high, many = len(text), self._count(text)
        halve = False
        while high - low > 1:
            share = 0.5 if halve else (tokens - few) / (many - few)
            middle = min(max(low + round((high - low) * share), low + 1), high - 1)
            halve = not halve
            found = self._count(_ended(text, middle))
            if found <= tokens:
                low, few = middle, found
            else:
                high, many = middle, found
        if not low:
            raise ValueError(f"{tokens} tokens are too few for a prompt with a text")
        best = _ended(text, low)
        if few < tokens:
            longer = (_ended(text, place) for place in range(low + 1, low + NEARBY_CHARACTERS))
            ended = (best + end for end in ENDINGS)
            candidates = itertools.chain(ended, longer)
            return next((each for each in candidates if self._count(each) == tokens), best)
        return best


def write_rows(
    card: DatasetCard, subject: str, spec: SourceSpec, seed: int, writer: Writer, number: int
) -> Iterator[dict[str, Any] | str]:
    """So many rows, or what is wrong with one."""
    lengths = wanted_lengths(card, subject, spec, seed)
    for place, tokens in enumerate(itertools.islice(lengths, number)):
        try:
            text = writer.text(tokens, _random(card, subject, seed, place))
        except ValueError as error:
            yield str(error)
        else:
            yield {"text": text, "prompt_tokens": tokens}


def _random(card: DatasetCard, subject: str, *what: Any) -> random.Random:
    return random.Random("/".join(map(str, (card.name, subject, *what))))


def _ended(text: str, place: int) -> str:
    """Templates drop blanks at the end, some of them."""
    return text[:place].rstrip()


def _paragraphs(draw: random.Random) -> Iterator[str]:
    """The built-in paragraphs in an order drawn anew each time they are through."""
    order = list(_all_paragraphs())
    draw.shuffle(order)
    # Few prompts begin alike.
    words = order[0].split(" ")
    yield " ".join(words[draw.randrange(len(words)) :])
    while True:
        yield from order[1:]
        draw.shuffle(order)


@functools.cache
def _all_paragraphs() -> tuple[str, ...]:
    card = load_dataset_card(DOCUMENTS)
    documents = (
        row.values["context"]
        for task in TASKS
        for row in read_rows(card, task, SourceSpec("builtin"))
    )
    found = (line.strip() for document in documents for line in document.splitlines())
    return tuple(dict.fromkeys(line for line in found if len(line) >= SHORTEST_PARAGRAPH))
