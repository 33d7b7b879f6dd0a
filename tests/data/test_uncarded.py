"""Data sets that no card describes: what is guessed, what is refused, and how it is said."""

from __future__ import annotations

import json

import pytest
from folders import SCRIPTS
from forks import command
from standin_hub import StandInHub, repositories
from standin_hub.ask import ask
from standin_hub.layouts import json_lines, write_plain_readme

from c2c_timing.cards.dataset_card import SCHEMA
from c2c_timing.cards.guessed_card import Column, Place, described, guessed_card
from c2c_timing.cards.schemas import first_problem
from c2c_timing.data.prompts import build_prompt
from c2c_timing.data.sources.uncarded import columns_of
from c2c_timing.errors import UserError

UNCARDED = "standin_hub.project:uncarded"
PLACE = Place("someone/riddles", "default", "test")
RIDDLES = [
    {"uid": n, "riddle": f"What is {n}?", "ways": [f"one {n}", "two"], "answer": "A", "note": None}
    for n in range(3)
]
CHATS = [{"messages": [
    {"role": "system", "content": "Be kind."}, {"role": "user", "content": f"Why {n}?"},
    {"role": "assistant", "content": "So."}, {"role": "user", "content": "Really?"},
]} for n in range(2)]  # fmt: skip
TEXT, TURNS, CHOICES, OTHER = Column("text"), Column("turns", "role", "content"), Column("choices"), \
    Column("something else")  # fmt: skip


def write(root, repo_id, files, readme=None, revision="main"):
    folder = repositories.repository_folder(root, "datasets", repo_id, revision)
    for name, rows in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json_lines(rows), encoding="utf-8")
    if readme:
        write_plain_readme(folder, readme)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    root = tmp_path_factory.mktemp("hub") / "root"
    write(root, "someone/riddles", {"train.jsonl": RIDDLES[:1], "test.jsonl": RIDDLES})
    write(root, "someone/riddles", {"test.jsonl": RIDDLES[2:]}, revision="v1")
    write(root, "someone/chats", {"train.jsonl": CHATS})
    plain = [{"id": "a", "question": "How?", "choices": ["x", "y"]}]
    write(root, "someone/parts", {"easy/test.jsonl": plain, "hard/test.jsonl": plain * 2}, {
        "configs": [{"config_name": name, "data_files": [{"split": "test", "path": f"{name}/*"}]}
                    for name in ("easy", "hard")]})  # fmt: skip
    write(root, "someone/odd", {"early.jsonl": plain, "late.jsonl": plain}, {
        "configs": [{"config_name": "default", "data_files": [
            {"split": name, "path": f"{name}.jsonl"} for name in ("early", "late")]}]})  # fmt: skip
    with StandInHub(root) as opened:
        yield opened


RIDDLE = {"prompt": "riddle"}
ANSWERED = {
    "riddles": ("someone/riddles", {}, {**RIDDLE, "choices": "ways"}),
    "alone": ("someone/riddles", {}, RIDDLE),
    "pinned": ("someone/riddles", {"revision": "v1"}, RIDDLE),
    "train": ("someone/riddles", {"split": "train"}, RIDDLE),
    "chats": ("someone/chats", {}, {}),
    "hard": ("someone/parts", {}, {"config": "hard"}),
}
REFUSED = {
    "no guess": (("someone/riddles", {}, {}), ["riddle (text)", "--prompt_column", "answer (text)"]),
    "no column": (("someone/riddles", {}, {"prompt": "riddel"}),
                  ["no such column", "riddel", "ways (choices)", "note (something else)"]),
    "no choices": (("someone/riddles", {}, {**RIDDLE, "choices": "way"}), ["--choices_column way"]),
    "no text": (("someone/riddles", {}, {"prompt": "ways"}), ["holds choices", "text or turns"]),
    "no options": (("someone/riddles", {}, {**RIDDLE, "choices": "answer"}), ["holds text"]),
    "chat with options": (("someone/chats", {}, {"choices": "messages"}), ["messages: holds turns"]),
    "no config": (("someone/parts", {}, {}), ["several configs", "--config", "easy, hard"]),
    "other config": (("someone/parts", {}, {"config": "soft"}), ["soft", "easy, hard"]),
    "no split": (("someone/riddles", {"split": "tset"}, RIDDLE), ["tset", "train", "test"]),
    "which split": (("someone/odd", {}, {}), ["several splits", "--split", "early, late"]),
    "no repository": (("someone/nothing", {}, {}), ["someone/nothing", "cannot be read"]),
    "no revision": (("someone/chats", {"revision": "v9"}, {}), ["v9"]),
    "no Hub id": (("../riddles/x", {}, {}), ["is no Hub id", "--dataset_file"]),
    "not the Hub": (("someone/chats", {"kind": "builtin"}, {}), ["has no card", "--source builtin"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(hub):
    calls = {**ANSWERED, **{name: call for name, (call, _) in REFUSED.items()}}
    return ask(hub.environment(), {name: (UNCARDED, [hub_id, source], asked)
                                   for name, (hub_id, source, asked) in calls.items()})  # fmt: skip


def test_named_columns_make_prompts(answers):
    found = answers["riddles"]["value"]
    assert (found["name"], found["subject"]) == ("someone--riddles", "main")
    texts = [messages[0]["content"] for messages in found["prompts"]]
    assert len(texts) == 3
    assert "What is 1?" in texts[1] and "A. one 1\nB. two" in texts[1]
    assert [m[0]["content"] for m in answers["alone"]["value"]["prompts"]] == [
        row["riddle"] for row in RIDDLES
    ]


def test_a_guess_is_one_line_that_says_how_to_say_otherwise(answers):
    said = answers["hard"]["value"]["said"]
    assert "\n" not in said
    for words in ("someone/parts has no card", "config 'hard'", "split 'test'", "column 'question'",
                  "choices are column 'choices'", "--prompt_column", "workflow/datasets"):  # fmt: skip
        assert words in said
    assert "split 'test'" in answers["riddles"]["value"]["said"]
    assert "there are no choices" in answers["alone"]["value"]["said"]


def test_splits_revisions_and_configs_are_heeded(answers):
    assert [len(answers[name]["value"]["prompts"]) for name in ("train", "pinned", "hard")] == [
        1,
        1,
        2,
    ]
    assert "What is 2?" in answers["pinned"]["value"]["prompts"][0][0]["content"]
    assert answers["hard"]["value"]["subject"] == "hard"
    first, second = answers["hard"]["value"]["ids"]
    assert (first, second[:2]) == ("a", "a#")


def test_of_a_chat_the_first_user_turn_is_asked(answers):
    assert answers["chats"]["value"]["prompts"] == [
        [{"role": "user", "content": f"Why {n}?"}] for n in range(2)
    ]
    assert "the first user turn of column 'messages'" in answers["chats"]["value"]["said"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_there_is_one_line_that_lists_what_is(answers, name):
    found = answers[name]
    assert found.get("error") == "UserError", found
    assert "\n" not in found["message"]
    for word in REFUSED[name][1]:
        assert word in found["message"]


def test_without_a_network_what_was_read_is_read_again(hub, tmp_path):
    calls = {name: (UNCARDED, list(ANSWERED[name][:2]), ANSWERED[name][2])
             for name in ("riddles", "hard")}  # fmt: skip
    first = ask(hub.environment(tmp_path), calls)
    before = len(hub.requests)
    assert all("value" in answer for answer in first.values())
    assert ask(hub.environment(tmp_path, HF_HUB_OFFLINE="1"), calls) == first
    assert len(hub.requests) == before


@pytest.mark.parametrize("last", ["pinned", "alone"])
def test_without_a_network_a_revision_is_never_another_one(hub, tmp_path, last):
    calls = {name: (UNCARDED, list(ANSWERED[name][:2]), RIDDLE) for name in ("pinned", "alone")}
    order = sorted(calls, key=lambda name: name == last)
    online = ask(hub.environment(tmp_path), {name: calls[name] for name in order})
    for name, answer in ask(hub.environment(tmp_path, HF_HUB_OFFLINE="1"), calls).items():
        if answer != online[name]:
            assert answer["error"] == "UserError"
            assert "another revision" in answer["message"]


def test_the_command_times_a_data_set_without_a_card(hub, tmp_path):
    done = command(
        SCRIPTS / "dataset_timing_benchmark.py", "--dataset", "someone/parts", "--config", "hard",
        "--output", "out.jsonl", "--max_new_tokens", "2", cwd=tmp_path,
        environment=hub.environment(),
    )  # fmt: skip
    _, said = done.communicate()
    assert done.returncode == 0, said
    assert said.count("someone/parts has no card") == 1
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {(r["dataset"], r["subject"], r["correct"]) for r in records} == {
        ("someone--parts", "hard", None)
    }
    assert len(records) == 2


@pytest.mark.parametrize("flags", [
    ["--dataset", "gsm8k", "--prompt_column", "question"],
    ["--dataset", "cais/mmlu", "--config", "all"],
    ["--dataset_file", "my.jsonl", "--choices_column", "choices"],
])  # fmt: skip
def test_a_card_is_not_overruled_in_silence(flags, tmp_path, capsys):
    import dataset_timing_benchmark

    assert dataset_timing_benchmark.main([*flags, "--output", str(tmp_path / "x.jsonl")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "without a card" in line and flags[2] in line


@pytest.mark.parametrize(("columns", "prompt", "choices"), [
    ({"prompt": TEXT, "text": TEXT}, "prompt", None),
    ({"answer": TEXT, "Question": TEXT, "options": CHOICES}, "Question", "options"),
    ({"instruction": TEXT, "input": TEXT, "output": TEXT}, "instruction", None),
    ({"id": TEXT, "question_id": TEXT, "question_stem": TEXT, "choices": CHOICES}, "question_stem",
     "choices"),
    ({"id": TEXT, "problemStatement": TEXT}, "problemStatement", None),
    ({"label": OTHER, "sentence": TEXT}, "sentence", None),
    ({"prompt": TURNS, "choices": CHOICES}, "prompt", None),
    ({"prompt": OTHER, "messages": TURNS}, "messages", None),
    ({"question": TEXT, "tags": CHOICES}, "question", None),
])  # fmt: skip
def test_the_guess(columns, prompt, choices):
    content = guessed_card(PLACE, columns).content
    asked = content.get("conversation", {}).get("column") or content["columns"]["question"]
    assert (asked, content.get("columns", {}).get("choices")) == (prompt, choices)
    assert content["answer"]["rule"] == "none"


@pytest.mark.parametrize("columns", [
    {}, {"premise": TEXT, "hypothesis": TEXT}, {"label": OTHER}, {"prompt": OTHER, "a": TEXT, "b": TEXT},
    {"question_one": TEXT, "question_two": TEXT},
])  # fmt: skip
def test_no_guess_where_several_could_be_meant(columns):
    with pytest.raises(UserError, match="--prompt_column"):
        guessed_card(PLACE, columns)


@pytest.mark.parametrize(
    "columns", [{"prompt": TEXT}, {"q": TEXT, "choices": CHOICES}, {"x": TURNS}]
)
def test_a_made_card_follows_the_schema(columns):
    card = guessed_card(PLACE, columns)
    assert first_problem(card.content, SCHEMA) is None
    assert "\n" not in described(card)


def test_what_columns_hold():
    label = {"text": ["x", "y"], "label": ["1", "2"]}
    rows = [
        {"text": "a", "mixed": "a", "one": ["a"], "many": ["a"] * 11, "two": ["a", "b"], "null": None,
         "label": label, "chat": [{"from": "human", "value": "?", "weight": 1}], "numbers": [1, 2]},
        {"text": None, "mixed": 1, "one": ["a", "b"], "many": ["a", "b"], "two": None, "null": None,
         "label": label, "chat": [{"from": "gpt", "value": "!"}], "numbers": [1, 2]},
    ]  # fmt: skip
    found = {name: column.holds for name, column in columns_of(list(rows[0]), rows).items()}
    assert found == {
        "text": "text",
        "two": "choices",
        "label": "choices",
        "chat": "turns",
    } | dict.fromkeys(("mixed", "one", "many", "null", "numbers"), "something else")


def test_text_of_a_row_is_data_and_a_hostile_column_no_template():
    card = guessed_card(PLACE, {"{{ x }}": TEXT})
    prompt = build_prompt(card, "main", {"{{ x }}": "{{ 1 + 1 }}"})
    assert prompt.messages[0]["content"] == "{{ 1 + 1 }}"
