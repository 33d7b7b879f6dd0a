from __future__ import annotations

from default_config import with_

from c2c_timing.analysis.figures import FIGURES, FLOOR_FIGURES
from c2c_timing.planning import targets


def test_tables_and_figures_are_those_that_the_methods_can_fill():
    alone, compared, both = (with_(methods=m) for m in (["c2c"], ["base", "c2c"], ["t2t", "c2c"]))
    tables = [set(targets.table_files(config)) for config in (alone, compared, both)]
    assert "results/summary.tsv" in tables[0] < tables[1] < tables[2]
    assert targets.comparison_flags(alone) == ""
    assert targets.comparison_flags(with_(methods=["base", "teacher"])) == ""
    assert "--breakeven results/breakeven.tsv" in targets.comparison_flags(both)
    drawn = [set(targets.figure_names(config)) for config in (alone, compared, both)]
    assert drawn[0] < drawn[1] < drawn[2] == set(targets.ALL_FIGURES) - {"ladder"}
    assert {*targets.ALL_FIGURES, *targets.ON_REQUEST} == set(FIGURES)
    assert set(targets.FLOOR_FIGURES) == set(FLOOR_FIGURES)


def test_a_figure_is_drawn_with_the_others_or_alone_on_request():
    for config in (with_(), with_(methods=["t2t", "c2c"], runtimes=["eager", "fused"])):
        together, alone = targets.figure_names(config), targets.figures_on_request(config)
        assert "ladder_by_data_set" in alone
        assert sorted([*together, *alone]) == sorted(FIGURES)


def test_another_runtime_is_a_comparison_as_well():
    assert not targets.is_comparison(with_())
    assert targets.is_comparison(with_(runtimes=["eager", "another"]))


def test_several_runtimes_make_a_ladder_whichever_they_are():
    one, two = with_(runtimes=["graphs"]), with_(runtimes=["fused", "graphs"])
    assert "results/ladder.tsv" not in targets.table_files(one)
    assert "ladder" not in targets.figure_names(one)
    assert "results/ladder.tsv" in targets.table_files(two)
    assert "--ladder results/ladder.tsv" in targets.comparison_flags(two)
    assert "ladder" in targets.figure_names(two)
    assert "ladder_by_data_set" not in targets.figure_names(two)


def test_every_figure_is_made_in_two_formats():
    files = targets.figure_files(with_())
    assert len(files) == 14
    assert {"results/plots/roofline.png", "results/plots/roofline.svg"} <= set(files)
