"""What the numbers of the page mean, and the columns of medians that it shows."""

from __future__ import annotations

from ...stages import Stage


def _stages() -> list[tuple[str, str, str]]:
    """Key, meaning and note of every stage; those that are one thing in two models share a line."""
    keys: dict[tuple[str, str], list[str]] = {}
    for stage in Stage:
        keys.setdefault((stage.meaning, stage.note), []).append(stage.key)
    return [(", ".join(alike), *text) for text, alike in keys.items()]


GLOSSARY = [
    ("total_time_ms", "sum of all stages", "tokenizing is not in it"),
    ("wall_time_ms", "host clock around all stages", "independent of the stage timers"),
    ("residual_ms", "wall − total", "time in no stage; flagged when it is too large"),
    ("ttft_ms", "first stage begun to first token chosen", "prefill and projection included"),
    ("tpot_ms", "mean of decode steps 2 … T", "the first step is left out"),
    ("tokens_per_second", "T / decode_total", "decoding alone"),
    ("decode_avg_ms", "mean of all T decode steps", "the first step included"),
    *_stages(),
]
COLUMNS = {
    "total_time_ms": "total (ms)",
    "ttft_ms": "first token (ms)",
    **{
        stage.key: f"{stage.label} (ms)"
        for stage in (Stage.BASE_PREFILL, Stage.TEACHER_PREFILL, Stage.PROJECTOR)
    },
    "decode_avg_ms": "decode step (ms)",
    "tokens_per_second": "tokens / s",
}
