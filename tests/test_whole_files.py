"""A file is whole or as it was before."""

from __future__ import annotations

import pytest

from c2c_timing.whole_files import partial_of, write_text_whole, written_whole


def test_the_file_appears_at_the_end_with_its_folder(tmp_path):
    path = tmp_path / "new" / "table.tsv"
    with written_whole(path) as partial:
        assert partial == partial_of(path)
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("trouble", [ValueError, OSError, KeyboardInterrupt])
def test_trouble_leaves_the_earlier_file_and_nothing_beside(tmp_path, trouble):
    path = tmp_path / "table.tsv"
    path.write_text("earlier")
    with pytest.raises(trouble), written_whole(path) as partial:
        partial.write_text("ha")
        raise trouble
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_written_is_trouble(tmp_path):
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "table.tsv"):
        pass


def test_a_place_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        write_text_whole(tmp_path / "file" / "page.html", "x")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="folder"):
        write_text_whole(tmp_path / "folder", "x")
    assert not partial_of(tmp_path / "folder").exists()


def test_files_that_belong_together_are_renamed_from_the_inside_out(tmp_path):
    records, run = tmp_path / "records", tmp_path / "run"
    with written_whole(records) as outer:
        outer.write_text("r")
        with written_whole(run) as inner:
            inner.write_text("r")
        assert run.exists()
        assert not records.exists()
    run.unlink()
    with pytest.raises(ValueError), written_whole(records) as outer, written_whole(run):
        outer.write_text("other")
        raise ValueError
    assert records.read_text() == "r"
    assert not run.exists()
