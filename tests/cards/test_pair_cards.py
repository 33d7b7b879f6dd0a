from __future__ import annotations

from c2c_timing.cards.pair_card import available_pairs, load_pair_card


def test_eight_pairs_with_shapes():
    cards = [load_pair_card(name) for name in available_pairs()]
    assert len(cards) == 8
    for card in cards:
        for spec in (card.base, *card.teachers):
            assert (spec.config / "config.json").is_file()
    assert load_pair_card("tiny").weights == "dummy"
    assert load_pair_card("qwen3-0.6b_qwen3-4b-base").weights == "real"
    assert load_pair_card("qwen3-0.6b_qwen3-4b-base").with_weights("dummy").weights == "dummy"
