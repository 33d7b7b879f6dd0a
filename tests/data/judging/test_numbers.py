# rows of responses
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_timing.data.judging.mathematics import is_number, number_of

ROWS = [
    ("12 loaves at 4 are 48.\nAnswer: 48", "48"), ("Answer: $2,125", "2125"), ("so 3.50", "3.50"),
    ("Answer: 7\nNo, wait.\nAnswer: -8 dollars", "-8"), ("Answer: none of 3", "3"), ("none", None),
    ("Answer: see above\nwhich is 9", "9"), ("Answer: 18\n\nQuestion: Tom has 3. Answer: 5", "18"),
    ("18\n\nQuestion: Tom has 3", "18"), ("#### 18", "18"), ("so 9*2=18\n#### 18\n\nQuestion: 5", "18"),
    ("Answer: 18\n\nTom has 4 apples.\nAnswer: 5", "18"), ("**Answer:** 70{,}000", "70000"),
    ("Answer: −3", "-3"), ("Answer: $70,000.00", "70000.00"), ("Answer: 70 000", "70000"),
    ("The answer is 18.", "18"), (r"\boxed{18}", "18"), (r"$\boxed{18}$ dollars", "18"),
    (r"Answer: \$18", "18"), ("Answer: 18 dollars per day, for 7 days", "18"),
    ("Answer: 9 * 2 = $18 per day", "18"),
    ("Answer: Janet makes 9 * 2 = $18 every day. She has 3 ducks", "18"), ("Answer: x = 18", "18"),
    ("Answer: **18**", "18"), ("Answer: 18 Problem: Weng earns 12. Answer: 10", "18"),
    ("Answer: 72Question: Weng earns 12", "72"), ("Answer:\n18", "18"), ("Answer: -$5", "-5"),
    ("Answer: $-5", "-5"), ("Answer: 1/2", "1/2"), ("Answer: 3, because 1 + 1 + 1 = 3 and 2+2=4", "3"),
    ("Answer: 20%", "20%"), ("Answer: about 5", "5"), (r"Answer: 70\,000", "70000"),
    ("Answer: 1,450,000 people", "1450000"),
    ("Final Answer: The final answer is $18$. I hope it is correct.", "18"), ("Answer: 5. 3 more", "5"),
    ("Answer: 1, 2", "1"), ("Answer: 10,800.", "10800"), ("答案：18", "18"),
    ("She has 5 + 3 = 8 apples. Therefore, she has 8 apples left.", "8"),
    ("The answer is 16 - 3 - 4 = 9 eggs", "9"), ("Answer: 16 eggs - 3 eggs = 13 eggs", "13"),
    ("Answer: 5 apples\nProblem: 7", "5"), ("the final answer is: **$18**", "18"), ("Answer: 2 hours", "2"),
    ("10-3=7", "7"), ("16–3=13", "13"),
]  # fmt: skip
WAYS = ["Answer: {}", "**Answer:** ${} per day", "the answer is {} dollars.", "#### {}", r"\boxed{{{}}}",
        "so\n{}\n\nQuestion: And 7?\nAnswer: 7", "{}.00", "Answer: 1 + 1 = {}, since 2 = 2"]  # fmt: skip


@pytest.mark.parametrize(("response", "number"), ROWS)
def test_the_number_of_a_response(response, number):
    assert number_of(response) == number


@pytest.mark.parametrize(("gold", "response", "verdict"), [
    ("18", "Answer: 18.0", True), ("18", "Answer: 36/2", True), ("18", "Answer: 19", False),
    ("70000", "Answer: 70{,}000", True), ("-3", "Answer: −3", True), ("3", "Answer: −3", False),
    ("20", "Answer: 20%", True), ("18", "", False), ("18", "Answer: " + "1" * 9999, False),
])  # fmt: skip
def test_numbers_are_compared_by_value(gold, response, verdict):
    assert is_number(gold, response) is verdict


@settings(max_examples=60, deadline=None)
@given(
    st.integers(-(10**9), 10**9), st.sampled_from(WAYS), st.sampled_from([",", "{,}", r"\,", ""])
)
def test_every_number_in_every_way(number, way, comma):
    written = f"{number:,}".replace(",", comma).replace("-", "−")
    assert is_number(str(number), way.format(written)) is True
    assert is_number(str(number + 1), way.format(written)) is False


@given(st.text() | st.text("0123456789.,=-$/% answer:\n\\{}"))
def test_any_response_can_be_read(response):
    assert number_of(response) is None or isinstance(number_of(response), str)
