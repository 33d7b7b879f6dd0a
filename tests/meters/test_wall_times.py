"""Imports are spared the search for cycles, and whoever comes after has it again."""

from __future__ import annotations

import gc
import sys
import types

import pytest

from c2c_timing.meters.wall_times import WallTimes

NAME = "made_up_for_wall_times"


@pytest.fixture
def is_frozen(monkeypatch):
    """Whether what is imported so, or nothing, is kept from the search."""
    calls = []
    monkeypatch.setattr(gc, "freeze", lambda: calls.append(gc.isenabled()))

    def tell(walls, imports):
        with walls.importing():
            assert not gc.isenabled()
            if imports:
                monkeypatch.setitem(sys.modules, NAME, types.ModuleType(NAME))
        assert gc.isenabled()
        return calls == [False]

    return tell


def test_what_was_imported_is_booked_and_never_searched_again(is_frozen):
    walls = WallTimes()
    assert is_frozen(walls, imports=True)
    assert walls.seconds["imports"] > 0


def test_who_imports_nothing_leaves_everything_to_the_search(is_frozen):
    assert not is_frozen(WallTimes(), imports=False)


def test_a_search_that_was_off_stays_off():
    gc.disable()
    try:
        with WallTimes().importing():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_an_import_that_fails_leaves_the_search_on():
    with pytest.raises(ImportError), WallTimes().importing():
        raise ImportError(NAME)
    assert gc.isenabled()
