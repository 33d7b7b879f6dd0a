from __future__ import annotations

import json
import pickle

import pytest
import torch

from c2c_timing.engine.cache import KVShape
from c2c_timing.engine.fuser import dummy_fuser, load_fuser
from c2c_timing.errors import UserError

BASE, TEACHER = [KVShape(2, 8)] * 2, [KVShape(1, 4)] * 3
INIT = {"source_dim": 4, "target_dim": 8, "source_num_heads": 1, "target_num_heads": 2,
        "hidden_dim": 8, "intermediate_dim": 8, "num_layers": 3, "dropout": 0.1,
        "dtype": {"__type__": "torch.dtype", "value": "bfloat16"}}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
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
