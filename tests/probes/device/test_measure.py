"""What is measured is complete and in its units; how fast this machine is, no test says."""

from __future__ import annotations

import json

import jsonschema
import pytest
import torch
import yaml
from folders import ROOT

import measure_device as command
from c2c_timing.probes.device import measure
from c2c_timing.probes.device.repeats import seconds_per_call, spread

SCHEMA = yaml.safe_load((ROOT / "workflow" / "schemas" / "device.schema.yaml").read_text())
CPU = torch.device("cpu")


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(measure, "COPIES", {"cpu": (1 << 12, 1 << 14)})
    monkeypatch.setattr(measure, "MOVED_A_REPEAT", {"cpu": 1 << 14})
    monkeypatch.setattr(measure, "PRODUCTS", {"cpu": (8, 16)})
    monkeypatch.setattr(measure, "LAUNCHES", 20)


def test_a_measured_device_follows_the_schema(small):
    measured = measure.measure_device(CPU)
    jsonschema.Draft202012Validator(SCHEMA).validate(measured)
    assert json.loads(json.dumps(measured)) == measured
    assert measured["device"] == "cpu"
    assert measured["synchronise_us"] is None
    assert measured["graph_node_us"] is None
    assert [rung["bytes"] for rung in measured["copy_gigabytes_per_second"]] == [4096, 8192, 16384]
    assert set(measured["product_gigaflops_per_second"]) == {"float32", "bfloat16", "float16"}
    assert all(r["size"] in (8, 16) for r in measured["product_gigaflops_per_second"].values())


def test_a_copy_touches_the_bytes_that_it_is_named_after(small, monkeypatch):
    copied = []
    monkeypatch.setattr(measure, "_copy", lambda a, b: copied.append(a.nbytes + b.nbytes) or int)
    assert [rung["bytes"] for rung in measure.measure_copies(CPU)] == copied


def test_rates_are_bytes_and_operations_by_seconds(small, monkeypatch):
    monkeypatch.setattr(measure, "seconds_per_call", lambda *_: [0.001, 0.002, 0.004])
    assert measure.measure_copies(CPU)[0]["median"] == pytest.approx(4096 / 0.002 / 1e9)
    rate = measure.measure_products(CPU, torch.float32)
    assert rate["median"] == pytest.approx(2 * 16**3 / 0.002 / 1e9)
    assert measure.measure_launches(CPU)["median"] == pytest.approx(2000)


def test_the_latency_in_a_graph_is_the_time_of_a_replay_by_its_kernels(monkeypatch):
    asked = []
    monkeypatch.setattr(
        measure, "_captured_chain", lambda device, nodes: asked.append(nodes) or "r"
    )
    monkeypatch.setattr(measure, "seconds_per_call", lambda *_: [0.001, 0.002, 0.004])
    found = measure.measure_graph_nodes(torch.device("cuda"))
    assert asked == [1000]
    assert found["median"] == pytest.approx(0.002 / 1000 * 1e6)
    assert found["repeats"] == 3
    assert measure.measure_graph_nodes(CPU) is None


class Recorder:
    """Stands in for a stream, a graph and the block of a capture: notes what is done with it."""

    def __init__(self, noted, name):
        self.noted, self.name = noted, name

    def __enter__(self):
        self.noted.append(f"{self.name} begins")

    def __exit__(self, *_):
        self.noted.append(f"{self.name} ends")

    def wait_stream(self, other):
        self.noted.append(f"{self.name} waits for {other.name}")

    def replay(self):
        self.noted.append("replay")


def test_a_chain_is_warmed_up_aside_and_captured_once(monkeypatch):
    noted, tiny = [], torch.zeros(1)
    neg = torch.Tensor.neg_
    monkeypatch.setattr(torch.Tensor, "neg_", lambda own: noted.append("kernel") or neg(own))
    monkeypatch.setattr(torch, "zeros", lambda *_, **__: tiny)
    for name, made in {
        "Stream": lambda _: Recorder(noted, "side"),
        "current_stream": lambda _: Recorder(noted, "main"),
        "stream": lambda _: Recorder(noted, "on the side"),
        "CUDAGraph": lambda: Recorder(noted, "graph"),
        "graph": lambda _: Recorder(noted, "capture"),
    }.items():
        monkeypatch.setattr(torch.cuda, name, made)
    replay = measure._captured_chain(torch.device("cuda"), 5)
    aside = ["side waits for main", "on the side begins", "kernel", "kernel", "on the side ends"]
    captured = ["main waits for side", "capture begins", *["kernel"] * 5, "capture ends"]
    assert noted == aside + captured
    assert replay() is tiny, "whose memory the graph reads"
    assert noted[len(aside + captured) :] == ["replay"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_a_kernel_of_a_graph_takes_less_than_waiting_for_one():
    cuda = torch.device("cuda")
    replay = measure._captured_chain(cuda, 3)
    replay().fill_(2.0)
    assert replay().item() == -2.0, "three changes of the sign"
    node = measure.measure_graph_nodes(cuda)["median"]
    assert 0.1 < node < measure.measure_synchronising(cuda)["median"]


def test_a_slow_product_ends_the_search(small, monkeypatch):
    monkeypatch.setattr(measure, "seconds_per_call", lambda *_: [1.0])
    assert measure.measure_products(CPU, torch.float32)["size"] == 8


def test_every_repeat_makes_all_its_calls():
    made = []
    seconds = seconds_per_call(CPU, lambda: made.append(1), 7, 3)
    assert len(seconds) == 3
    assert len(made) == 7 * (3 + 2)


def test_spread():
    assert spread([3.0, 1.0, 2.0]) == {"median": 2.0, "p10": 1.2, "p90": 2.8, "repeats": 3}


def test_the_command_writes_the_file_and_says_what_it_found(small, tmp_path, capsys):
    output = tmp_path / "results" / "device.json"
    assert command.main(["--device", "cpu", "--output", str(output)]) == 0
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(output.read_text()))
    assert not list(output.parent.glob("*.partial"))
    said = capsys.readouterr().out
    assert "GB/s" in said
    assert "synchronise" not in said


def test_an_unsteady_measurement_says_so(small):
    measured = measure.measure_device(CPU)
    steady = {"median": 5.0, "p10": 5.0, "p90": 5.1, "repeats": 3}
    measured["product_gigaflops_per_second"] = {
        "float32": steady,
        "bfloat16": {**steady, "p10": 1.0},
    }
    measured |= {"copy_gigabytes_per_second": [steady], "launch_us": steady}
    assert command.describe(measured)[-1].startswith("unsteady: bfloat16;")
    del measured["product_gigaflops_per_second"]["bfloat16"]
    assert not any("unsteady" in line for line in command.describe(measured))


def test_a_mistake_is_one_line(tmp_path, capsys):
    output = str(tmp_path / "device.json")
    assert command.main(["--device", "tpu", "--output", output]) == 1
    assert command.main(["--device", "cpu", "--output", "/dev/null/x/device.json"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["error:", "device"],
        ["error:", "/dev/null/x:"],
    ]
