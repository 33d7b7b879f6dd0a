"""Data set and pair cards: a damaged card is a clear error, or it works to the end."""

from __future__ import annotations

import json

import pytest
import yaml
from folders import ROOT
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards import dataset_card as cards
from c2c_timing.cards import pair_card
from c2c_timing.cards.dataset_card import read_dataset_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.shard.files import ShardFiles

from .support import HOSTILE_OTHERS, HOSTILE_TEXTS, cases, damaged, damaged_bytes

DATASETS = sorted((ROOT / "workflow" / "datasets").glob("*.yaml"))
PAIRS = sorted((ROOT / "workflow" / "pairs").glob("*.yaml"))
SAMPLES = {
    path.stem: json.loads(next((cards.SAMPLES / path.stem).glob("*.jsonl")).open().readline())
    for path in DATASETS
}


def use_dataset_card(path, folder, name):
    """What planning and timing ask of a card, with a row that the undamaged card likes."""
    card = read_dataset_card(path)
    for subject in list(card.subjects)[:2]:
        card.files_for(subject)
        card.expand_subjects([subject])
        assert card.max_new_tokens_for(subject) >= 1
        card.answer_for(subject)
        files = ShardFiles.of_shard(folder / "out", name, subject)
        for written in (files.timing, files.errors, files.run, files.journal):
            assert written.resolve().is_relative_to(folder / "out")
        prompt = build_prompt(card, subject, SAMPLES[name])
        assert all(isinstance(message["content"], str) for message in prompt.messages)
    card.expand_subjects("all")


@pytest.mark.parametrize("source", DATASETS, ids=lambda path: path.stem)
@cases(30)
@given(st.data())
def test_damaged_data_set_cards(tally, tmp_path, source, data):
    content = yaml.safe_load(source.read_text())
    content["subjects"] = dict(list(content["subjects"].items())[:3])
    path = tmp_path / source.name
    path.write_text(yaml.safe_dump(data.draw(damaged(content))))
    with tally.case():
        use_dataset_card(path, tmp_path, source.stem)


@pytest.mark.parametrize("name", ["gsm8k", "openhermes"])
@cases(60)
@given(st.data())
def test_damaged_data_set_files(tally, tmp_path, name, data):
    path = tmp_path / f"{name}.yaml"
    path.write_bytes(data.draw(damaged_bytes((cards.DATASETS / path.name).read_bytes())))
    with tally.case():
        use_dataset_card(path, tmp_path, name)


@pytest.mark.parametrize("value", [*HOSTILE_TEXTS, *HOSTILE_OTHERS], ids=lambda v: repr(v)[:30])
def test_a_hostile_value_in_every_place(tally, tmp_path, value):
    content = yaml.safe_load((cards.DATASETS / "ai2-arc.yaml").read_text())
    places = [(content, key) for key in content] + [(content["hub"], key) for key in content["hub"]]
    places += [(content["subjects"]["ARC-Easy"], key) for key in ("native", "prompt", "chat")]
    for holder, key in places:
        missing = object()
        before = holder.get(key, missing)
        holder[key] = value
        write_and_use(tally, tmp_path, content)
        if before is missing:
            del holder[key]
        else:
            holder[key] = before
    content["subjects"] = {value if isinstance(value, str | int | None) else str(value): {}}
    write_and_use(tally, tmp_path, content)


def write_and_use(tally, folder, content):
    path = folder / "ai2-arc.yaml"
    path.write_text(yaml.dump(content))
    with tally.case():
        use_dataset_card(path, folder, "ai2-arc")


@pytest.mark.parametrize("source", PAIRS, ids=lambda path: path.stem)
@cases(20)
@given(st.data())
def test_damaged_pair_cards(tally, tmp_path_factory, source, data):
    content = data.draw(damaged(yaml.safe_load(source.read_text())))
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("pairs")
        patch.setattr(pair_card, "PAIRS", folder)
        for name in ("models", "tokenizers"):
            (folder / name).symlink_to(PAIRS[0].parent / name)
        (folder / source.name).write_text(yaml.dump(content))
        pair_card.load_pair_card.cache_clear()
        with tally.case():
            card = pair_card.load_pair_card(source.stem)
            assert len(card.teachers) == len(card.fusers) >= 1
            assert card.weights in ("real", "dummy", "mixed")
            card.with_weights("dummy")
            assert all(path.is_file() for path in card.files)
    pair_card.load_pair_card.cache_clear()


@cases(60)
@given(damaged_bytes((ROOT / "workflow" / "pairs" / "tiny.yaml").read_bytes()))
def test_damaged_pair_files(tally, tmp_path_factory, content):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("pairs")
        patch.setattr(pair_card, "PAIRS", folder)
        (folder / "tiny.yaml").write_bytes(content)
        pair_card.load_pair_card.cache_clear()
        with tally.case():
            pair_card.load_pair_card("tiny")
    pair_card.load_pair_card.cache_clear()
