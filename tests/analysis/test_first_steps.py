"""First steps that were read alone are those of the records' steps."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.invented import invent, write

from c2c_timing.analysis.columns import MEASURED
from c2c_timing.analysis.first_steps import FIRST_STEPS, first_steps
from c2c_timing.analysis.merge import merge, merged_into, read_timings, write_parquet
from c2c_timing.stages import PER_TOKEN, Stage

WANTED = [*MEASURED, *FIRST_STEPS]


@pytest.fixture
def shards(tmp_path):
    records = [invent(0, method="t2t"), invent(1, decode_step_times_ms=[]), invent(2)]
    again = [invent(n, decode_step_times_ms=[9.0]) | {"method": "c2c_again"} for n in (1, 2)]
    return [write(tmp_path, [again[0], *records, again[1]])]


def test_they_are_read_alone(tmp_path, shards):
    path = tmp_path / "t.parquet"
    with merged_into(path, shards):
        pass
    read, table = read_timings(path, WANTED), read_timings(path)
    assert "decode_step_times_ms" not in read and not {*FIRST_STEPS} & {*table}
    for stage in PER_TOKEN:
        expected = [s[0] if s is not None and len(s) else np.nan for s in table[stage.steps_key]]
        np.testing.assert_array_equal(first_steps(read, stage), expected)
        np.testing.assert_array_equal(first_steps(table, stage), expected)


@pytest.mark.parametrize("change", [
    lambda table, key: table.drop(columns=[key]), lambda table, key: table.assign(**{key: None}),
])  # fmt: skip
def test_a_file_may_lack_the_steps_of_a_stage(tmp_path, shards, change):
    path = tmp_path / "t.parquet"
    write_parquet(change(merge(shards)[0], Stage.TEACHER_DECODE.steps_key), path)
    read = read_timings(path, WANTED)
    assert np.isnan(first_steps(read, Stage.TEACHER_DECODE)).all()
    assert not np.isnan(first_steps(read, Stage.DECODE)).all()
