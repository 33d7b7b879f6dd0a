"""The documentation's examples are real."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml
from folders import ROOT

from c2c_timing.cards import pair_card
from c2c_timing.cards.dataset_card import read_dataset_card
from c2c_timing.data.prompts import build_prompt


def example(page):
    return re.search(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(), re.S)[1]


def test_the_example_data_set(tmp_path):
    path = tmp_path / "riddles.yaml"
    path.write_text(example("add-a-data-set.md"))
    card = read_dataset_card(path)
    assert card.expand_subjects(["hard"]) == ["long_ones"]
    prompt = build_prompt(card, "short", {"riddle": "What am I?", "options": ["a hole", "a pole"]})
    assert "B. a pole" in prompt.messages[0]["content"]


def test_the_example_pair(tmp_path, monkeypatch):
    (tmp_path / "mine.yaml").write_text(example("add-a-model-pair.md"))
    monkeypatch.setattr(pair_card, "PAIRS", tmp_path)
    card = pair_card.load_pair_card("mine")
    assert len(card.teachers) == len(card.fusers) == 2
    assert yaml.safe_load(example("add-a-model-pair.md"))["fusion_mode"] == card.fusion_mode


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *(ROOT / "docs").glob("*.md")], ids=lambda p: p.name
)
def test_links_and_commands_name_what_is_there(page):
    text = page.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, heading = target.partition("#")
        assert target.startswith("https://") or (page.parent / file).exists(), target
        if heading and not target.startswith("https://"):
            headings = re.findall("^#+ (.+)$", (page.parent / file).read_text(), re.M)
            assert heading in [title.lower().replace(" ", "-") for title in headings], target
    for line in re.findall(r"^    (?:python|\./)(.*)$", text, re.M):
        script = shlex.split(line.rstrip("\\"), comments=True)[0]
        assert (ROOT / script).is_file(), script
    for config in re.findall(r"configs/\w+\.yaml", text):
        assert (ROOT / config).is_file()
