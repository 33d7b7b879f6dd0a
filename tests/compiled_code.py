"""Where tests keep what they compile: compiling takes longer than all that is done with it then."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def compiled_code() -> Path:
    """A folder of this user on this machine, as torch keeps one: for all workers, and the next run.

    Torch finds a thing there by its source, its options, and the versions of all that made it.
    """
    folder = Path(tempfile.gettempdir()) / f"c2c-timing-tests-{os.getuid()}" / "compiled"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
