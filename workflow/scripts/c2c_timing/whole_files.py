"""Files that are whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


def partial_of(path: Path) -> Path:
    """Where a file grows until it is whole; in the same folder, since renaming needs one disk."""
    return path.with_name(f"{path.name}.partial")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A place to write to; at the end of the block what stands there becomes ``path``.

    Makes the folder. Where the block fails nothing is left beside, and an earlier file of that name
    stays as it was. Several files that belong together: one block in another's; the outermost comes
    last.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_of(path)
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        # What stopped the block is worth more than that its remains could not be removed.
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_text_whole(path: Path, text: str) -> None:
    """A text, whole or not at all."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")
