"""The part of the summary that one reads: ``summary.tsv``. All of it is ``summary_full.tsv``."""

from __future__ import annotations

import pandas as pd

from ..stages import Stage
from .columns import IDENTITY, SETTING, SETUP, SHARES
from .tsv_columns import plain

# Medians with the ends of their intervals.
WITH_INTERVAL = ("total_time_ms", "ttft_ms", "tpot_ms", "tokens_per_second")
ENDS = ("median", "median_low", "median_high")
# Look-ups, of which nobody has ever seen a share worth a column.
LOOK_UPS = {Stage.BASE_EMBEDDING, Stage.TEACHER_EMBEDDING}
COLUMNS = [
    *IDENTITY,
    *SETTING,
    *("count", "failed", "flagged", "quality"),
    *(f"{key}_{end}" for key in WITH_INTERVAL for end in ENDS),
    *(
        name
        for stage in Stage
        if stage not in LOOK_UPS
        for name in (f"{stage.key}_median", SHARES[stage])
    ),
    "residual_ms_median",
    "accuracy",
    "quality_advice",
    SETUP,
    "partial",
]

# The same as the file has them.
AS_WRITTEN = [plain(name) for name in COLUMNS]


def short(summary: pd.DataFrame) -> pd.DataFrame:
    """The columns that one reads; ``partial`` where coverage was known.

    Args:
        summary: of ``summarize``.
    """
    return summary[[name for name in COLUMNS if name in summary]]
