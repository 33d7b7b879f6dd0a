"""Rows from the Hub, through its own libraries; HF_ENDPOINT and offline mode hold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...cards.dataset_card import DatasetCard
from ...errors import UserError
from .archives import read_member
from .json_array import iterate_json_array
from .kept_streams import kept_file, rows_kept_and_streamed
from .rows import Found, SourceSpec


def read_hub(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    """The rows of a subject.

    Raises:
        UserError: the Hub, the repository, its revision or its configuration cannot be reached.
    """
    way = next((_WAYS[key] for key in _WAYS if key in card.hub), _load)
    with from_the_hub(card.hub["id"], spec.revision, f"{card.name}/{subject}"):
        yield from way(card, subject, spec)


@contextlib.contextmanager
def from_the_hub(hub_id: str, revision: str | None, what: str) -> Iterator[None]:
    """Within this block trouble with the Hub is a user's: one line that says what was asked for.

    Raises:
        UserError: the Hub, the repository, its revision or its configuration cannot be reached.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # the Hub's libraries raise some thirty kinds of errors
        at = f" at revision {revision}" if revision else ""
        raise UserError(
            f"{hub_id}{at} ({what}): cannot be read from the Hub "
            f"({type(error).__name__}: {_reason(error)}); check the network, HF_ENDPOINT or "
            "--revision, or use --source builtin or --source local"
        ) from error


def quiet_datasets() -> Any:
    """The library ``datasets``, without its bars and warnings."""
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity_error()
    return datasets


def commit_of(hub_id: str, revision: str | None) -> str:
    """The commit that a revision stands for; without a network that which was met last."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    def small_file(name: str) -> str:
        return hf_hub_download(hub_id, name, repo_type="dataset", revision=revision)

    try:
        found = small_file("README.md")
    except EntryNotFoundError:
        found = small_file(".gitattributes")  # every repository begins with it
    return Path(found).parent.name


def _reason(error: Exception) -> str:
    """The line that says most: an HTTP error begins with its number alone."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if "Client Error." not in line] or lines or [repr(error)]
    return telling[0][:200]


def open_table(hub_id: str, config: str | None, split: str | None, revision: str | None) -> Any:
    """A split of a configuration; all splits, by name, where ``split`` is None.

    Raises:
        UserError: the cache, which serves without a network, holds another revision.
    """
    commit = _commit_if_known(hub_id, revision)
    opened = quiet_datasets().load_dataset(hub_id, config, split=split, revision=commit or revision)
    # Without a network the library takes what was cached last, whatever its revision.
    for table in [opened] if split else opened.values():
        if commit and not all(commit in file["filename"] for file in table.cache_files):
            raise UserError(
                f"{hub_id}: the cache holds another revision than {revision or 'main'}; "
                "read it once with a network"
            )
    return opened


def _commit_if_known(hub_id: str, revision: str | None) -> str | None:
    """A pinned revision must be known; of the newest one the cache may not tell the commit."""
    try:
        return commit_of(hub_id, revision)
    except Exception:  # whatever it is, reading the table says it, too
        if revision:
            raise
        return None


def _load(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    native = card.native_name(subject)
    config = card.hub.get("config", "default").format(subject=native)
    split = spec.split or card.hub["split"]
    column = card.content.get("subject_column")
    for row in open_table(card.hub["id"], config, split, spec.revision):
        if "{subject}" in card.hub.get("config", "") or not column or row[column] == native:
            yield row


def _read_json_array(card: DatasetCard, subject: str, spec: SourceSpec) -> Iterator[Found]:
    """Rows of a file that is one JSON array, fetched only as far as they are taken.

    ``load_dataset(..., streaming=True)`` reads such a file whole before its first row.
    """
    import huggingface_hub

    hub_id, name = card.hub["id"], card.hub["json_array"]
    commit = commit_of(hub_id, spec.revision)
    cached = huggingface_hub.try_to_load_from_cache(
        hub_id, name, repo_type="dataset", revision=commit
    )
    if isinstance(cached, str):
        with Path(cached).open("rb") as file:
            yield from iterate_json_array(file)
        return

    def stream() -> Any:
        files = huggingface_hub.HfFileSystem()
        return files.open(f"datasets/{hub_id}@{commit}/{name}", block_size=0)

    yield from rows_kept_and_streamed(kept_file(hub_id, commit, name), stream, hub_id)


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
