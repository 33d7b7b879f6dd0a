from __future__ import annotations

import numpy as np
import pytest
from analysis.invented import LACKS, invent, write

from c2c_timing.analysis.merge import merge
from c2c_timing.analysis.stage_table import COLUMNS, as_markdown, stage_table

NAMES = {"base_model": "Qwen/Qwen3-0.6B", "teacher_model": "Qwen/Qwen2.5-0.5B-Instruct"}


def timings(folder, dataset="mmlu-redux", **names):
    records = [invent(n, method=m, dataset=dataset) for n in range(4) for m in LACKS]
    for record in records:
        record["model_config"] = {**record["model_config"], **names}
    return merge([write(folder, records)])[0]


def test_parts_add_up_and_have_spread(tmp_path):
    records = timings(tmp_path)
    table = stage_table(records).set_index(["method", "part"])
    assert list(table.reset_index()[COLUMNS].columns) == COLUMNS
    assert table.index.tolist() == [
        ("base", "whole"), ("teacher", "whole"), ("t2t", "teacher"), ("t2t", "base"),
        ("t2t", "whole"), ("c2c", "whole"),
    ]  # fmt: skip
    c2c = records[records["method"] == "c2c"]
    assert table.loc[("c2c", "whole"), "total_ms_mean"] == pytest.approx(
        c2c["total_time_ms"].mean()
    )
    prefill = (c2c["base_embedding_ms"] + c2c["base_prefill_ms"]).std()
    assert table.loc[("c2c", "whole"), "base_prefill_ms_std"] == pytest.approx(prefill)
    assert np.isnan(table.loc[("base", "whole"), "fusion_ms_mean"])
    teacher = table.loc[("t2t", "teacher")]
    assert teacher["tokens_out_mean"] == 5
    assert teacher["total_ms_mean"] == pytest.approx(
        teacher["teacher_prefill_ms_mean"] + teacher["decode_ms_mean"]
    )
    assert np.isnan(table.loc[("t2t", "whole"), "decode_ms_mean"])


def test_published_rows_stand_beside_the_same_pair_and_data_set_alone(tmp_path):
    def published(table):
        return table[table["source"] != "measured"]

    table = stage_table(timings(tmp_path, **NAMES))
    rows = published(table)
    assert len(rows) == 6
    c2c = rows[rows["method"] == "c2c"].iloc[0]
    assert (c2c["fusion_ms_mean"], c2c["total_ms_mean"]) == (90, 445)
    assert np.isnan(c2c["total_ms_std"])
    assert "2510.03215" in c2c["source"]
    places = table.index[table["method"] == "c2c"]
    assert places.tolist() == [len(table) - 2, len(table) - 1]
    assert published(stage_table(timings(tmp_path))).empty
    assert published(stage_table(timings(tmp_path, "mmlu", **NAMES))).empty


def test_the_markdown_has_every_row_with_spread_and_source(tmp_path):
    table = stage_table(timings(tmp_path, **NAMES))
    text = as_markdown(table)
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + len(table)
    assert "## tiny, mmlu-redux, natural length" in text
    assert "arXiv 2510.03215" in text
    assert any(line.startswith("| C2C |") and "±" in line for line in lines)
    assert len({line.count("|") for line in lines}) == 1


def test_a_heading_names_the_runtime_where_there_are_several(tmp_path):
    records = [invent(runtime=runtime) for runtime in ("eager", "graphs")]
    text = as_markdown(stage_table(merge([write(tmp_path, records)])[0]))
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [f"## tiny, gsm8k, natural length, {name}" for name in ("eager", "graphs")]
