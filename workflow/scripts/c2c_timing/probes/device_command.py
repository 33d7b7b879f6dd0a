"""What the commands share that find something out about a device, and write it down as JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from ..errors import UserError
from ..flags import Formatter
from ..places import user_path
from ..whole_files import write_text_whole


def device_parser(description: str | None, example: str, output: Path) -> argparse.ArgumentParser:
    """Flags for the device and the report."""
    flags = argparse.ArgumentParser(
        description=description,
        epilog=example,
        formatter_class=Formatter,
    )
    flags.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    flags.add_argument("--output", type=user_path, default=output, help="what was found, as JSON")
    return flags


def make_folder_of(report: Path) -> None:
    """Before anything is measured.

    Raises:
        UserError: the report could not be written.
    """
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{report.parent}: cannot be written ({error.strerror})") from None


def write_report(report: Path, found: dict[str, Any]) -> None:
    """Whole, or not at all."""
    write_text_whole(report, json.dumps(found, indent=1) + "\n")
