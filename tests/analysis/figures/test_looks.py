"""Figures that can be printed: colours that mean one thing, letters inside, heights that a screen holds."""

from __future__ import annotations

import functools
import itertools

import matplotlib.pyplot as plt
import pytest
from analysis.figures.letters import assert_legible
from analysis.invented_floors import CONFIG, SHAPES, bottlenecks, row
from analysis.invented_wide import PROMPTS, wide
from matplotlib.colors import to_rgb

from c2c_timing.analysis.figures import FIGURES
from c2c_timing.analysis.figures.roofline import draw as roofline
from c2c_timing.analysis.figures.style import method_mark, runtime_fill, runtime_line
from c2c_timing.analysis.roofs import Roofs
from c2c_timing.analysis.runs import shapes_key
from c2c_timing.method_table import METHODS
from c2c_timing.runtime_table import RUNTIMES
from c2c_timing.stages import Stage

ROOFS = Roofs("cpu", 1, ((1.0, 2e4), (9.0, 1e3)), {"float32": 1e3, "bfloat16": 3e3}, 1e-3)
OF_SEVERAL_RUNTIMES = {"ladder", "ladder_by_data_set"}
# In a bar they are too thin to be seen: what stands on their sides meets.
THIN = {Stage.BASE_EMBEDDING, Stage.TEACHER_EMBEDDING, Stage.HANDOVER}
TABLES = {
    "one method": {"pairs": ("tiny",), "methods": ("c2c",)},
    "comparison": {"pairs": ("tiny",), "views": ("natural", "fixed")},
    "runtimes": {"pairs": ("tiny",), "runtimes": ("eager", "compiled")},
}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def tables():
    return {name: wide(**settings) for name, settings in TABLES.items()}


@pytest.fixture(scope="module")
def drawn(tables):
    """Each figure of each table is drawn once."""
    return functools.cache(lambda name, table: FIGURES[name](tables[table]))


def lightness(colour):
    """CIE L* of a colour, 0 to 100: what is left of it in grey."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    luminance = sum(part * c for part, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def distance(one, other):
    return max(abs(a - b) for a, b in zip(to_rgb(one), to_rgb(other), strict=True))


def neighbours():
    """Stages that touch in a bar of any method, the thin ones between them left out or not."""
    for method in METHODS.values():
        stages = [stage for stage in Stage if stage in method.stages]
        for kept in (stages, [stage for stage in stages if stage not in THIN]):
            yield from itertools.pairwise(kept)


def test_neighbours_in_a_bar_differ_in_grey():
    for one, other in set(neighbours()):
        assert abs(lightness(one.colour) - lightness(other.colour)) >= 15, (one, other)


def test_no_colour_means_two_things():
    colours = [stage.colour for stage in Stage] + [row.colour for row in METHODS.values()]
    for one, other in itertools.combinations(colours, 2):
        assert distance(one, other) > 0.12, (one, other)


def test_the_compared_methods_differ_in_grey_and_all_by_their_marks():
    compared = ("base", "teacher", "t2t", "c2c")
    for one, other in itertools.combinations(compared, 2):
        greys = [lightness(METHODS[method].colour) for method in (one, other)]
        assert abs(greys[0] - greys[1]) >= 10
    assert len({method_mark(method) for method in METHODS}) == len(METHODS)


def test_runtimes_are_told_by_lines_and_fillings():
    for look in (runtime_line, runtime_fill):
        assert len({look(runtime) for runtime in RUNTIMES}) == len(RUNTIMES)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", FIGURES)
def test_letters_stay_inside_and_a_screen_holds_it(name, table, tables, drawn):
    timings = tables[table]
    if name in OF_SEVERAL_RUNTIMES and timings["runtime"].nunique() == 1:
        pytest.skip("one runtime: no ladder")
    if (
        name in {"speedup", "break_even"}
        and timings["method"].nunique() == 1 == timings["runtime"].nunique()
    ):
        pytest.skip("nothing to compare")
    assert_legible(drawn(name, table))


@pytest.mark.parametrize("pairs", [1, 2, 9])
def test_the_roofline_does_too(pairs):
    shapes = {shapes_key(f"pair-{pair}", CONFIG): SHAPES for pair in range(pairs)}
    rows = [row(n, method=method, pair=f"pair-{pair}", config={**CONFIG}, runtime=runtime)
            for n, method in enumerate(("base", "c2c", "t2t")) for pair in range(pairs)
            for runtime in ("eager", "graphs")]  # fmt: skip
    figure = roofline(bottlenecks(rows, shapes, roofs=ROOFS), ROOFS)
    assert_legible(figure)
    drawn = [axis for axis in figure.axes if axis.get_title(loc="left").startswith("pair-")]
    assert len(drawn) == min(pairs, 2)
    assert ("2 of 9 panels" in figure.get_suptitle()) == (pairs == 9)


@pytest.mark.parametrize("name", FIGURES)
def test_numbers_of_requests_or_samples_are_told(name, drawn):
    words = " ".join(text.get_text() for text in drawn(name, "runtimes").findobj(plt.Text))
    assert "n=" in words or "samples" in words


def test_long_prompts_have_a_scale_of_their_own():
    figure = FIGURES["stage_breakdown"](wide(pairs=("tiny",), methods=("c2c",)))
    named = [[label.get_text() for label in axis.get_yticklabels()] for axis in figure.axes]
    alone = [axis for axis, names in zip(figure.axes, named, strict=True)
             if [name.split(" ")[0] for name in names] == ["longbench"]]  # fmt: skip
    (short,) = [axis for axis, names in zip(figure.axes, named, strict=True)
                if len(names) == len(PROMPTS) - 1]  # fmt: skip
    assert alone[0].get_xlim()[1] > 3 * short.get_xlim()[1]


def test_bars_are_medians():
    timings = wide(pairs=("tiny",), methods=("c2c",))
    figure = FIGURES["stage_breakdown"](timings)
    widths = [bar.get_width() for axis in figure.axes for bar in axis.patches]
    for _, rows in timings.groupby("dataset"):
        for key in ("base_prefill_ms", "decode_total_ms"):
            assert any(width == pytest.approx(rows[key].median()) for width in widths)
