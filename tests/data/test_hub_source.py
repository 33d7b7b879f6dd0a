"""The hub source of every data set, through the real libraries, against a stand-in Hub."""

from __future__ import annotations

import socket
import zipfile

import pytest
from standin_hub import StandInHub, repositories
from standin_hub.ask import HURRY, ask

from c2c_timing.cards.dataset_card import load_dataset_card
from c2c_timing.data.prompts import build_prompt
from c2c_timing.data.sources import SourceSpec, read_rows

READ = "standin_hub.project:rows"
PROMPTS = "standin_hub.project:prompts"
SUBJECTS = {
    "mmlu": ["abstract_algebra", "high_school_physics", "world_religions"],
    "mmlu-redux": ["abstract_algebra", "high_school_physics", "world_religions"],
}
"""Of these data sets some subjects are read; of the others all."""

DATASETS = list(repositories.WRITERS)
LARGE_ROWS = 4000


def _builtin(dataset: str, subject: str) -> list[dict]:
    card = load_dataset_card(dataset)
    return [row.values for row in read_rows(card, subject, SourceSpec(kind="builtin"))]


def _subjects(dataset: str) -> list[str]:
    return SUBJECTS.get(dataset) or list(load_dataset_card(dataset).subjects)


def _without_nulls(value: object) -> object:
    """A table has every column in every row: there, null is what an absent key was."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _write(root, dataset: str, **more) -> None:
    card = load_dataset_card(dataset)
    rows = {s: _builtin(dataset, s) for s in card.subjects if card.sample_file(s).is_file()}
    if rows:
        repositories.WRITERS[dataset](root, rows, **more)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """The built-in rows in the Hub's layouts; ``v1`` holds the last row alone."""
    root = tmp_path_factory.mktemp("hub") / "root"
    for dataset in DATASETS:
        _write(root, dataset)
    repositories.write_gsm8k(root, {"main": _builtin("gsm8k", "main")[-1:]}, revision="v1")
    chat = {"conversations": [{"from": "human", "value": "One?"}, {"from": "gpt", "value": "1"}]}
    repositories.write_openhermes(root, {"main": [chat]}, revision="v1")
    trec = {"input": "Why?", "context": "Because.", "answers": ["so"], "dataset": "trec"}
    repositories.write_longbench(root, {"trec": [trec]}, revision="v1")
    with StandInHub(root) as opened:
        yield opened


@pytest.fixture(scope="module")
def answers(hub):
    """Every read of this module that needs nothing special, in one process."""
    pairs = [(dataset, subject) for dataset in DATASETS for subject in _subjects(dataset)]
    calls = {f"{dataset} {subject}": (READ, [dataset, subject], {}) for dataset, subject in pairs}
    calls["turns"] = (PROMPTS, ["openhermes", "main"], {})
    for dataset, subject in (("gsm8k", "main"), ("openhermes", "main"), ("longbench", "trec")):
        calls[f"{dataset} v1"] = (READ, [dataset, subject], {"revision": "v1"})
        calls[f"{dataset} v9"] = (READ, [dataset, subject], {"revision": "v9"})
    calls["no split"] = (READ, ["gsm8k", "main"], {"split": "holdout"})
    calls["no member"] = (READ, ["longbench", "lcc"], {"revision": "v1"})
    return ask(hub.environment(), calls)


def _is_one_line(answer: dict, *words: str) -> bool:
    assert answer.get("error") == "UserError", answer
    assert "\n" not in answer["message"]
    for word in words:
        assert word in answer["message"]
    return True


@pytest.mark.parametrize("dataset", DATASETS)
def test_rows_are_the_built_in_ones(answers, dataset):
    for subject in _subjects(dataset):
        found = answers[f"{dataset} {subject}"]
        assert _without_nulls(found.get("value")) == _without_nulls(_builtin(dataset, subject)), (
            found.get("message")
        )


def test_conversations_become_prompts(answers):
    card = load_dataset_card("openhermes")
    expected = [build_prompt(card, "main", row).messages for row in _builtin("openhermes", "main")]
    assert answers["turns"] == {"value": expected}


@pytest.mark.parametrize("dataset", ["gsm8k", "openhermes", "longbench"])
def test_pinned_revision(answers, dataset):
    assert len(answers[f"{dataset} v1"]["value"]) == 1
    assert _is_one_line(answers[f"{dataset} v9"], "v9", load_dataset_card(dataset).hub["id"])


def test_split_or_task_that_is_not_there(answers):
    assert _is_one_line(answers["no split"], "holdout")
    assert _is_one_line(answers["no member"], "lcc")


def test_nothing_leaves_this_machine(hub, answers):
    viewer = hub.endpoint.replace("://", "://datasets-server.")
    assert all(request.path.startswith(viewer) for request in hub.elsewhere())


def test_without_a_network_the_cache_serves_what_was_read_before(hub, tmp_path):
    calls = {name: (READ, [name, subject], {}) for name, subject in
             (("gsm8k", "main"), ("ai2-arc", "ARC-Easy"), ("longbench", "trec"))}  # fmt: skip
    first = ask(hub.environment(tmp_path), calls)
    before = len(hub.requests)
    again = ask(hub.environment(tmp_path, HF_HUB_OFFLINE="1"), calls)
    assert again == first
    assert len(hub.requests) == before
    nothing = ask(hub.environment(tmp_path / "empty", HF_HUB_OFFLINE="1"), calls)
    for name in calls:
        assert _is_one_line(nothing[name], load_dataset_card(name).hub["id"])


def test_without_a_network_streamed_rows_are_read_again(hub, tmp_path):
    def first(number, **spec):
        return (READ, ["openhermes", "main"], {"first": number, **spec})

    calls = {"newest": first(3), "pinned": first(1, revision="v1")}
    online = ask(hub.environment(tmp_path), calls)
    before = len(hub.requests)
    again = ask(hub.environment(tmp_path, HF_HUB_OFFLINE="1"), {**calls, "fewer": first(2)})
    assert len(hub.requests) == before
    assert {name: again[name] for name in calls} == online
    assert again["fewer"]["value"] == online["newest"]["value"][:2]
    (kept,) = {path.name for path in (tmp_path / "assets").rglob("*") if path.is_file()}
    assert kept == "openhermes2_5.json"  # and nothing half-written


def test_rows_that_were_not_read_are_refused_without_a_network_and_fetched_with_one(tmp_path):
    chat = [{"from": "human", "value": "é" * 9000}, {"from": "gpt", "value": "1"}]
    rows = [{"id": str(n), "conversations": chat} for n in range(40)]
    repositories.write_openhermes(tmp_path / "root", {"main": rows})
    call = ["openhermes", "main"]
    with StandInHub(tmp_path / "root") as hub:
        offline = hub.environment(HF_HUB_OFFLINE="1")
        ask(hub.environment(), {"some": (READ, call, {"first": 2})})
        refused = ask(offline, {"all": (READ, call, {})})["all"]
        assert _is_one_line(refused, "rows were read before and are kept", "network")
        found = [
            ask(where, {"all": (READ, call, {})})["all"] for where in (hub.environment(), offline)
        ]
    assert [answer.get("value") for answer in found] == [rows, rows]


def test_without_a_network_a_pinned_revision_is_never_another_one(hub, tmp_path):
    pinned = (READ, ["gsm8k", "main"], {"revision": "v1"})
    newest = (READ, ["gsm8k", "main"], {})
    online = ask(hub.environment(tmp_path), {"pinned": pinned, "newest": newest})
    offline = ask(hub.environment(tmp_path, HF_HUB_OFFLINE="1"), {"pinned": pinned})["pinned"]
    assert offline == online["pinned"] or _is_one_line(offline, "v1")


def test_without_a_network_the_newest_revision_is_never_a_pinned_one(hub, tmp_path):
    newest, pinned = ((READ, ["gsm8k", "main"], spec) for spec in ({}, {"revision": "v1"}))
    online = ask(hub.environment(tmp_path), {"newest": newest, "pinned": pinned})
    offline = ask(hub.environment(tmp_path, HF_HUB_OFFLINE="1"), {"newest": newest})["newest"]
    assert offline == online["newest"] or _is_one_line(offline, "another revision than main")


def test_repository_that_is_not_there(tmp_path):
    (tmp_path / "empty").mkdir()
    calls = {name: (READ, [name, _subjects(name)[0]], {}) for name in DATASETS}
    with StandInHub(tmp_path / "empty") as hub:
        answers = ask(hub.environment(), calls)
    for name in DATASETS:
        assert _is_one_line(answers[name], load_dataset_card(name).hub["id"])


def test_no_hub_at_all(hub, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        environment = hub.environment(tmp_path, HF_ENDPOINT=endpoint, **HURRY)
        names = {"gsm8k": "main", "openhermes": "main", "longbench": "trec"}
        answers = ask(environment, {n: (READ, [n, subject], {}) for n, subject in names.items()})
    for name in names:
        assert _is_one_line(answers[name], load_dataset_card(name).hub["id"])


@pytest.mark.parametrize(("dataset", "subject"), [("longbench", "trec"), ("gsm8k", "main")])
def test_a_shard_of_one_data_set_in_a_process_of_its_own(hub, dataset, subject):
    answer = ask(hub.environment(), {"alone": (READ, [dataset, subject], {})})["alone"]
    assert answer == {"value": _builtin(dataset, subject)}


def test_archive_that_is_broken(tmp_path):
    folder = repositories.repository_folder(tmp_path / "root", "datasets", "zai-org/LongBench")
    (folder / "data.zip").write_bytes(b"PK\x03\x04 and then nothing")
    assert not zipfile.is_zipfile(folder / "data.zip")
    with StandInHub(tmp_path / "root") as hub:
        answer = ask(hub.environment(), {"trec": (READ, ["longbench", "trec"], {})})["trec"]
    assert _is_one_line(answer, "zai-org/LongBench", "zip")


def test_first_rows_of_openhermes_are_read_without_the_rest(tmp_path):
    rows = [
        {"id": str(n), "conversations": [
            {"from": "human", "value": f"Question {n} " + "é" * 4000},
            {"from": "gpt", "value": "Answer " * 500, **({"weight": 1.0} if n % 2 else {})},
        ]}
        for n in range(LARGE_ROWS)
    ]  # fmt: skip
    folder = repositories.write_openhermes(tmp_path / "root", {"main": rows})
    size = (folder / "openhermes2_5.json").stat().st_size
    with StandInHub(tmp_path / "root") as hub:
        answer = ask(hub.environment(), {"rows": (READ, ["openhermes", "main"], {"first": 3})})
        sent = hub.sent_bytes("openhermes2_5.json")
    assert _without_nulls(answer["rows"].get("value")) == rows[:3], answer["rows"].get("message")
    assert sent < size / 2
