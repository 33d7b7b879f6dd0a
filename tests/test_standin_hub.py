"""The Hub's own libraries, unchanged, against the stand-in Hub."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest
from standin_hub import StandInHub, repositories
from standin_hub.ask import ask
from standin_hub.stored import commit_of

DATASET = {"repo_type": "dataset"}
OPTIONS = ["one", "two", "three", "four"]


def _choice(subject: str, number: int) -> dict:
    return {
        "question": f"{subject}: which is {number}?",
        "subject": subject,
        "choices": OPTIONS,
        "answer": number % 4,
    }


def _checked(number: int) -> dict:
    row = {"question": f"Which is {number}?", "choices": OPTIONS, "answer": number % 4}
    rest = {"source": None, "correct_answer": None, "potential_reason": None}
    return row | {"error_type": "ok"} | rest


def _arc(name: str, labels: str) -> dict:
    choices = {"text": OPTIONS[: len(labels)], "label": list(labels)}
    return {"id": name, "question": f"{name}?", "choices": choices, "answerKey": labels[0]}


def _book(number: int) -> dict:
    choices = {"text": OPTIONS, "label": list("ABCD")}
    return {"id": f"b{number}", "question_stem": "A", "choices": choices, "answerKey": "C"}


def _pro(number: int, category: str) -> dict:
    return {
        "question_id": number,
        "question": f"Which is {number}?",
        "options": OPTIONS[: 2 + number % 3],
        "answer": "A",
        "answer_index": 0,
        "cot_content": "",
        "category": category,
        "src": "made up",
    }


def _chat(number: int) -> dict:
    """Turns and rows with keys that others do not have."""
    turns = [{"from": "human", "value": f"Say {number}. " + 2000 * "é"}]
    turns.append({"from": "gpt", "value": "So be it.", **({"weight": 1.0} if number % 2 else {})})
    return {"conversations": turns, **({"idx": str(number)} if number % 3 else {})}


def _task(name: str, number: int) -> dict:
    classes = ["Food", "Place"] if name == "trec" else None
    row = {"input": "", "context": "Wörter 文字 " * 50, "answers": ["yes"], "length": 100}
    rest = {"dataset": name, "language": "en", "all_classes": classes}
    return row | rest | {"_id": f"{name}{number}"}


ROWS: dict[str, dict[str, list[dict]]] = {
    "mmlu": {s: [_choice(s, n) for n in range(3)] for s in ("anatomy", "virology")},
    "mmlu-redux": {s: [_checked(n) for n in range(3)] for s in ("anatomy", "virology")},
    "gsm8k": {"main": [{"question": f"{n} + 1?", "answer": f"So:\n#### {n + 1}"} for n in range(2)]},
    "math-500": {"main": [{"problem": "$x$", "solution": "1", "answer": "1", "subject": "Algebra",
                          "level": 2, "unique_id": f"test/algebra/{n}.json"} for n in range(2)]},
    "openbookqa": {"main": [_book(n) for n in range(3)]},
    "ai2-arc": {"ARC-Challenge": [_arc("c1", "ABCD"), _arc("c2", "123")],
                "ARC-Easy": [_arc("e1", "ABC"), _arc("e2", "1234")]},
    "mmlu-pro": {c: [_pro(n, c) for n in range(3)] for c in ("law", "computer science")},
    "openhermes": {"main": [_chat(n) for n in range(1500)]},
    "longbench": {t: [_task(t, n) for n in range(2)] for t in ("trec", "lcc")},
}  # fmt: skip

LOADS = {
    ("mmlu", "virology"): ("cais/mmlu", "virology", "test"),
    ("mmlu-redux", "virology"): ("edinburgh-dawg/mmlu-redux-2.0", "virology", "test"),
    ("gsm8k", "main"): ("openai/gsm8k", "main", "test"),
    ("math-500", "main"): ("HuggingFaceH4/MATH-500", "default", "test"),
    ("openbookqa", "main"): ("allenai/openbookqa", "main", "test"),
    ("ai2-arc", "ARC-Challenge"): ("allenai/ai2_arc", "ARC-Challenge", "test"),
    ("ai2-arc", "ARC-Easy"): ("allenai/ai2_arc", "ARC-Easy", "test"),
}
LONGBENCH_ZIP = ["zai-org/LongBench", "data.zip", "data/trec.jsonl"]
GSM8K, OPENHERMES = "openai/gsm8k", "teknium/OpenHermes-2.5"
OPENHERMES_FILE = "openhermes2_5.json"
MODEL, FUSER = "Qwen/Tiny-Qwen3", "nics-efc/C2C_Fuser"
PAIR = "qwen3_0.6b+qwen2.5_0.5b_Fuser"


def _load(repo_id: str, config: str, split: str, **more: object) -> tuple:
    return "load_dataset", [repo_id, config], {"split": split, **more}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    root = tmp_path_factory.mktemp("standin") / "root"
    for name, subjects in ROWS.items():
        repositories.WRITERS[name](root, subjects)
    repositories.write_gsm8k(root, {"main": ROWS["gsm8k"]["main"][1:]}, revision="v1")
    checkpoint = root.parent / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "projector_0.pt").write_bytes(b"weights" * 1000)
    (checkpoint / "projector_0.json").write_text('{"class": "C2CProjector"}')
    (checkpoint / "projector_config.json").write_text("{}")
    repositories.write_fuser(root, PAIR, checkpoint)
    with StandInHub(root) as opened:
        yield opened


@pytest.fixture(scope="module")
def answers(hub):
    """One process asks everything that the tests of data sets look at."""
    calls = {" ".join(key): _load(*where) for key, where in LOADS.items()}
    v1 = commit_of("datasets", GSM8K, "v1")
    return ask(
        hub.environment(),
        {
            **calls,
            "mmlu all": _load("cais/mmlu", "all", "test"),
            "mmlu dev": _load("cais/mmlu", "virology", "dev"),
            "mmlu features": ("features", ["cais/mmlu", "virology"], {"split": "test"}),
            "mmlu-pro": _load("TIGER-Lab/MMLU-Pro", "default", "test"),
            "by tag": _load(GSM8K, "main", "test", revision="v1"),
            "by commit": _load(GSM8K, "main", "test", revision=v1),
            "redux folder": ("load_from_disk", ["edinburgh-dawg/mmlu-redux-2.0", "anatomy"], {}),
            "longbench script": _load("zai-org/LongBench", "trec", "test"),
            "longbench zip": ("read_member", LONGBENCH_ZIP, {}),
            "no repository": _load("nobody/nothing", "default", "test"),
            "no revision": _load(GSM8K, "main", "test", revision="v9"),
            "no config": _load("cais/mmlu", "alchemy", "test"),
            "no split": _load(GSM8K, "main", "holdout"),
            "no file": ("download", [GSM8K, "gone.txt"], DATASET),
            "gsm8k told": ("describe", [GSM8K], DATASET),
            "fuser": ("snapshot", [FUSER], {"allow_patterns": f"{PAIR}/final/*"}),
            "projector": ("download", [FUSER, f"{PAIR}/final/projector_0.pt"], {}),
        },
    )  # fmt: skip


@pytest.mark.parametrize("key", LOADS, ids=" ".join)
def test_rows_come_back_as_they_were_written(answers, key):
    dataset, subject = key
    assert answers[" ".join(key)] == {"value": ROWS[dataset][subject]}


def test_tables_of_all_subjects_hold_every_row(answers):
    assert answers["mmlu all"]["value"] == [*ROWS["mmlu"]["anatomy"], *ROWS["mmlu"]["virology"]]
    both = [row for rows in ROWS["mmlu-pro"].values() for row in rows]
    assert answers["mmlu-pro"]["value"] == both


def test_other_splits_are_other_rows(answers):
    assert answers["mmlu dev"]["value"] == ROWS["mmlu"]["virology"][:1]


def test_answer_of_mmlu_is_a_class_label(answers):
    assert "ClassLabel(names=['A', 'B', 'C', 'D']" in answers["mmlu features"]["value"]["answer"]


def test_folders_of_mmlu_redux_are_what_save_to_disk_writes(answers):
    assert answers["redux folder"] == {"value": ROWS["mmlu-redux"]["anatomy"]}


def test_longbench_is_read_out_of_its_archive(answers):
    assert answers["longbench zip"] == {"value": ROWS["longbench"]["trec"]}
    assert answers["longbench script"]["error"] == "RuntimeError"
    assert "scripts are no longer supported" in answers["longbench script"]["message"]


def test_revision_by_name_and_by_commit(answers):
    only_second = {"value": ROWS["gsm8k"]["main"][1:]}
    assert answers["by tag"] == only_second
    assert answers["by commit"] == only_second


def test_what_is_not_there_raises_the_libraries_own_errors(answers):
    errors = {
        "no repository": ("DatasetNotFoundError", "doesn't exist on the Hub"),
        "no revision": ("DatasetNotFoundError", "Revision 'v9' doesn't exist"),
        "no config": ("ValueError", "BuilderConfig 'alchemy' not found"),
        "no split": ("ValueError", "holdout"),
        "no file": ("RemoteEntryNotFoundError", "Entry Not Found"),
    }
    for name, (error, words) in errors.items():
        assert answers[name]["error"] == error
        assert words in answers[name]["message"]


def test_programming_interface(answers):
    told = answers["gsm8k told"]["value"]
    main, v1 = (commit_of("datasets", GSM8K, name) for name in ("main", "v1"))
    assert told["sha"] == main
    assert told["branches"] == {"main": main, "v1": v1}
    assert "main/test-00000-of-00001.parquet" in told["tree"]
    assert told["some"] == ["README.md"]


def test_fuser_folder(answers):
    names = ("projector_0.json", "projector_0.pt", "projector_config.json")
    assert answers["fuser"]["value"] == [f"{PAIR}/final/{name}" for name in names]
    commit = commit_of("models", FUSER, "main")
    assert answers["projector"]["value"] == {"bytes": 7000, "commit": commit}


def test_large_files_come_from_the_storage_host_and_small_ones_from_the_hub(hub, answers):
    got = [r for r in hub.requests if r.method == "GET" and r.status == 200]
    hosts = {Path(r.path).suffix: r.host for r in got if "/api/datasets" not in r.path}
    assert hosts[".parquet"] == hosts[".arrow"] == hosts[".zip"] == hosts[".pt"] == "storage"
    assert hosts[".md"] == hosts[".jsonl"] == "hub"


def test_nothing_is_asked_of_other_hosts_but_the_viewer_of_data_sets(hub, answers):
    viewer = hub.endpoint.replace("://", "://datasets-server.")
    assert all(r.path.startswith(viewer) and r.status == 404 for r in hub.elsewhere())


def test_cached_rows_and_files_without_a_network(hub, answers):
    before = len(hub.requests)
    again = ask(
        hub.environment(HF_HUB_OFFLINE="1"),
        {
            "gsm8k": _load(GSM8K, "main", "test", revision="v1"),
            "arc": _load("allenai/ai2_arc", "ARC-Easy", "test"),
            "zip": ("read_member", LONGBENCH_ZIP, {}),
            "never seen": _load("allenai/ai2_arc", "ARC-Hard", "test"),
            "fuser": ("download", [FUSER, f"{PAIR}/final/projector_0.pt"], {}),
        },
    )
    assert len(hub.requests) == before
    assert again["arc"] == {"value": ROWS["ai2-arc"]["ARC-Easy"]}
    assert again["zip"] == {"value": ROWS["longbench"]["trec"]}
    assert again["fuser"]["value"]["bytes"] == 7000
    assert again["never seen"]["error"] == "ValueError"


def test_openhermes_streams_ragged_rows_and_can_be_read_in_part(hub):
    file = f"datasets/{OPENHERMES}/{OPENHERMES_FILE}"
    content = (hub.root / file).read_bytes()
    parts = ask(hub.environment(), {
        "start": ("read_start", [file, 100], {}),
        "middle": ("read_start", [file, 100], {"at": 200_000}),
    })  # fmt: skip
    assert parts["start"]["value"] == content[:100].hex()
    assert parts["middle"]["value"] == content[200_000:200_100].hex()
    assert 0 < hub.sent_bytes(OPENHERMES_FILE) < len(content) / 2
    streamed = ask(hub.environment(), {
        "rows": _load(OPENHERMES, "default", "train", streaming=True, first=5),
    })["rows"]["value"]  # fmt: skip
    # this library hands out a turn with keys of its own as JSON text, an absent column as None
    for row in streamed:
        row["conversations"] = [json.loads(turn) for turn in row["conversations"]]
    assert [{k: v for k, v in row.items() if v is not None} for row in streamed] == [
        _chat(n) for n in range(5)
    ]


def test_models_and_tokenizers_round_trip(hub):
    one, many = f"{MODEL}-one", f"{MODEL}-many"
    answers = ask(hub.environment(), {
        "one file": ("model_round_trip", [str(hub.root), one, "5GB"], {}),
        "sharded": ("model_round_trip", [str(hub.root), many, "50KB"], {}),
        "missing": ("read_model", ["nobody/nothing"], {}),
        "revision": ("read_model", [one], {"revision": "v9"}),
    })  # fmt: skip
    for name in ("one file", "sharded"):
        model = answers[name]["value"]
        assert model["logits_equal"] and model["same_ids"]
        assert (model["layers"], model["eos"]) == (2, 258)
    assert (hub.root / "models" / one / "model.safetensors").is_file()
    assert len(list((hub.root / "models" / many).glob("*.safetensors"))) > 1
    assert answers["missing"]["error"] == answers["revision"]["error"] == "OSError"
    assert "not a valid model identifier" in answers["missing"]["message"]
    assert "v9 is not a valid git identifier" in answers["revision"]["message"]
    before = len(hub.requests)
    offline = {"one": ("read_model", [one], {}), "many": ("read_model", [many], {})}
    again = ask(hub.environment(HF_HUB_OFFLINE="1"), offline)
    assert again["one"]["value"] == again["many"]["value"] > 0
    assert len(hub.requests) == before


def test_ranges(hub):
    commit = commit_of("datasets", OPENHERMES, "main")
    url = f"{hub.endpoint}/datasets/{OPENHERMES}/resolve/{commit}/{OPENHERMES_FILE}"
    content = (hub.root / "datasets" / OPENHERMES / OPENHERMES_FILE).read_bytes()
    expected = {"bytes=0-9": content[:10], "bytes=5-": content[5:], "bytes=-7": content[-7:]}
    for asked, part in expected.items():
        request = urllib.request.Request(url, headers={"Range": asked})
        with urllib.request.urlopen(request) as response:
            assert response.status == 206
            assert response.read() == part
    beyond = urllib.request.Request(url, headers={"Range": f"bytes={len(content)}-"})
    with pytest.raises(urllib.error.HTTPError, match="416"):
        urllib.request.urlopen(beyond)
