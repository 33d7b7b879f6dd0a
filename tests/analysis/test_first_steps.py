"""First steps that were read alone are those of the records' steps."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.invented import invent, write

from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.first_steps import first_steps, with_first_steps
from c2c_timing.analysis.merge import merge, read_timings, write_parquet
from c2c_timing.stages import PER_TOKEN, Stage


@pytest.fixture
def table(tmp_path):
    records = [invent(0, method="t2t"), invent(1, decode_step_times_ms=[]), invent(2)]
    return merge([write(tmp_path, records)])[0]


def test_they_are_read_alone(tmp_path, table):
    path = tmp_path / "t.parquet"
    write_parquet(table, path)
    read = with_first_steps(read_timings(path, MEASURED), path)
    assert "decode_step_times_ms" not in read
    for stage in PER_TOKEN:
        expected = [s[0] if s is not None and len(s) else np.nan for s in table[stage.steps_key]]
        np.testing.assert_array_equal(first_steps(read, stage), expected)
        np.testing.assert_array_equal(first_steps(table, stage), expected)


def test_a_file_of_an_earlier_version_may_lack_a_stage(tmp_path, table):
    path = tmp_path / "t.parquet"
    write_parquet(table.drop(columns=[Stage.TEACHER_DECODE.steps_key]), path)
    read = with_first_steps(read_timings(path, MEASURED), path)
    assert np.isnan(first_steps(read, Stage.TEACHER_DECODE)).all()
