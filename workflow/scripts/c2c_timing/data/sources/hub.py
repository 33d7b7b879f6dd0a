"""Rows from the Hub, through its own libraries; HF_ENDPOINT and offline mode hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...cards.dataset_card import DatasetCard
from ...errors import UserError
from .archives import read_member
from .json_array import iterate_json_array
from .rows import Found, SourceSpec


def read_hub(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    """The rows of a subject.

    Raises:
        UserError: the Hub, the repository, its revision or its configuration cannot be reached.
    """
    way = next((_WAYS[key] for key in _WAYS if key in card.hub), _load)
    try:
        yield from way(card, subject, spec)
    except UserError:
        raise
    except Exception as error:  # the Hub's libraries raise some thirty kinds of errors
        revision = f" at revision {spec.revision}" if spec.revision else ""
        raise UserError(
            f"{card.hub['id']}{revision} ({card.name}/{subject}): cannot be read from the Hub "
            f"({type(error).__name__}: {_reason(error)}); check the network, HF_ENDPOINT or "
            "--revision, or use --source builtin or --source local"
        ) from error


def _reason(error: Exception) -> str:
    """The line that says most: an HTTP error begins with its number alone."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "Client Error." not in line] or lines or [repr(error)]
    return telling[0][:200]


def _load(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    native = card.native_name(subject)
    config = card.hub.get("config", "default").format(subject=native)
    split = spec.split or card.hub["split"]
    rows = datasets.load_dataset(card.hub["id"], config, split=split, revision=spec.revision)
    if spec.revision:
        _check_revision(card, spec.revision, rows)
    column = card.content.get("subject_column")
    for row in rows:
        if "{subject}" in card.hub.get("config", "") or not column or row[column] == native:
            yield row


def _check_revision(card: DatasetCard, revision: str, rows: Any) -> None:
    """Without a network ``load_dataset`` takes what was cached last, whatever its revision."""
    from huggingface_hub import hf_hub_download

    readme = hf_hub_download(card.hub["id"], "README.md", repo_type="dataset", revision=revision)
    commit = Path(readme).parent.name
    if not all(commit in file["filename"] for file in rows.cache_files):
        raise UserError(
            f"{card.hub['id']}: the cache holds another revision than {revision}; "
            "read it once with a network"
        )


def _read_json_array(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    """Rows of a file that is one JSON array, fetched only as far as they are taken.

    ``load_dataset(..., streaming=True)`` reads such a file whole before its first row.
    """
    import huggingface_hub

    name, revision = card.hub["json_array"], spec.revision or "main"
    cached = huggingface_hub.try_to_load_from_cache(
        card.hub["id"], name, repo_type="dataset", revision=revision
    )
    if isinstance(cached, str):
        with Path(cached).open("rb") as file:
            yield from iterate_json_array(file)
        return
    place = f"datasets/{card.hub['id']}@{revision}/{name}"
    with huggingface_hub.HfFileSystem().open(place, block_size=0) as file:
        yield from iterate_json_array(file)


def _read_zip(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    place = card.hub["zip"]
    archive = hf_hub_download(
        card.hub["id"], place["archive"], repo_type="dataset", revision=spec.revision
    )
    member = place["member"].format(subject=card.native_name(subject))
    yield from read_member(Path(archive), member, f"{card.hub['id']}: {place['archive']}")


_WAYS = {"zip": _read_zip, "json_array": _read_json_array}
