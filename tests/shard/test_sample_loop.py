"""Order and repeats of the requests of a sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from c2c_timing.cards.pair_card import load_pair_card
from c2c_timing.method_table import METHODS
from c2c_timing.settings import LENGTH_VIEWS, RunSettings
from c2c_timing.shard.sample_loop import Turn, draw_order

SETTINGS = RunSettings(load_pair_card("tiny"), methods=tuple(METHODS), length_views=LENGTH_VIEWS)


def where(number):
    return {"id": f"x{number}", "dataset": "gsm8k", "subject": "main"}


def test_every_method_once_at_each_length():
    order = draw_order(SETTINGS, where(1), 1)
    assert Counter(order) == Counter(Turn(m, "eager", v) for m in METHODS for v in LENGTH_VIEWS)


def test_the_order_depends_on_seed_sample_and_repeat_and_nothing_else():
    order = draw_order(SETTINGS, where(1), 1)
    assert draw_order(SETTINGS, where(1), 1) == order
    others = [
        draw_order(SETTINGS, where(2), 1),
        draw_order(SETTINGS, where(1), 2),
        draw_order(replace(SETTINGS, seed=1), where(1), 1),
    ]
    assert all(other != order for other in others)


def test_no_method_is_favoured_by_its_place():
    places = Counter(
        (draw_order(SETTINGS, where(n), 1).index((method, "eager", "natural")), method)
        for n in range(1200)
        for method in METHODS
    )
    # 1200 samples over 12 places: 100 expected in each, standard deviation 10
    assert all(60 < places[place, method] < 140 for place in range(12) for method in METHODS)


def test_a_message_that_does_not_fit_is_the_trouble_of_text_to_text_alone(tmp_path):
    from c2c_timing.cards.dataset_card import load_dataset_card
    from c2c_timing.data.sources import SourceSpec, read_rows
    from c2c_timing.meters.wall_times import WallTimes
    from c2c_timing.session import Session
    from c2c_timing.shard.sample_loop import SampleLoop

    settings = replace(
        SETTINGS, methods=("base", "t2t"), length_views=("fixed",), max_new_tokens=2,
        message_max_tokens=32_600, device="cpu",
    )  # fmt: skip
    card, walls = load_dataset_card("gsm8k"), WallTimes()
    row = next(iter(read_rows(card, "main", SourceSpec("builtin"))))
    result = SampleLoop(Session(settings, walls), walls, 1).time_row(card, "main", row)
    assert [record["method"] for record in result.records] == ["base"]
    assert [error["method"] for error in result.errors] == ["t2t"]
    assert "message_max_tokens" in result.errors[0]["message"]


def test_a_method_is_judged_where_all_its_parts_have_real_weights():
    card = load_pair_card("tiny").with_weights("local")  # its fuser has no checkpoint
    assert card.weights == "mixed"
    known = {
        name: card.is_real_for(METHODS[name].models) for name in ("base", "teacher", "t2t", "c2c")
    }
    assert known == {"base": True, "teacher": True, "t2t": True, "c2c": False}
    made_up = replace(card, base=replace(card.base, weights="dummy"))
    assert [made_up.is_real_for(METHODS[name].models) for name in ("base", "teacher", "t2t")] == [
        False, True, False
    ]  # fmt: skip
