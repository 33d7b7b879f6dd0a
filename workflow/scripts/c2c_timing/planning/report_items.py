"""Where Snakemake's own report shows a result, and under which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

# Beside the rules that name them.
CAPTIONS = "../report"


def table(path: str) -> dict[str, Any]:
    """Of a table, for ``report()``; its caption is named like it."""
    place = Path(path)
    return {
        "caption": f"{CAPTIONS}/tables/{place.stem}.rst",
        "category": "Tables",
        "labels": {"table": place.name},
    }


def figure(path: str, caption: str | None = None) -> dict[str, Any]:
    """Of a figure; without a caption of its own that of its name."""
    place = Path(path)
    return {
        "caption": f"{CAPTIONS}/{caption or f'figures/{place.stem}'}.rst",
        "category": "Figures",
        "labels": {"figure": place.stem, "format": place.suffix[1:].upper()},
    }


def page(path: str) -> dict[str, Any]:
    """Of the page that tells all."""
    return {
        "caption": f"{CAPTIONS}/page.rst",
        "category": "The answer",
        "labels": {"page": Path(path).name},
    }
