"""Fuser checkpoints and model folders: what does not fit is named, and nothing in them is run."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.cards.pair_card import ModelSpec, load_pair_card
from c2c_timing.engine.cache import KVShape
from c2c_timing.engine.fuser import dummy_fuser, load_fuser
from c2c_timing.engine.pair import load_model

from .support import HOSTILE_OTHERS, HOSTILE_TEXTS, cases, damaged, damaged_bytes

BASE, TEACHER = [KVShape(2, 8)] * 2, [KVShape(1, 4)] * 3
INIT = {"source_dim": 4, "target_dim": 8, "source_num_heads": 1, "target_num_heads": 2,
        "hidden_dim": 8, "intermediate_dim": 8, "num_layers": 3, "dropout": 0.1}  # fmt: skip
DESCRIPTION = {"class": "C2CProjector", "init_args": INIT}
MAPPING = {"0": {"1": {"0": [[1, 0]], "1": [[2, 1]]}}}


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    folder = tmp_path_factory.mktemp("good")
    fuser = dummy_fuser(BASE, TEACHER, "last_aligned", 8, 8, 3)
    for number, connection in enumerate(fuser.connections):
        torch.save(connection.projector.state_dict(), folder / f"projector_{number}.pt")
        (folder / f"projector_{number}.json").write_text(json.dumps(DESCRIPTION))
    (folder / "projector_config.json").write_text(json.dumps(MAPPING))
    return folder


@pytest.fixture
def spoil(tally, good, tmp_path_factory):
    """Loads a good folder in which one file is spoilt; what loads must be a fuser of this pair."""

    def run(name, content):
        folder = Path(shutil.copytree(good, tmp_path_factory.mktemp("fuser") / "fuser"))
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).write_bytes(content)
        with tally.case():
            fuser = load_fuser(folder, BASE, TEACHER)
            places = [c.base_layer for c in fuser.connections]
            assert len(set(places)) == len(places)
            for connection in fuser.connections:
                assert 0 <= connection.base_layer < 2
                assert 0 <= connection.teacher_layer < 3
                projector = connection.projector
                assert (projector.heads, projector.head_dim) == BASE[0]
                ones = [tuple(torch.ones(1, s.heads, 2, s.head_dim) for _ in "kv")
                        for s in (TEACHER[0], BASE[0])]  # fmt: skip
                for residual in projector.residuals(*ones):
                    assert residual is None or residual.shape == ones[1][0].shape

    return run


def as_json(value):
    return json.dumps(value, default=str).encode()


@pytest.mark.parametrize(
    "name",
    ["projector_0.pt", "projector_1.pt", "projector_0.json", "projector_1.json", "projector_config.json"],
)  # fmt: skip
def test_a_missing_file(spoil, name):
    spoil(name, None)
    spoil(name, b"")


@pytest.mark.parametrize("value", [*HOSTILE_TEXTS, *HOSTILE_OTHERS], ids=lambda v: repr(v)[:30])
def test_a_hostile_value_in_every_place(spoil, value):
    spoil("projector_config.json", as_json(value))
    spoil("projector_0.json", as_json(value))
    for mapping in ({"0": value}, {"0": {"1": value}}, {"0": {"1": {"0": value}}},
                    {"0": {"1": {"0": [value]}}}, {"0": {"1": {"0": [[value, 0]]}}},
                    {"0": {"1": {"0": [[0, value]]}}}, {"0": {"1": {str(value): [[0, 0]]}}}):  # fmt: skip
        spoil("projector_config.json", as_json(mapping))
    spoil("projector_0.json", as_json({**DESCRIPTION, "class": value}))
    spoil("projector_0.json", as_json({**DESCRIPTION, "init_args": value}))
    for key in INIT:
        spoil("projector_0.json", as_json({**DESCRIPTION, "init_args": {**INIT, key: value}}))


@cases(60)
@given(st.data())
def test_damaged_descriptions(spoil, data):
    name, value = data.draw(
        st.sampled_from([("projector_0.json", DESCRIPTION), ("projector_config.json", MAPPING)])
    )
    spoil(name, as_json(data.draw(damaged(value))))


@cases(60)
@given(st.data())
def test_damaged_bytes(spoil, good, data):
    name = data.draw(st.sampled_from(sorted(path.name for path in good.iterdir())))
    spoil(name, data.draw(damaged_bytes((good / name).read_bytes())))


class Intruder:
    """What runs code when it is unpickled."""

    def __init__(self, witness):
        self.witness = witness

    def __reduce__(self):
        return (Path.touch, (self.witness,))


def test_code_in_a_checkpoint_does_not_run(tally, good, tmp_path):
    state = torch.load(good / "projector_0.pt", weights_only=True)
    witness = tmp_path / "it ran"
    intruders = [Intruder(witness), {**state, "x": Intruder(witness)}, [Intruder(witness)]]
    for number, intruder in enumerate(intruders):
        folder = Path(shutil.copytree(good, tmp_path / str(number)))
        for write in (torch.save, lambda value, path: path.write_bytes(pickle.dumps(value))):
            write(intruder, folder / "projector_0.pt")
            with tally.case():
                load_fuser(folder, BASE, TEACHER)
                raise AssertionError("such a checkpoint loads")
    assert tally["clear errors"] == 6
    assert not witness.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(extra=torch.ones(1)), lambda s: s.popitem(), lambda s: s.clear(),
        lambda s: s.update(key_gate_logit=torch.ones(3)), lambda s: s.update(key_gate_logit="open"),
        lambda s: s.update({k: v.t() for k, v in s.items() if v.ndim == 2}),
        lambda s: s.update({k: v[:1] for k, v in s.items() if v.ndim == 2}), lambda s: s.update({5: 5}),
    ],
)  # fmt: skip
def test_state_dicts_of_other_shapes_and_keys(tally, good, tmp_path, change):
    folder = Path(shutil.copytree(good, tmp_path / "fuser"))
    state = dict(torch.load(folder / "projector_0.pt", weights_only=True))
    change(state)
    torch.save(state, folder / "projector_0.pt")
    with tally.case():
        load_fuser(folder, BASE, TEACHER)
    assert tally["clear errors"] == 1


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A real model's folder: the tiny base, saved."""
    folder = tmp_path_factory.mktemp("model")
    loaded = load_model(load_pair_card("tiny").base, torch.device("cpu"), torch.float32)
    loaded.model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)
    return folder


@cases(15)
@given(st.data())
def test_damaged_model_folders(tally, model_folder, tmp_path_factory, data):
    folder = Path(shutil.copytree(model_folder, tmp_path_factory.mktemp("model") / "model"))
    name = data.draw(st.sampled_from(sorted(path.name for path in folder.iterdir())))
    content = (folder / name).read_bytes()
    if name.endswith(".json") and data.draw(st.booleans()):
        content = as_json(data.draw(damaged(json.loads(content))))
    else:
        content = data.draw(damaged_bytes(content))
    (folder / name).write_bytes(content)
    with tally.case():
        load_model(ModelSpec(str(folder), "local"), torch.device("cpu"), torch.float32)


def test_code_beside_a_model_does_not_run(tally, model_folder, tmp_path, monkeypatch):
    """A config that names a class in the folder: neither is it run, nor is anybody asked."""
    witness = tmp_path / "it ran"
    (model_folder / "modeling_own.py").write_text(f"open({str(witness)!r}, 'w')\n")
    config = json.loads((model_folder / "config.json").read_text())
    config["auto_map"] = {
        "AutoConfig": "modeling_own.Own",
        "AutoModelForCausalLM": "modeling_own.Own",
    }
    monkeypatch.setattr("builtins.input", lambda *words: pytest.fail("somebody is asked"))
    for kind in (config["model_type"], "own"):
        folder = Path(shutil.copytree(model_folder, tmp_path / kind))
        (folder / "config.json").write_text(json.dumps({**config, "model_type": kind}))
        with tally.case():
            load_model(ModelSpec(str(folder), "local"), torch.device("cpu"), torch.float32)
    assert tally["clear errors"] == 1
    assert not witness.exists()


def test_a_pickle_instead_of_safetensors_is_refused(tally, model_folder, tmp_path):
    folder = Path(shutil.copytree(model_folder, tmp_path / "model"))
    (folder / "model.safetensors").unlink()
    witness = tmp_path / "it ran"
    torch.save({"x": Intruder(witness)}, folder / "pytorch_model.bin")
    with tally.case():
        load_model(ModelSpec(str(folder), "local"), torch.device("cpu"), torch.float32)
    assert tally["clear errors"] == 1
    assert not witness.exists()
