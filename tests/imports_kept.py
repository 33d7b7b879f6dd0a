"""Imports that no search for cycles looks at, neither while they are made nor afterwards, in no fork."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def imports_kept() -> Iterator[None]:
    """Tests have one of their own: what a fork imports of the project comes from another copy."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
