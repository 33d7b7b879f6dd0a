"""The built-in rows: complete, in native columns, answerable, and remade to the same bytes."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from patience import PATIENCE

from c2c_timing.cards.dataset_card import available_datasets, load_dataset_card

SAMPLES = Path(__file__).resolve().parents[1] / "workflow" / "samples"
SUBJECT_COUNTS = {
    "openhermes": 1,
    "mmlu": 57,
    "mmlu-redux": 57,
    "gsm8k": 1,
    "math-500": 1,
    "longbench": 21,
    "openbookqa": 1,
    "ai2-arc": 2,
    "mmlu-pro": 14,
}
TEXT, TEXTS, NUMBER, NULLABLE = "text", "texts", "number", "nullable text"
LABELED = "labeled choices"
COLUMNS = {
    "mmlu": {"question": TEXT, "subject": TEXT, "choices": TEXTS, "answer": NUMBER},
    "mmlu-redux": {
        "question": TEXT,
        "choices": TEXTS,
        "answer": NUMBER,
        "error_type": TEXT,
        "source": NULLABLE,
        "correct_answer": NULLABLE,
        "potential_reason": NULLABLE,
    },
    "mmlu-pro": {
        "question_id": NUMBER,
        "question": TEXT,
        "options": TEXTS,
        "answer": TEXT,
        "answer_index": NUMBER,
        "cot_content": TEXT,
        "category": TEXT,
        "src": TEXT,
    },
    "gsm8k": {"question": TEXT, "answer": TEXT},
    "math-500": {
        "problem": TEXT,
        "solution": TEXT,
        "answer": TEXT,
        "subject": TEXT,
        "level": NUMBER,
        "unique_id": TEXT,
    },
    "openbookqa": {"id": TEXT, "question_stem": TEXT, "choices": LABELED, "answerKey": TEXT},
    "ai2-arc": {"id": TEXT, "question": TEXT, "choices": LABELED, "answerKey": TEXT},
    "longbench": {
        "input": TEXT,
        "context": TEXT,
        "answers": TEXTS,
        "length": NUMBER,
        "dataset": TEXT,
        "language": TEXT,
        "all_classes": "nullable texts",
        "_id": TEXT,
    },
}
OPENHERMES = {
    "custom_instruction", "topic", "model_name", "model", "skip_prompt_formatting", "category",
    "conversations", "views", "language", "id", "title", "idx", "hash", "avatarUrl",
    "system_prompt", "source",
}  # fmt: skip
ERROR_TYPES = {
    "ok", "bad_question_clarity", "bad_options_clarity", "no_correct_answer",
    "multiple_correct_answers", "wrong_groundtruth", "expert",
}  # fmt: skip
MATH_SUBJECTS = {
    "Algebra", "Intermediate Algebra", "Prealgebra", "Number Theory", "Precalculus", "Geometry",
    "Counting & Probability",
}  # fmt: skip
EMPTY_INPUT = {"multi_news", "gov_report", "vcsum", "passage_count", "lcc"}
EXTRACTIVE = {
    "narrativeqa", "qasper", "multifieldqa_en", "multifieldqa_zh", "hotpotqa", "2wikimqa",
    "musique", "dureader", "passage_retrieval_en", "passage_retrieval_zh", "trec", "lsht",
}  # fmt: skip
CHINESE = {"multifieldqa_zh", "dureader", "vcsum", "lsht", "passage_retrieval_zh"}
# What makes the form of a task.
FORMS = {
    "hotpotqa": r"^Passage 1:\n.+\n",
    "2wikimqa": r"^Passage 1:\n.+\n",
    "musique": r"^Passage 1:\n.+\n",
    "multi_news": r"^Passage 1:\n",
    "dureader": r"^文章1\n标题：",
    "qmsum": r"^\w+: ",
    "vcsum": r"^发言人1：",
    "trec": r"^Question: .+\nType: ",
    "triviaqa": r"^Passage:\n.+\nQuestion:\n.+\nAnswer:\n",
    "samsum": r"^Dialogue: \w+: ",
    "lsht": r"^新闻内容：\n.+\n类别：",
    "passage_count": r"^Paragraph 1: ",
    "passage_retrieval_en": r"^Paragraph 1: ",
    "passage_retrieval_zh": r"^段落1：",
}
FILES = [
    (name, subject) for name in available_datasets() for subject in load_dataset_card(name).subjects
]


@cache
def rows(name: str, subject: str) -> list[dict]:
    text = (SAMPLES / name / f"{subject}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def of(*names: str) -> list[tuple[str, str, dict]]:
    return [
        (name, subject, row) for name, subject in FILES if name in names
        for row in rows(name, subject)
    ]  # fmt: skip


def fits(value: object, kind: str) -> bool:
    if kind.startswith("nullable ") and value is None:
        return True
    match kind.removeprefix("nullable "):
        case "text":
            return type(value) is str
        case "number":
            return type(value) is int
        case "texts":
            return isinstance(value, list) and all(type(one) is str for one in value)
        case "labeled choices":
            return (
                list(value) == ["text", "label"]
                and all(fits(column, TEXTS) for column in value.values())
                and len(value["text"]) == len(value["label"])
            )
    raise AssertionError(kind)


def test_every_subject_has_its_file_and_no_file_is_left_over():
    counts = {name: len(load_dataset_card(name).subjects) for name in available_datasets()}
    assert counts == SUBJECT_COUNTS
    there = {(path.parent.name, path.stem) for path in SAMPLES.glob("*/*.jsonl")}
    assert there == set(FILES)


@pytest.mark.parametrize("name", SUBJECT_COUNTS)
def test_every_file_has_two_different_rows_and_unix_lines(name):
    for subject in load_dataset_card(name).subjects:
        found = rows(name, subject)
        assert len(found) >= 2, subject
        assert len({json.dumps(row, sort_keys=True) for row in found}) == len(found), subject
        data = (SAMPLES / name / f"{subject}.jsonl").read_bytes()
        assert b"\r" not in data and data.endswith(b"\n") and b"\n\n" not in data


@pytest.mark.parametrize("name", COLUMNS)
def test_native_columns_and_types(name):
    for _, subject, row in of(name):
        assert list(row) == list(COLUMNS[name]), subject
        wrong = [key for key, kind in COLUMNS[name].items() if not fits(row[key], kind)]
        assert not wrong, (subject, wrong)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("mmlu-pro", "question_id"),
        ("math-500", "unique_id"),
        ("openbookqa", "id"),
        ("ai2-arc", "id"),
        ("longbench", "_id"),
    ],
)
def test_ids_are_unique(name, key):
    found = [row[key] for _, _, row in of(name)]
    assert len(set(found)) == len(found)


def test_mmlu_rows_have_four_choices_and_name_their_subject():
    for _, subject, row in of("mmlu", "mmlu-redux"):
        assert len(set(row["choices"])) == 4 and 0 <= row["answer"] <= 3
        assert row.get("subject", subject) == subject
    answers = {row["answer"] for _, _, row in of("mmlu")}
    assert answers == {0, 1, 2, 3}


def test_redux_verdicts_are_consistent_with_the_mmlu_rows():
    assert {row["error_type"] for _, _, row in of("mmlu-redux")} == ERROR_TYPES
    corrected = set()
    for (_, subject, ours), (_, _, redux) in zip(of("mmlu"), of("mmlu-redux"), strict=True):
        if redux["error_type"] == "ok":
            assert (redux["question"], redux["choices"], redux["answer"]) == (
                ours["question"],
                ours["choices"],
                ours["answer"],
            )
        if redux["error_type"] == "wrong_groundtruth":
            corrected.add(redux["correct_answer"].isdigit())
            right = "0123".find(redux["correct_answer"])
            right = right if right >= 0 else "ABCD".index(redux["correct_answer"])
            assert redux["answer"] != ours["answer"] == right, subject
    assert corrected == {True, False}


def test_mmlu_pro_answers():
    sizes = set()
    for _, subject, row in of("mmlu-pro"):
        sizes.add(len(row["options"]))
        assert 3 <= len(set(row["options"])) == len(row["options"]) <= 10
        assert row["answer"] == "ABCDEFGHIJ"[row["answer_index"]]
        assert row["answer_index"] < len(row["options"])
        assert row["category"] == subject.replace("_", " ")
        assert row["cot_content"] == ""
    assert {3, 10} <= sizes
    assert all(len(rows("mmlu-pro", subject)) >= 3 for name, subject in FILES if name == "mmlu-pro")


def test_gsm8k_marks_add_up_and_lead_to_the_answer():
    finals = []
    for _, _, row in of("gsm8k"):
        marks = re.findall(r"<<([-+*/.\d]+)=(-?[.\d]+)>>(-?[\d,.]*\d)", row["answer"])
        assert marks
        for term, value, shown in marks:
            assert eval(term) == pytest.approx(float(value)) == float(shown.replace(",", ""))
        final = re.search(r"\n#### (-?[\d,]+)$", row["answer"])[1]
        finals.append(final)
        assert float(final.replace(",", "")) == pytest.approx(float(marks[-1][1]))
    assert len(finals) >= 12
    assert any("," in final for final in finals) and any(final[0] == "-" for final in finals)


def test_math_solutions_box_their_answer():
    found = of("math-500")
    assert len(found) >= 12
    assert {row["subject"] for _, _, row in found} == MATH_SUBJECTS
    for _, _, row in found:
        assert f"\\boxed{{{row['answer']}}}" in row["solution"]
        assert 1 <= row["level"] <= 5
        folder = row["subject"].lower().replace(" & ", "_and_").replace(" ", "_")
        assert re.fullmatch(rf"test/{folder}/\d+\.json", row["unique_id"])


def test_labels_belong_to_the_choices():
    schemes = set()
    for name, _, row in of("openbookqa", "ai2-arc"):
        labels = "".join(row["choices"]["label"])
        schemes.add((name, labels))
        assert row["answerKey"] in labels
        assert len(set(row["choices"]["text"])) == len(labels)
    assert {labels for name, labels in schemes if name == "openbookqa"} == {"ABCD"}
    assert {"ABC", "ABCD", "ABCDE", "1234"} <= {label for name, label in schemes if "arc" in name}


def test_openhermes_conversations():
    forms, widths = set(), set()
    for _, _, row in of("openhermes"):
        assert set(row) <= OPENHERMES
        widths.add(len(row))
        turns = row["conversations"]
        assert all({"from", "value"} <= set(turn) <= {"from", "value", "weight"} for turn in turns)
        speakers = [turn["from"] for turn in turns]
        system = "system" in speakers
        talk = speakers[1:] if system else speakers
        assert talk == ["human", "gpt"] * (len(talk) // 2) and talk
        assert all(turn["value"].strip() for turn in turns if turn["from"] != "system")
        forms.add((bool(turns[0]["value"]) if system else None, len(talk) > 2))
    assert {system for system, _ in forms} == {None, True, False}
    assert {long for _, long in forms} == {True, False}
    assert len(widths) > 1


@pytest.mark.parametrize("task", list(load_dataset_card("longbench").subjects))
def test_longbench_rows_are_long_in_form_and_answerable(task):
    for row in rows("longbench", task):
        chinese = task in CHINESE
        size = len(row["context"]) if chinese else len(row["context"].split())
        assert 1500 <= size <= 1950
        assert row["length"] == size
        assert row["dataset"] == task
        assert (row["language"] == "zh") == chinese
        assert (row["input"] == "") == (task in EMPTY_INPUT)
        assert row["answers"] and all(row["answers"])
        assert re.fullmatch(r"[0-9a-f]{48}", row["_id"])
        assert re.search(FORMS.get(task, ""), row["context"])
        if task in EXTRACTIVE:
            assert any(answer in row["context"] for answer in row["answers"])


def test_longbench_class_lists():
    for _, task, row in of("longbench"):
        expected = {"trec": 50, "lsht": 24}.get(task)
        assert (row["all_classes"] and len(set(row["all_classes"]))) == expected
        if expected:
            assert row["answers"][0] in row["all_classes"]


def test_trivia_answer_stands_in_its_own_passage():
    for row in rows("longbench", "triviaqa"):
        passage = row["input"].split("\nQuestion:")[0]
        assert row["answers"][0] in passage


def test_passage_count_is_the_number_of_different_paragraphs():
    for row in rows("longbench", "passage_count"):
        paragraphs = re.split(r"(?:^|\n\n)Paragraph \d+: ", row["context"])[1:]
        assert len(set(paragraphs)) == int(row["answers"][0]) < len(paragraphs)


def test_compared_things_differ():
    for row in rows("longbench", "2wikimqa"):
        facts = re.findall(r"is a river of (\d+)|opened in (\d+)\.", row["context"])
        assert facts
        pair = re.search(r", the (.+) or the (.+)\?", row["input"]).groups()
        values = [
            int(re.search(rf"^The {re.escape(name)} is .*?(\d+)(?: kilometers that|\.)",
                          row["context"], re.MULTILINE)[1])
            for name in pair
        ]  # fmt: skip
        better = max(values) if "longer" in row["input"] else min(values)
        assert values.count(better) == 1
        assert row["answers"] == [pair[values.index(better)]]


def test_contexts_are_no_mere_repetition():
    for _, task, row in of("longbench"):
        if task in CHINESE or task in {"passage_count", "lcc", "repobench-p"}:
            continue
        sentences = re.split(r"(?<=[.?!])\s+", row["context"])
        assert len(set(sentences)) > 0.9 * len(sentences), task


def test_python_programs_compile_with_their_answer():
    for row in rows("longbench", "lcc") + rows("longbench", "repobench-p"):
        if row["language"] == "python":
            code = (row["input"] or row["context"]) + row["answers"][0]
            compile(code, "<sample>", "exec")


def test_all_rows_together_stay_small():
    assert sum(path.stat().st_size for path in SAMPLES.glob("*/*.jsonl")) < 1_500_000


def test_remaking_gives_the_same_bytes(tmp_path):
    script = SAMPLES / "make_samples.py"
    subprocess.run([sys.executable, script, "--output", tmp_path], check=True, timeout=PATIENCE)
    for name in ("mmlu-redux", "longbench"):
        made = {path.name: path.read_bytes() for path in (tmp_path / name).glob("*")}
        kept = {path.name: path.read_bytes() for path in (SAMPLES / name).glob("*")}
        assert made == kept


def test_help_shows_an_example():
    script = SAMPLES / "make_samples.py"
    shown = subprocess.run(
        [sys.executable, script, "--help"],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    ).stdout
    assert "example: python workflow/samples/make_samples.py" in shown
