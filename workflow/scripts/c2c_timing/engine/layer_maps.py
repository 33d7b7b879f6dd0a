"""Which teacher layer speaks to which base layer."""

from __future__ import annotations


def last_aligned(base_layers: int, teacher_layers: int) -> list[int]:
    """Teacher layer of each base layer: last to last, walking to the front, clamped at both ends."""
    offset = teacher_layers - base_layers
    return [min(max(layer + offset, 0), teacher_layers - 1) for layer in range(base_layers)]


def k_nearest(base_layers: int, teacher_layers: int) -> list[int]:
    """Teacher layer nearest in relative depth to each base layer; of two, the one nearer the front.

    The reference lists the k nearest and, without a trained aggregator, uses the first: so k = 1.
    """

    def depth(layer: int, layers: int) -> float:
        return layer / (layers - 1) if layers > 1 else 0.0

    return [
        min(
            range(teacher_layers),
            key=lambda layer: abs(depth(layer, teacher_layers) - depth(base, base_layers)),
        )
        for base in range(base_layers)
    ]


LAYER_MAPS = {"last_aligned": last_aligned, "k_nearest": k_nearest}
