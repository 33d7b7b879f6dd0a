"""The files that a record depends on are those that Python imports to make one."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from forks import Fork
from imported import tell_imported

from c2c_timing import code_files
from c2c_timing.code_files import (
    closure,
    method_templates,
    record_code,
    record_modules,
    script_code,
)
from c2c_timing.places import LIBRARY

# How a run is planned, kept and watched, and what is made of its records.
APART = (
    *("analysis/", "planning/", "probes/", "cli.py", "exits.py", "interrupts.py", "progress.py"),
    *("shard/run.py", "shard/passport.py", "shard/journal.py", "shard/clock_verdict.py"),
    *("shard/fingerprint.py", "code_files.py", "shard_names.py", "statistics.py"),
)


def names(paths):
    return {str(path.relative_to(LIBRARY)) for path in paths}


def imported(*modules):
    """Files of the library that Python reads when it imports these modules."""
    said, trouble = Fork(tell_imported, *modules).communicate()
    return names(map(Path, said.split())) or pytest.fail(trouble)


# Triton comes with torch for CUDA alone; with what its kernels alone import.
KERNELS = {f"engine/static/{name}.py" for name in ("decode_attention", "decode_linear", "overlap")}
HAS_TRITON = importlib.util.find_spec("triton") is not None


def test_a_record_depends_on_all_that_python_imports_for_it():
    found, static = imported(*record_modules()), names(record_code())
    assert found <= static
    # What more there is, is imported inside functions: Python imports just that for it, too.
    kernels = {path for path in static - found if path in KERNELS and not HAS_TRITON}
    late = [_module(path) for path in sorted(static - found - kernels)]
    assert imported(*record_modules(), *late) == static - kernels


def test_a_record_does_not_depend_on_how_its_run_is_planned_kept_and_watched():
    assert [path for path in sorted(names(record_code())) if path.startswith(APART)] == []


@pytest.mark.parametrize(
    "script", ["merge_timings.py", "plot_timings.py", "write_report.py", "compare_methods.py"]
)
def test_a_command_depends_on_what_python_imports_for_it(script):
    assert imported(Path(script).stem) <= names(script_code(script))


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A library of one's own: files by name, and what the closure of its module ``a`` holds."""
    folder = tmp_path / "c2c_timing"
    monkeypatch.setattr(code_files, "LIBRARY", folder)
    code_files._file.cache_clear()

    def closure_of(**files):
        for name, text in {"__init__": "", **files}.items():
            path = folder / f"{name.replace('__in__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return [str(path.relative_to(folder)) for path in closure("c2c_timing.a")]

    yield closure_of
    code_files._file.cache_clear()
    code_files._imported_by.cache_clear()


@pytest.mark.parametrize(("text", "others"), [
    ("import os, json", []),
    ("import c2c_timing.b", ["b.py"]),
    ("from c2c_timing import b, nothing", ["b.py"]),
    ("from . import b", ["b.py"]),
    ("from .b import value", ["b.py"]),
    ("from .room import inner", ["b.py", "room/__init__.py", "room/inner.py"]),
    ("from .room.inner import value", ["b.py", "room/__init__.py", "room/inner.py"]),
    ("def late():\n    try:\n        from . import b\n    except ImportError:\n        pass", ["b.py"]),
    ("try:\n    pass\nexcept ValueError:\n    from . import b", ["b.py"]),
    ("match 1:\n    case 1:\n        from . import b", ["b.py"]),
    ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import b", []),
    ("import typing\nif typing.TYPE_CHECKING:\n    from . import b\nelse:\n    from . import c",
     ["c.py"]),
])  # fmt: skip
def test_every_way_to_import_is_seen_but_not_what_only_a_type_checker_reads(library, text, others):
    rooms = {"room__in____init__": "from .. import b", "room__in__inner": ""}
    files = library(a=text, b="", c="", **rooms)
    assert files == sorted(["__init__.py", "a.py", *others])


def test_modules_may_import_each_other(library):
    assert library(a="from . import b", b="from . import a") == ["__init__.py", "a.py", "b.py"]


def test_templates_are_those_of_the_methods():
    assert method_templates(["base", "c2c"]) == []
    assert [path.name for path in method_templates(["t2t", "t2t"])] == ["background.jinja"]


def _module(path):
    return ".".join(["c2c_timing", *Path(path).with_suffix("").parts]).removesuffix(".__init__")
