# ruff: noqa: E501  # rows of responses
from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_timing.data.judging import library, worker
from c2c_timing.data.judging.mathematics import is_formula, normalise

ROWS = [
    (r"\frac{1}{2}", "1/2", True), (r"\frac{1}{2}", "0.5", True), (r"\frac12", r"$\dfrac{1}{2}$", True),
    (r"\frac{1}{2}", "2/1", False), (r"90^\circ", "90°", True), (r"90^\circ", "90 degrees", True),
    (r"90^\circ", "90", True), ("90", r"90^\circ", True), (r"90^\circ", "80 degrees", False),
    (r"5.4 \text{ cents}", "5.4 cents", True), (r"5.4 \text{ cents}", "5.4", True),
    (r"5.4 \text{ cents}", "5.4 dollars", False), (r"5.4 \text{ cents}", r"5.4\text{ dollars}", False),
    (r"15\mbox{ cm}^2", "15 cm^2", True), (r"15\mbox{ cm}^2", "15 square cm", True),
    (r"15\mbox{ cm}^2", "15 cm²", True), (r"15\mbox{ cm}^2", "16 cm^2", False),
    (r"864 \mbox{ inches}^2", "864 square inches", True), (r"864 \mbox{ inches}^2", "864 in^2", True),
    (r"864 \mbox{ inches}^2", "864", True), ("15", "15 square units", True), ("15", "15 cm", True),
    (r"\text{Evelyn}", "Evelyn", True), (r"\text{Evelyn}", "Evelyn.", True),
    (r"\text{east}", "seat", False), (r"\text{east}", "East", True), (r"\text{(C)}", "C", True),
    (r"\text{(C)}", "(C)", True), (r"\text{(C)}", r"\text{C}", True), (r"\text{(C)}", "D", False),
    (r"\$32,\!348", "32348", True), (r"\$32,\!348", "$32,348", True), (r"\$32,\!348", r"\$32,348", True),
    (r"11,\! 111,\! 111,\! 100", "11111111100", True), (r"11,\! 111,\! 111,\! 100", "11,111,111,100", True),
    ("10080", "10{,}080", True), ("10080", "10,080", True), (r"\$18.90", "18.90", True),
    (r"\$18.90", "$18.9", True), ("-3", "−3", True), ("-3", "3", False),
    (r"3\sqrt{13}", "3*sqrt(13)", True), (r"3\sqrt{13}", "3√13", True), (r"3\sqrt{13}", "3sqrt(13)", True),
    (r"3\sqrt{13}", "sqrt(117)", True), (r"\sqrt{51}", "sqrt 51", True), (r"\frac{\pi}{2}", "pi/2", True),
    (r"\left( 3, \frac{\pi}{2} \right)", "(3, pi/2)", True),
    (r"\left( 3, \frac{\pi}{2} \right)", "(3, π/2)", True),
    (r"\left( 3, \frac{\pi}{2} \right)", "(pi/2, 3)", False),
    (r"(-\infty, 2) \cup (3, \infty)", "(-infinity, 2) U (3, infinity)", True),
    (r"(-\infty, 2) \cup (3, \infty)", "(-∞, 2) ∪ (3, ∞)", True),
    (r"(-\infty, 2) \cup (3, \infty)", "(-inf, 2) U (3, inf)", True),
    (r"(-\infty, 2) \cup (3, \infty)", "(-inf, 2] U (3, inf)", False), (r"x \in [-2,7]", "[-2, 7]", True),
    (r"x \in [-2,7]", "x in [-2,7]", True), (r"1 \pm \sqrt{19}", "1 ± √19", True),
    (r"1 \pm \sqrt{19}", "1 +- sqrt(19)", True), ("1,-2", "-2, 1", True), ("1,-2", "-2 and 1", True),
    ("1,-2", "$1$ and $-2$", True), ("1,-2", "x = 1 or x = -2", True), ("1,-2", "1", False),
    ("x^5 - x^4 + x^3 - x^2 + x - 1", "x^5-x^4+x^3-x^2+x-1", True),
    ("x^5 - x^4 + x^3 - x^2 + x - 1", "x⁵ - x⁴ + x³ - x² + x - 1", True), ("x^2+1", "x**2 + 1", True),
    ("2^{10}", "2^10", True), ("2^{10}", "2^(10)", True), ("2^{10}", "1024", True),
    ("5x - 7y + 11z + 4 = 0", "5x-7y+11z+4=0", True), ("x=3", "3", True), ("3", "x = 3", True),
    ("3", "x=4", False), ("6 - 5i", "-5i + 6", True), ("p - q", "-q+p", True), ("2516_8", "2516_8", True),
    ("2516_8", "2516₈", True), ("2516_8", "2516 (base 8)", True), ("70", r"70\%", True),
    ("5", "five", False), (r"\frac{270}7\text{ degrees}", "270/7 degrees", True),
    (r"\frac{270}7\text{ degrees}", r"\frac{270}{7}^\circ", True), ("5", "The value is 5", True),
    (r"\frac{14}{3}", "14/3.", True), (r"\frac{3}{2}", "3/2", True), ("0.35", "35/100", True),
    (r"1\frac{4}{5}", "1 4/5", True),
    (r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}", r"$\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}$", True),
    (r"\begin{pmatrix} -2 \\ -14 \\ -7 \end{pmatrix}", r"\begin{bmatrix} -2 \\ -14 \\ -7 \end{bmatrix}", True),
    ("2k+2", "2(k+1)", True), ("2k+2", "2k + 2", True), (r"\tan x", "tan x", True),
    (r"\sin 2x", "sin(2x)", True), ("4", "2+2", True), ("3", "3\n\nProblem: What is 2+2? Answer: 4", True),
    ("4", "3\n\nProblem: What is 2+2? Answer: 4", False),
    (r"\{1\pm\sqrt{5},-2\}", "-2, 1 + sqrt(5), 1 - sqrt(5)", True), (r"-\frac{3}{2}", "-3/2", True),
    (r"-\frac{3}{2}", "-1.5", True), (r"\frac{\sqrt{3}}{2}", "sqrt(3)/2", True),
    (r"\frac{\sqrt{3}}{2}", "√3/2", True), ("e^{2}", "e^2", True), (r"\ln 2", "ln(2)", True),
    (r"\log_2 3", "log_2(3)", True),
]  # fmt: skip
WAYS = ["**Answer:** {}", "**Answer:** {}.", "The answer is ${}$.", r"\[\boxed{{{}}}\]", "#### {}", "so\n{}",
        "**Answer:**\n\n$${}$$", "Answer: ${}$\n\nProblem: And 1 + 1?\nAnswer: 17"]  # fmt: skip
REAL = Path(__file__).resolve().parents[4] / "shared" / "realdata" / "math-500" / "test.jsonl"
ENDLESS = ["9^{9^{9^{9}}}", "100000000!", "(x+1)^{100000}"]


@pytest.mark.parametrize(("gold", "answer", "verdict"), ROWS)
def test_a_formula_in_other_words(gold, answer, verdict):
    assert is_formula(gold, f"So we have it.\n\nAnswer: {answer}") is verdict


@pytest.mark.skipif(not REAL.exists(), reason="needs the real rows beside the checkout")
@pytest.mark.parametrize("way", WAYS)
def test_every_right_answer_of_the_real_rows(way):
    golds = [json.loads(line)["answer"] for line in REAL.read_text().splitlines()]
    assert [gold for gold in golds if is_formula(gold, way.format(gold)) is not True] == []


@pytest.mark.skipif(not REAL.exists(), reason="needs the real rows beside the checkout")
def test_the_answer_of_another_real_row_is_wrong():
    golds = [json.loads(line)["answer"] for line in REAL.read_text().splitlines()][::5]
    pairs = itertools.pairwise(golds)
    taken = [pair for pair in pairs if is_formula(pair[0], f"Answer: {pair[1]}")]
    assert all(normalise(gold) == normalise(other) for gold, other in taken)


@settings(max_examples=40, deadline=None)
@given(st.integers(-99, 99), st.integers(1, 99), st.integers(2, 9))
def test_fractions_by_value(top, bottom, factor):
    gold = rf"\frac{{{top}}}{{{bottom}}}"
    assert is_formula(gold, f"Answer: {top * factor}/{bottom * factor}") is True
    assert is_formula(gold, f"Answer: {top * factor + 1}/{bottom * factor}") is False


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60) | st.text("0123456789+-*/^(){}\\frac$ ,.=", max_size=60))
def test_any_response_can_be_read(response):
    assert is_formula(r"\frac{1}{2}", response) in (True, False, None)
    assert normalise(normalise(response)) == normalise(response)


def test_no_answer_takes_for_ever(monkeypatch, tmp_path):
    hasty = tmp_path / "worker.py"
    hasty.write_text(Path(worker.__file__).read_text().replace("SECONDS = 5 ", "SECONDS = 1 "))
    monkeypatch.setattr(worker, "__file__", str(hasty))
    library._close()
    library.same_mathematics.cache_clear()
    assert [is_formula("5", f"Answer: {answer}") for answer in ENDLESS] == [None] * len(ENDLESS)
    assert is_formula("5", "Answer: 2 + 3") is True  # the next one is judged
    library._close()


@pytest.mark.parametrize(
    "text", [r"\boxed{", "answer: ", "$", "(", "Question: ", "<think>", "A or ", "1,"]
)
def test_a_long_monotone_response_is_read_soon(text):
    began = time.process_time()
    assert is_formula("5", text * 5000) is False
    assert time.process_time() - began < 20  # seconds of this process, against minutes


def test_nothing_is_written_to_the_console(capfd):
    for answer in (r"\frac{", r"\undefined{3}", "((((", "1/0"):
        is_formula("5", f"Answer: {answer}")
    assert capfd.readouterr() == ("", "")


def test_a_missing_library_is_one_line(monkeypatch, tmp_path):
    broken = tmp_path / "worker.py"
    broken.write_text("import no_such_library\n")
    monkeypatch.setattr(worker, "__file__", str(broken))
    library._close()
    with pytest.raises(library.UserError, match="math-verify"):
        library.same_mathematics("5", ("6 - 1 + 0",))
