"""Which other row a row gets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from c2c_timing.data.selection import with_others
from c2c_timing.data.sources import Row


def others(readable):
    rows = [
        Row(str(n), {} if good else None, None if good else "torn")
        for n, good in enumerate(readable)
    ]
    return [row.other and row.other.id for row in with_others(rows)]


def test_the_one_before_and_before_the_first_the_last():
    assert others([True, True, True]) == ["2", "0", "1"]


def test_rows_that_cannot_be_read_are_passed_over():
    assert others([True, False, True, False]) == ["2", "0", "0", "2"]


def test_a_row_alone_has_none():
    assert others([True]) == [None]
    assert others([True, False]) == [None, "0"]
    assert others([]) == []


@given(st.lists(st.booleans(), max_size=12))
def test_never_itself_and_always_readable(readable):
    for place, other in enumerate(others(readable)):
        if other is None:
            assert not any(good for n, good in enumerate(readable) if n != place)
        else:
            assert int(other) != place
            assert readable[int(other)]
