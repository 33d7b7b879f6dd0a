"""Imports are spared the search for cycles, and whoever comes after has it again."""

from __future__ import annotations

import gc
import sys
import types

import pytest

from c2c_timing.meters.wall_times import WallTimes

NAME = "made_up_for_wall_times"


def frozen_by(walls, imports):
    before = gc.get_freeze_count()
    try:
        with walls.importing():
            assert not gc.isenabled()
            if imports:
                sys.modules[NAME] = types.ModuleType(NAME)
        assert gc.isenabled()
        return gc.get_freeze_count() - before
    finally:
        sys.modules.pop(NAME, None)
        gc.unfreeze()


def test_what_was_imported_is_booked_and_never_searched_again():
    walls = WallTimes()
    assert frozen_by(walls, imports=True) > 0
    assert walls.seconds["imports"] > 0


def test_who_imports_nothing_leaves_everything_to_the_search():
    assert frozen_by(WallTimes(), imports=False) == 0


def test_an_import_that_fails_leaves_the_search_on():
    with pytest.raises(ImportError), WallTimes().importing():
        raise ImportError(NAME)
    assert gc.isenabled()
