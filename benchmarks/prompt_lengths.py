"""How long prompts are in tokens, beside the published ones.

    python benchmarks/prompt_lengths.py --tokenizer Qwen/Qwen3-0.6B --source hub
    python benchmarks/prompt_lengths.py --dataset gsm8k --source local --data_path test.jsonl

Without --tokenizer it is the one that stands in for dummy pairs. Prints one line a data set: rows, mean
tokens of the whole prompt, chat template included, and the mean that was counted with the published
wording and Qwen's tokenizer on the whole test split.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from c2c_timing.cards.dataset_card import load_dataset_card  # noqa: E402
from c2c_timing.cards.pair_card import STAND_IN  # noqa: E402
from c2c_timing.cli import ROW_SOURCES  # noqa: E402
from c2c_timing.data.prompts import build_prompt  # noqa: E402
from c2c_timing.data.sources import SourceSpec, read_rows  # noqa: E402
from c2c_timing.engine.rendering import encode_chat  # noqa: E402
from c2c_timing.flags import Formatter  # noqa: E402
from c2c_timing.places import PAIRS, with_home  # noqa: E402

PUBLISHED = {
    ("mmlu", None): 184.5,
    ("mmlu-redux", None): 169.7,
    ("mmlu-pro", None): 271.6,
    ("gsm8k", None): 149.3,
    ("math-500", None): 159.2,
    ("openbookqa", None): 117.9,
    ("ai2-arc", "ARC-Challenge"): 141.2,
    ("ai2-arc", "ARC-Easy"): 131.6,
}


def parser() -> argparse.ArgumentParser:
    """The command's flags."""
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0], formatter_class=Formatter)
    flags.add_argument(
        "--tokenizer", type=with_home, default=str(PAIRS / STAND_IN), help="Hub id or folder"
    )
    flags.add_argument("--source", choices=ROW_SOURCES, default="builtin", help="of the rows")
    flags.add_argument(
        "--data_path", type=with_home, help="for local: file or folder of the --dataset"
    )
    flags.add_argument("--dataset", help="only this one (default: all)")
    return flags


def main() -> None:
    """Read the flags, count, print a table."""
    from transformers import AutoTokenizer

    arguments = parser().parse_args()
    tokenizer = AutoTokenizer.from_pretrained(arguments.tokenizer)
    source = SourceSpec(arguments.source, data_path=arguments.data_path)
    print(f"{'data set':24} {'rows':>6} {'tokens':>7} {'published':>9} {'difference':>10}")
    for (name, only), published in PUBLISHED.items():
        if arguments.dataset in (None, name):
            card = load_dataset_card(name)
            lengths = [
                _length(card, subject, row.values, tokenizer)
                for subject in ([only] if only else card.subjects)
                for row in read_rows(card, subject, source)
                if not row.problem
            ]
            difference = mean(lengths) / published - 1
            label = only or name
            print(
                f"{label:24} {len(lengths):6} {mean(lengths):7.1f} {published:9.1f} {difference:10.1%}"
            )


def _length(card, subject, values, tokenizer) -> int:
    prompt = build_prompt(card, subject, values)
    return len(encode_chat(prompt.messages, prompt.chat, tokenizer)[1])


if __name__ == "__main__":
    main()
