# ruff: noqa: E501  # rows of responses
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.data.judging.letters import LETTERS, letter_of

ROWS = [
    ("B", "B"), ("B.", "B"), (" (C) a pole", "C"), ("**D**", "D"), ("The correct answer is A", "A"),
    ("A cat has four legs, so the answer is B.", "B"), ("Answer: C\nbecause", "C"),
    ("B\n\nA is wrong.", "B"), ("Both A and B, but the answer is clear: B", "B"),
    ("The answer is B because it is", "B"), ("Option B is correct", "B"), ("B because", "B"),
    ("The answer is A since", "A"), ("I think it is a cat", None), ("A cat", None), ("a cat", None),
    ("", None), ("DNA", None), ("I'd say so", None), ("I think B", "B"), ("I think B is right", "B"),
    ("not A, but B", "B"), ("It is not A, but B.", "B"), ("The answer is not A, but B", "B"),
    ("The answer is not A but B.", "B"), ("Answer: B)", "B"), ("(B)", "B"), ("B. text", "B"),
    ("B) text", "B"), ("[B]", "B"), ("`B`", "B"), ("$B$", "B"), (r"\boxed{B}", "B"),
    (r"$\boxed{\text{B}}$", "B"), (r"\boxed{\text{(B)}}", "B"), ("**Answer:** B", "B"),
    ("**Answer: B**", "B"), ("答案是B", "B"), ("答案：B", "B"), ("答案是 B。", "B"), ("正确答案为C", "C"), ("选B", "B"),
    ("我选择 D", "D"), ("答案：（Ｂ）", "B"), ("不是A，而是B", "B"), ("答案不是A,而是B", "B"), ("本题的答案是：D", "D"),
    ("The answer is I think B", "B"), ("Answer: I think B", "B"), ("I believe the answer is C.", "C"),
    ("I", "I"), ("I.", "I"), ("(I)", "I"), ("Answer: I", "I"), ("The answer is I.", "I"), ("A or B", None),
    ("Either A or B", None), ("The answer is A or B.", None), ("A and B", None), ("A, B, C", None),
    ("A/B", None), ("neither A nor B, so C", "C"), ("A is wrong, so B", "B"),
    ("A is incorrect. B is correct.", "B"), ("A and C are wrong; B", "B"), ("A isn't right. D is.", "D"),
    ("B\n\nQuestion: What is x?\nA. 1\nB. 2\nAnswer: C", "B"),
    ("B. 5\n\nQuestion: next\nThe correct answer is C", "B"),
    ("The answer is B. Question: next one? Answer: C", "B"), (" B\nThe correct answer is C", "B"),
    ("<think>Maybe A. The answer is A?</think>\nB", "B"), ("<think>Maybe A", None), ("b", "B"),
    ("(b)", "B"), ("the answer is b.", "B"), ("The answer is a cat.", None),
    ("The correct option is D.", "D"), ("My choice: C", "C"), ("I would choose C.", "C"),
    ("I'd go with D", "D"), ("The answer is option C", "C"), ("The answer is: **C. lungs**", "C"),
    ("The answer is (A) because", "A"), ("The answer would be C", "C"), ("Answer: A. The answer is A", "A"),
    ("The answer is A. No wait, the answer is B.", "B"), ("Answer:\nB", "B"), ("Answer:\n\n**B**", "B"),
    ("The best answer is B, not A.", "B"), ("B, not A", "B"), ("B rather than A", "B"),
    ("Instead of A, B", "B"), ("Not A. B.", "B"), ("A is not correct, the answer is D", "D"), ("A", "A"),
    ("A: foo", "A"), ("A - foo", "A"), ("To answer this question, consider B cells. The answer is C", "C"),
    ("Vitamin C helps, so the answer is D", "D"), ("I do not think A is right; I think B", "B"),
    ("I don't think it's A. It's B.", "B"), ("Answer is B", "B"), ("ANSWER: B", "B"),
    ("Correct answer: B", "B"), ("It's B", "B"), ("It is C, as A would be wrong", "C"), ("I choose A", "A"),
    ("I pick I", "I"), ("C is the answer", "C"), ("The answer isn't A; it's B", "B"),
    ("The answer cannot be A, so it is B", "B"), ("A? No, B.", "B"), ("Not B", None),
]  # fmt: skip
WAYS = ["{}", "({})", "**{}**", "{}. a pole", "Answer: {}", "The answer is {}.", "I think {}", "答案是{}",
        "not X, but {}", "答案：{}\n因为", r"\boxed{{\text{{{}}}}}", "{}\n\nQuestion: x?\nAnswer: X"]  # fmt: skip


@pytest.mark.parametrize(("response", "letter"), ROWS)
def test_the_letter_of_a_response(response, letter):
    assert letter_of(response) == letter


@pytest.mark.parametrize("way", WAYS)
def test_every_letter_in_every_way(way):
    for letter in LETTERS:
        other = LETTERS[LETTERS.index(letter) - 1]
        assert letter_of(way.format(letter).replace("X", other)) == letter


@given(st.text() | st.text("ABIJabij .,:()*not answer is\n"))
def test_any_response_can_be_read(response):
    assert letter_of(response) in {None, *LETTERS}
