"""Commands that write one page of documentation: printed, or into a file."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from .flags import Formatter
from .places import user_path
from .whole_files import write_text_whole


def page_parser(description: str | None, examples: str) -> argparse.ArgumentParser:
    """The flags of such a command."""
    flags = argparse.ArgumentParser(
        description=description, epilog=examples, formatter_class=Formatter
    )
    flags.add_argument("--output", type=user_path, help="file of the page (default: prints it)")
    return flags


def write_page(arguments: argparse.Namespace, page: Callable[[], str]) -> int:
    """Write it where the flags say; returns the exit code."""
    if arguments.output:
        write_text_whole(arguments.output, page())
    else:
        print(page())
    return 0
