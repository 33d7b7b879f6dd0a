"""The rows of a shard: read, or written for the pair that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..cards.dataset_card import DatasetCard
from ..data.selection import select_rows
from ..data.sources import Row, SourceSpec, read_rows
from ..data.sources.rows import with_ids
from ..data.synthetic import SYNTHETIC, Writer, synthetic_card, wanted_number, write_rows
from ..engine.rendering import encode_chat
from ..errors import UserError

if TYPE_CHECKING:
    from ..session import Session


def card_of_rows(card: DatasetCard, spec: SourceSpec) -> DatasetCard:
    """The card that makes prompts of a source's rows."""
    return synthetic_card(card) if spec.kind == SYNTHETIC else card


def read_samples(card: DatasetCard, subject: str, session: Session) -> list[Row]:
    """The rows of a shard; ``card`` is the rows' own (``card_of_rows``).

    Raises:
        UserError: the source as a whole cannot be read, or a length that is asked for cannot be had.
    """
    settings = session.settings
    if settings.source.kind != SYNTHETIC:
        rows = read_rows(card, subject, settings.source)
        return select_rows(rows, settings.num_samples, settings.selection, settings.seed)
    writer = writer_for(card, subject, session)
    for tokens in settings.source.prompt_tokens or ():
        if problem := writer.problem(tokens):
            raise UserError(f"{card.name}/{subject}: prompt_tokens: {problem}")
    number = wanted_number(settings.source, settings.num_samples)
    written = write_rows(card, subject, settings.source, settings.seed, writer, number)
    return list(with_ids(written, card, subject))


def writer_for(card: DatasetCard, subject: str, session: Session) -> Writer:
    """Writes prompts as the session's base reads them."""
    pair, is_chat = session.pair, card.is_chat(subject)

    def count(text: str) -> int:
        messages = [{"role": "user", "content": text}]
        return len(encode_chat(messages, is_chat, pair.base.tokenizer)[1])

    window = min(model.context_window for model in (pair.base, *pair.teachers))
    answer = session.settings.max_new_tokens or card.max_new_tokens_for(subject)
    return Writer(count, window - answer)


def told_of_source(row: Row, spec: SourceSpec) -> dict[str, Any]:
    """What a record says of where its row is from."""
    wanted = row.values["prompt_tokens"] if spec.kind == SYNTHETIC else None
    return {"source": spec.kind, "wanted_prompt_length": wanted}
