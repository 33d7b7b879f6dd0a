"""Every result has a caption for Snakemake's report, and every caption is of a result."""

from __future__ import annotations

import re

import pytest
from default_config import with_
from folders import ROOT

from c2c_timing.planning import report_items, targets

CAPTIONS = ROOT / "workflow" / "report"
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
# As the rules name them.
TABLES = re.findall(r'\btable\("([\w.]+)"\)', RULES)
ALL = with_(methods=["base", "t2t", "c2c"], runtimes=["eager", "fused"])


def caption(item):
    return ROOT / "workflow" / "rules" / item["caption"]


def test_every_table_of_a_config_is_marked_and_has_a_caption():
    assert {path.removeprefix("results/") for path in targets.table_files(ALL)} <= set(TABLES)
    for name in TABLES:
        assert caption(report_items.table(f"results/{name}")).read_text().strip(), name


@pytest.mark.parametrize(
    "name", [*targets.ALL_FIGURES, *targets.ON_REQUEST, *targets.FLOOR_FIGURES]
)
def test_every_figure_has_a_caption(name):
    assert caption(report_items.figure(f"results/plots/{name}.svg")).read_text().strip()


def test_every_caption_is_of_something():
    figures = {*targets.ALL_FIGURES, *targets.ON_REQUEST, *targets.FLOOR_FIGURES}
    assert {path.stem for path in (CAPTIONS / "figures").iterdir()} == figures
    assert {path.stem for path in (CAPTIONS / "tables").iterdir()} == {
        name.split(".")[0] for name in TABLES
    }
