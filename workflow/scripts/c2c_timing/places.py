"""Where the project's own folders lie: said here once."""

from __future__ import annotations

from pathlib import Path

LIBRARY = Path(__file__).resolve().parent
SCRIPTS = LIBRARY.parent
WORKFLOW = SCRIPTS.parent
PROJECT = WORKFLOW.parent
SCHEMAS = WORKFLOW / "schemas"
DATASETS = WORKFLOW / "datasets"
PROMPTS = DATASETS / "prompts"
PAIRS = WORKFLOW / "pairs"
SAMPLES = WORKFLOW / "samples"
