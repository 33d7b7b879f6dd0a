"""How many cases tests try that make them up."""

import os

SCALE = int(os.environ.get("FUZZ_SCALE", "1"))
"""More than 1 tries so many times more cases, other ones each time."""
