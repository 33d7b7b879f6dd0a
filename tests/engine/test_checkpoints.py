from __future__ import annotations

import json
import pickle

import pytest
import torch
from folders import SHARED

from c2c_timing.engine.cache import KVShape
from c2c_timing.engine.fuser import dummy_fuser, load_fuser
from c2c_timing.engine.hub import wanted_files
from c2c_timing.errors import UserError

FUSERS = SHARED / "cases" / "fusers"
BASE, TEACHER = [KVShape(2, 8)] * 2, [KVShape(1, 4)] * 3
INIT = {"source_dim": 4, "target_dim": 8, "source_num_heads": 1, "target_num_heads": 2,
        "hidden_dim": 8, "intermediate_dim": 8, "num_layers": 3, "dropout": 0.1,
        "dtype": {"__type__": "torch.dtype", "value": "bfloat16"}}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    tmp_path = tmp_path / "final"
    tmp_path.mkdir()
    fuser = dummy_fuser(BASE, TEACHER, "last_aligned", 8, 8, 3)
    mapping = {}
    for number, connection in enumerate(fuser.connections):
        torch.save(connection.projector.state_dict(), tmp_path / f"projector_{number}.pt")
        description = {"class": "C2CProjector", "init_args": INIT}
        (tmp_path / f"projector_{number}.json").write_text(json.dumps(description))
        mapping[str(number)] = [[connection.teacher_layer, number]]
    (tmp_path / "projector_config.json").write_text(json.dumps({"0": {"1": mapping}}))
    return tmp_path


def test_a_published_folder_loads(folder):
    fuser = load_fuser(folder, BASE, TEACHER)
    assert [(c.base_layer, c.teacher_layer) for c in fuser.connections] == [(0, 1), (1, 2)]


@pytest.mark.parametrize("name, value", [
    ("zero_init", True), ("use_gumbel", False), ("gate_init_value", 0.1), ("anneal_steps", 1929),
    ("weight_dropout", 0.2), ("initial_temperature", 1.0), ("include_response", False),
])  # fmt: skip
def test_what_matters_in_training_alone_is_passed_over(folder, name, value):
    described(folder, {**INIT, name: value})
    assert len(load_fuser(folder, BASE, TEACHER).connections) == 2


@pytest.mark.parametrize("name", ["activation", "scalar_temperature", "add_self", "num_blocks"])
def test_what_might_change_an_answer_is_not(folder, name):
    described(folder, {**INIT, name: 1})
    with pytest.raises(UserError, match=name):
        load_fuser(folder, BASE, TEACHER)


@pytest.mark.skipif(not FUSERS.is_dir(), reason="the case lies beside the project's own checkout")
def test_a_published_description_with_zero_init_loads():
    shapes = [KVShape(2, 16)] * 4
    assert len(load_fuser(FUSERS / "zero_init", shapes, shapes).connections) == 4


@pytest.mark.parametrize("name, content", [
    ("config.json", '{"model": {"include_response": true}}'),
    ("config.json", "model:\n  include_response: true\n"),
    ("../config.json", '{"model": {"base_model": "a", "include_response":\n true}}'),
    ("projector_0.json", json.dumps({"class": "C2CProjector",
                                     "init_args": {**INIT, "include_response": True}})),
    ("projector_config.json", '{"include_response": true, "0": {"1": {"0": [[0, 0]]}}}'),
])  # fmt: skip
def test_a_fuser_that_fuses_while_decoding_is_refused(folder, name, content):
    (folder / name).write_text(content)
    with pytest.raises(
        UserError, match=r"include_response.*trained to fuse while decoding"
    ) as error:
        load_fuser(folder, BASE, TEACHER)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [
    '{"model": {"include_response": false}}', "# include_response: true\n", "\0", "[",
])  # fmt: skip
def test_any_other_config_of_a_training_is_none_of_our_business(folder, content):
    (folder / "config.json").write_text(content)
    assert len(load_fuser(folder, BASE, TEACHER).connections) == 2


def described(folder, arguments):
    for number in (0, 1):
        description = {"class": "C2CProjector", "init_args": arguments}
        (folder / f"projector_{number}.json").write_text(json.dumps(description))


class Intruder:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code of a checkpoint ran')",))


def remove(name):
    return lambda folder: (folder / name).unlink()


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def save(value):
    return lambda folder: torch.save(value, folder / "projector_0.pt")


@pytest.mark.parametrize("spoil", [
    remove("projector_0.pt"), remove("projector_1.json"), remove("projector_config.json"),
    write("projector_config.json", b"[]"), write("projector_config.json", b"\xff"),
    write("projector_0.pt", b"nothing"), write("projector_0.pt", pickle.dumps(Intruder())),
    write("projector_0.json", b'{"class": "Other", "init_args": {}}'),
    write("projector_0.json", b'{"class": "C2CProjector", "init_args": {"what": 1}}'),
    write("projector_config.json", b'{"0": {"1": {"7": [[0, 0]]}}}'),
    save({}), save({"extra": torch.ones(1)}), save([1, 2]),
])  # fmt: skip
def test_a_broken_folder_is_one_clear_line_and_runs_nothing(folder, spoil, tmp_path):
    spoil(folder)
    with pytest.raises(UserError, match=str(tmp_path)) as error:
        load_fuser(folder, BASE, TEACHER)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("shapes", [([KVShape(4, 8)] * 2, TEACHER), (BASE, [KVShape(3, 4)] * 3)])
def test_a_fuser_of_another_pair_is_refused(folder, shapes):
    with pytest.raises(UserError, match="trained for this pair"):
        load_fuser(folder, *shapes)


@pytest.mark.parametrize("subfolder, wanted", [
    ("pair/final", ["pair/final/*", "pair/config.json"]), ("final", ["final/*", "config.json"]),
    (None, None),
])  # fmt: skip
def test_the_config_of_a_training_is_downloaded_with_its_checkpoint(subfolder, wanted):
    assert wanted_files(subfolder) == wanted
