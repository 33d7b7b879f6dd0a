"""Draw the pictures of README and docs: figures of kept records, and what is timed.

A picture is stale when its records or the code that draws it are others than those it was drawn with;
comments and formatting of code count for nothing. Texts of prompts and answers are not kept.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

import pyarrow as pa
import pyarrow.parquet
from request_picture import draw_request

from c2c_timing.analysis.figures import FIGURES, drawn
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.merge import read_timings
from c2c_timing.code_files import closure
from c2c_timing.places import user_path
from c2c_timing.whole_files import write_text_whole

MADE = Path(__file__).resolve().parent
DOCS = MADE.parent
EXAMPLES = """examples:
  python docs/made/draw_pictures.py                # those that are stale
  python docs/made/draw_pictures.py --keep default results/timings.parquet
"""
DIGESTS = MADE / "pictures.json"
# Seven digits are more than a picture shows.
NARROW = {pa.float64(): pa.float32(), pa.list_(pa.float64()): pa.list_(pa.float32())}
TEXTS = ["prompt", "response", "message", "sections"]


@dataclass(frozen=True)
class Picture:
    """A picture of the pages.

    Attributes:
        file: in ``docs/``.
        figure: of ``FIGURES``.
        records: name of the kept records, in ``docs/made/data/``.
    """

    file: str
    figure: str
    records: str

    @property
    def data(self) -> Path:
        """The kept records."""
        return MADE / "data" / f"{self.records}.parquet"

    def digest(self) -> str:
        """Of its records and of the code that draws it."""
        code = closure(FIGURES[self.figure].__module__)
        return _digest([*code, Path(__file__)], self.data.read_bytes())

    def draw(self, png: Path, svg: Path) -> None:
        """Both files, of which the pages show one."""
        save(drawn(self.figure, read_timings(self.data)), png, svg)


PICTURES = (
    Picture("stage_breakdown.png", "stage_breakdown", "default"),
    Picture("speedup.png", "speedup", "compare"),
    Picture("break_even.png", "break_even", "compare"),
    Picture("ladder.png", "ladder_by_data_set", "ladder"),
)
REQUEST = "what_is_timed.svg"


def digests() -> dict[str, str]:
    """Of every picture, as it would be drawn now."""
    code = [*closure("c2c_timing.stages"), MADE / "request_picture.py"]
    return {picture.file: picture.digest() for picture in PICTURES} | {REQUEST: _digest(code)}


def stale() -> list[str]:
    """Files of pictures that are missing or were drawn of other records or by other code."""
    drawn = json.loads(DIGESTS.read_text(encoding="utf-8")) if DIGESTS.exists() else {}
    return [
        file
        for file, digest in digests().items()
        if drawn.get(file) != digest or not (DOCS / file).exists()
    ]


def _digest(code: list[Path], data: bytes = b"") -> str:
    whole = hashlib.sha256(data)
    for path in code:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole.update(ast.dump(tree).encode())
    return whole.hexdigest()


def draw(files: list[str], folder: Path) -> None:
    """Draw these pictures into a folder."""
    for picture in PICTURES:
        if picture.file in files:
            other = folder / "unused.svg"
            picture.draw(folder / picture.file, other)
            other.unlink()
    if REQUEST in files:
        draw_request(folder / REQUEST)


def keep(name: str, timings: Path) -> Path:
    """Keep the records of a run for pictures, without their texts."""
    records = pa.parquet.read_table(timings)
    records = records.drop_columns([name for name in TEXTS if name in records.column_names])
    half = [field.with_type(NARROW.get(field.type, field.type)) for field in records.schema]
    path = MADE / "data" / f"{name}.parquet"
    path.parent.mkdir(exist_ok=True)
    narrow = records.cast(pa.schema(half, records.schema.metadata))
    pa.parquet.write_table(narrow, path, compression="zstd", compression_level=19)
    return path


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    flags = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    flags.add_argument("--keep", nargs=2, metavar=("NAME", "TIMINGS"), help="keep a run's records")
    arguments = flags.parse_args(argv)
    if arguments.keep:
        name, timings = arguments.keep
        print(keep(name, user_path(timings)))
        return 0
    files = stale()
    draw(files, DOCS)
    write_text_whole(DIGESTS, json.dumps(digests(), indent=1) + "\n")
    print("\n".join(f"docs/{file}" for file in files) or "all pictures are as they would be drawn")
    return 0


if __name__ == "__main__":
    sys.exit(main())
