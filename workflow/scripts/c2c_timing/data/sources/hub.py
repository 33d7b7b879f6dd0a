"""Rows from the Hub, through the ``datasets`` library; HF_ENDPOINT and offline mode hold."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from ...errors import UserError
from ..cards import DatasetCard
from .files import parse_lines
from .rows import Found, SourceSpec


def read_hub(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    """The rows of a subject.

    Raises:
        UserError: the Hub, the repository, its revision or its configuration cannot be reached.
    """
    try:
        rows = _read_zip(card, subject, spec) if "zip" in card.hub else _load(card, subject, spec)
        yield from rows
    except UserError:
        raise
    except Exception as error:  # the Hub's libraries raise some thirty kinds of errors
        reason = next((line for line in str(error).splitlines() if line.strip()), repr(error))
        raise UserError(
            f"{card.hub['id']} ({card.name}/{subject}): cannot be read from the Hub "
            f"({type(error).__name__}: {reason[:200]}); check the network, HF_ENDPOINT or "
            "--revision, or use --source builtin or --source local"
        ) from error


def _load(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    native = card.native_name(subject)
    config = card.hub.get("config", "default").format(subject=native)
    rows = datasets.load_dataset(
        card.hub["id"],
        config,
        split=spec.split or card.hub["split"],
        revision=spec.revision,
        streaming=card.hub.get("streaming", False),
    )
    column = card.content.get("subject_column")
    for row in rows:
        if "{subject}" in card.hub.get("config", "") or not column or row[column] == native:
            yield row


def _read_zip(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    import huggingface_hub

    huggingface_hub.utils.disable_progress_bars()
    place = card.hub["zip"]
    archive = huggingface_hub.hf_hub_download(
        card.hub["id"], place["archive"], repo_type="dataset", revision=spec.revision
    )
    member = place["member"].format(subject=card.native_name(subject))
    with zipfile.ZipFile(archive) as opened:
        if member not in opened.namelist():
            raise UserError(f"{card.hub['id']}: {place['archive']} holds no {member}")
        with opened.open(member) as lines:
            yield from parse_lines(lines)
