"""What every command says of its flags, and what ``--list`` prints."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys

import pytest
from folders import SCRIPTS

from c2c_timing.cards.dataset_card import available_datasets, load_dataset_card
from c2c_timing.cards.pair_card import available_pairs
from c2c_timing.flags import Formatter, shown
from c2c_timing.method_table import METHODS
from c2c_timing.runtime_table import RUNTIMES

COMMANDS = [
    path.stem
    for path in sorted(SCRIPTS.glob("*.py"))
    if "def parser(" in path.read_text(encoding="utf-8")
]
TIMING = ["comprehensive_timing_benchmark", "dataset_timing_benchmark", "batch_timing_benchmark",
          "demo_torch_profiler"]  # fmt: skip


def help_of(flags):
    """What ``--help`` says of each flag, as one line of words."""
    blocks, name = {}, None
    for line in flags.format_help().splitlines():
        if found := re.match(r"  (?:-\w, )?(-?-?\w[\w-]*)", line):
            name = found[1]
        elif not line.startswith("   "):
            name = None
        if name:
            blocks[name] = " ".join([blocks.get(name, ""), *line.split()])
    return blocks


@pytest.mark.parametrize("command", COMMANDS)
def test_every_flag_shows_its_default_and_its_choices(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")  # no word is divided
    monkeypatch.delenv("C2C_TIMING_WORKER", raising=False)
    flags = importlib.import_module(command).parser()
    said = help_of(flags)
    actions = [a for a in flags._actions if a.default is not argparse.SUPPRESS]
    assert actions
    for action in actions:
        text = said[action.option_strings[-1] if action.option_strings else action.dest]
        assert action.help, f"{action.dest}: has no help"
        for choice in action.choices or ():
            assert re.search(rf"(?<!\w){re.escape(str(choice))}(?!\w)", text), (action.dest, choice)
        if action.required and action.nargs != "*":
            assert text.endswith("required)"), text
        elif action.default is None:
            assert re.search(r"default: \S[^)]*\)$", text), text
        else:
            assert text.endswith(f"default: {shown(action.default) or 'none'})"), text


def test_a_default_in_words_gives_way_to_a_value(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    flags = argparse.ArgumentParser(formatter_class=Formatter)
    flags.add_argument("--most", type=int, help="longest answer (default: the card's)")
    flags.add_argument(
        "--share", default="5%", choices=["5%", "6%"], metavar="SHARE", help="so much"
    )
    flags.add_argument("--on", action="store_true", help="more")
    said = help_of(flags)
    assert said["--most"].endswith("longest answer (default: the card's)")
    assert said["--share"].endswith("(5%, 6%; default: 5%)")
    assert said["--on"].endswith("more (default: off)")
    flags.set_defaults(most=16)
    assert help_of(flags)["--most"].endswith("longest answer (default: 16)")


@pytest.mark.parametrize("command", TIMING)
@pytest.mark.parametrize(("what", "names"), [
    ("datasets", available_datasets()),
    ("pairs", available_pairs()),
    ("methods", list(METHODS)),
    ("runtimes", list(RUNTIMES)),
    ("subjects", list(load_dataset_card("longbench").subjects)),
])  # fmt: skip
def test_a_list_needs_no_other_flag(command, what, names, capsys):
    assert importlib.import_module(command).main(["--list", what]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    words = [row.split() for row in rows]
    assert set(names) <= {word for row in words for word in row[:2]}
    assert max(map(len, [header, *rows])) < 120


def test_subjects_of_one_data_set_name_their_groups(capsys):
    command = importlib.import_module("comprehensive_timing_benchmark")
    assert command.main(["--list=subjects", "--dataset", "cais/mmlu"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert len(rows) == 57
    assert all(row.startswith("mmlu ") for row in rows)
    assert any("astronomy" in row and "physics, STEM" in row for row in rows)


@pytest.mark.parametrize("command", TIMING)
def test_an_unknown_list_is_refused_with_the_choices(command, capsys):
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(command).main(["--list", "subject"])
    assert ended.value.code == 2
    refused = capsys.readouterr().err
    assert "datasets" in refused and "subjects" in refused


def test_a_list_loads_no_models_library():
    code = (
        "import sys, comprehensive_timing_benchmark as command\n"
        "assert command.main(['--list', 'subjects']) == 0\n"
        "assert not {'torch', 'transformers', 'datasets', 'pandas', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
