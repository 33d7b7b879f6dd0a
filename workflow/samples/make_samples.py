"""Remake the built-in rows that are derived: MMLU-Redux from our MMLU rows, LongBench from a seed.

All other files beside this one are written by hand and are left alone.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import yaml
from longbench_maker import few_shot, passages, programs
from longbench_maker.documents import document_rows

HERE = Path(__file__).resolve().parent
ROWS_PER_TASK = 2
UNMARKED = {"error_type": "ok", "source": None, "correct_answer": None, "potential_reason": None}

LONGBENCH: dict[str, Callable[[int], list[dict]]] = {
    "narrativeqa": partial(document_rows, "narrativeqa"),
    "qasper": partial(document_rows, "qasper"),
    "multifieldqa_en": passages.multifieldqa_en,
    "multifieldqa_zh": partial(document_rows, "multifieldqa_zh", language="zh"),
    "hotpotqa": passages.hotpotqa,
    "2wikimqa": passages.two_wiki,
    "musique": passages.musique,
    "dureader": partial(document_rows, "dureader", language="zh"),
    "gov_report": partial(document_rows, "gov_report"),
    "qmsum": partial(document_rows, "qmsum"),
    "multi_news": partial(document_rows, "multi_news"),
    "vcsum": partial(document_rows, "vcsum", language="zh"),
    "trec": few_shot.trec,
    "triviaqa": passages.triviaqa,
    "samsum": few_shot.samsum,
    "lsht": few_shot.lsht,
    "passage_count": passages.passage_count,
    "passage_retrieval_en": passages.passage_retrieval_en,
    "passage_retrieval_zh": few_shot.passage_retrieval_zh,
    "lcc": programs.lcc,
    "repobench-p": programs.repobench_p,
}


def read_rows(path: Path) -> list[dict]:
    """Return the rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def write_rows(path: Path, rows: Iterable[dict]) -> None:
    """Write rows as JSONL, the same bytes on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_bytes("".join(lines).encode("utf-8"))


def redux_row(row: dict, mark: dict | None) -> dict:
    """Return an MMLU row with the columns of MMLU-Redux."""
    changed = {**row, **(mark["changes"] if mark else {})}
    del changed["subject"]
    return {**changed, **UNMARKED, **(mark["verdict"] if mark else {})}


def make_redux(mmlu: Path, output: Path) -> None:
    """Write one MMLU-Redux file for each MMLU file."""
    marks = yaml.safe_load((HERE / "redux_marks.yaml").read_text(encoding="utf-8"))
    by_row = {(mark["subject"], mark["row"]): mark for mark in marks}
    for path in sorted(mmlu.glob("*.jsonl")):
        rows = [
            redux_row(row, by_row.get((path.stem, index)))
            for index, row in enumerate(read_rows(path))
        ]
        write_rows(output / path.name, rows)


def make_longbench(output: Path) -> None:
    """Write one file for each LongBench task."""
    for task, make in LONGBENCH.items():
        write_rows(output / f"{task}.jsonl", make(ROWS_PER_TASK))


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="example: python workflow/samples/make_samples.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--output", type=Path, default=HERE, help="folder to write to (default: beside this script)"
    )
    output = parser.parse_args().output
    make_redux(HERE / "mmlu", output / "mmlu-redux")
    make_longbench(output / "longbench")


if __name__ == "__main__":
    main()
