"""The roofline draws what it is given, and the command asks for what it needs."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from analysis.invented_floors import CONFIG, DEVICE, FAST, bottlenecks, fused_row, row

import plot_timings
from c2c_timing.analysis.figures.roofline import draw
from c2c_timing.analysis.figures.style import save
from c2c_timing.analysis.merge import read_tsv, write_tsv
from c2c_timing.analysis.roofs import Roofs

ROOFS = Roofs("cpu", 1, ((1.0, 4e3), (9.0, 1e3)), {"float32": 1e3, "bfloat16": 3e3}, 1e-3)


def points(figure):
    """Marks of the first panel: place to colour."""
    return [line for line in figure.axes[0].lines if line.get_linestyle() == "None"]


@pytest.mark.parametrize("rows", [
    [row()],
    [row(n, method=m, pair=p, dataset=d) for n, m in enumerate(("base", "c2c", "t2t"))
     for p in ("tiny", "big") for d in ("gsm8k", "mmlu")],
    [row(runtime=runtime, length_view=view) for runtime in ("eager", "graphs")
     for view in ("natural", "fixed")],
    [row(config={**CONFIG, "dtype": dtype}) for dtype in ("float32", "bfloat16")],
    [row(config={**CONFIG, "device": "another"})],
], ids=["one record", "two pairs, three methods", "two runtimes", "two dtypes", "no floors"])  # fmt: skip
def test_the_figure_is_drawn_and_equal_tables_give_equal_bytes(rows, tmp_path):
    table = bottlenecks(rows, roofs=ROOFS)
    files = []
    for turn in "ab":
        figure = draw(table, ROOFS)
        save(figure, tmp_path / f"{turn}.png", tmp_path / f"{turn}.svg")
        files.append((tmp_path / f"{turn}.svg").read_bytes())
    assert "(FLOP per byte" in figure.axes[-1].get_xlabel()
    assert "GFLOP/s" in figure.axes[0].get_ylabel()
    assert files[0] == files[1]
    assert b"mathdefault" not in files[0]


def test_every_stage_is_where_its_operations_bytes_and_time_put_it():
    table = bottlenecks([row()], roofs=ROOFS).set_index("stage")
    figure = draw(table.reset_index(), ROOFS)
    drawn = {(line.get_xdata()[0], line.get_ydata()[0]) for line in points(figure)}
    for stage in ("decode", "base_prefill"):
        numbers = table.loc[stage]
        place = numbers["flops"] / numbers["bytes"], numbers["flops"] / numbers["median_ms"] / 1e6
        assert any(place == pytest.approx(other) for other in drawn)
    listed = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert listed[0].startswith(f"decode: {table.loc['decode', 'time_over_floor']:.2g}")
    assert any(text.startswith("base embedding*") for text in listed)


def test_settings_have_panels_and_runtimes_have_marks_of_their_own():
    rows = [row(config={**CONFIG, "dtype": d}, runtime=r) for d in ("float32", "bfloat16")
            for r in ("eager", "graphs")]  # fmt: skip
    figure = draw(bottlenecks(rows, roofs=ROOFS), ROOFS)
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles == ["tiny, bfloat16", "tiny, float32"]
    marks = [text.get_text() for text in figure.legends[0].get_texts()]
    assert marks == ["base, eager", "base, graphs", "a data set"]


def test_each_runtime_is_listed_with_its_own_cause():
    table = bottlenecks([fused_row(runtime) for runtime in ("graphs", "eager")], roofs=FAST)
    listed = [text.get_text() for text in draw(table, FAST).axes[0].get_legend().get_texts()]
    (decode,) = [text.splitlines() for text in listed if text.startswith("decode")]
    ratios = table[table["stage"] == "decode"].set_index("runtime")["time_over_floor"]
    assert decode == ["decode", f"eager: {ratios['eager']:.2g} (launch)",
                      f"graphs: {ratios['graphs']:.2g} (latency)"]  # fmt: skip


def test_points_lie_under_the_roofs_when_stages_are_slower_than_their_floors():
    table = bottlenecks([row(decode_ms=1e9)], roofs=ROOFS)
    table = table[table["time_over_floor"] >= 1]
    for line in points(draw(table, ROOFS)):
        x, y = line.get_xdata()[0], line.get_ydata()[0] * 1e9
        assert y <= min(x * 4e3, 1e3) * 1.0001


def test_the_command_needs_both_files(tmp_path, capsys):
    write_tsv(bottlenecks([row()]), tmp_path / "b.tsv")
    (tmp_path / "d.json").write_text(json.dumps(DEVICE))
    flags = ["--figure", "roofline", "--png", f"{tmp_path}/r.png", "--svg", f"{tmp_path}/r.svg"]
    assert plot_timings.main([*flags, "--bottlenecks", f"{tmp_path}/b.tsv"]) == 1
    assert "roofline needs --device" in capsys.readouterr().err
    both = ["--bottlenecks", f"{tmp_path}/b.tsv", "--device", f"{tmp_path}/d.json"]
    assert plot_timings.main([*flags, *both]) == 0
    assert (tmp_path / "r.png").stat().st_size > 5000
    assert plot_timings.main(["--figure", "throughput", *flags[2:]]) == 1
    assert "throughput needs --timings" in capsys.readouterr().err


def test_the_table_survives_its_file(tmp_path):
    table = bottlenecks([row(), row(1, handover_ms=1.0)])
    write_tsv(table, tmp_path / "b.tsv")
    read = read_tsv(tmp_path / "b.tsv")
    pd.testing.assert_frame_equal(read, table, check_dtype=False, rtol=1e-4)
