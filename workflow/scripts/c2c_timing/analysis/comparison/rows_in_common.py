"""Which requests two runs have in common."""

from __future__ import annotations

import pandas as pd

from ...errors import UserError
from .changes import AS_GROUPS, ROW, WHOLE
from .sides import DIGEST, PROCESS, Side

REQUEST = [*ROW, "subject", "id", PROCESS, "repeat"]


def refuse_no_rows(old: Side, new: Side, table: pd.DataFrame) -> None:
    """Refuse runs of which nothing can be compared.

    Raises:
        UserError: one line that names what no row has in common, as far as one thing alone is it.
    """
    if table.empty:
        apart = [
            f"{name.removeprefix('model_config.')} {_listed(old.timings[name])} in OLD, "
            f"{_listed(new.timings[name])} in NEW"
            for name in ROW
            if not {*old.timings[name].fillna("")} & {*new.timings[name].fillna("")}
        ]
        raise UserError(
            f"{new.path}: no row in common with {old.path}: {'; '.join(apart) or 'all differ'}"
        )
    kinds = [{(run.get("settings") or {}).get("source", {}).get("kind") for run in side.runs}
             for side in (old, new)]  # fmt: skip
    if all(kinds) and not kinds[0] & kinds[1] and (table["compared_as"] == AS_GROUPS).all():
        raise UserError(
            f"{new.path}: rows come from {_listed(kinds[1])}, those of {old.path} from "
            f"{_listed(kinds[0])}, and no sample is in both: compare runs of one source"
        )


def about_samples(old: pd.DataFrame, new: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """What a reader has to know of the samples: copies, other prompts, other answers, groups."""
    both = old.merge(new, on=REQUEST, suffixes=("", "_new"))
    lines = []
    if len(both) and "started_at" in both and both["started_at"].equals(both["started_at_new"]):
        lines.append("OLD and NEW hold requests that were made at the same moments: one is a copy")
    other = both[both[DIGEST] != both[f"{DIGEST}_new"]][
        ["dataset", "subject", "id"]
    ].drop_duplicates()
    if len(other):
        lines.append(
            f"prompts of {len(other)} samples are others: these are not compared with themselves"
        )
    alike = both[both[DIGEST] == both[f"{DIGEST}_new"]]
    longer = alike["num_generated_tokens"] != alike["num_generated_tokens_new"]
    if longer.any():
        lines.append(f"answers of {longer.sum()} of {len(alike)} requests are of another length")
    whole = table[table["part"] == WHOLE]
    groups = (whole["compared_as"] == AS_GROUPS).sum()
    if groups:
        lines.append(
            f"in {groups} of {len(whole)} cases too few samples are in both runs: compared as groups"
        )
    if old[PROCESS].max() == new[PROCESS].max() == 1:
        lines.append(
            "both timed by one process a shard: how far processes lie apart is in no interval"
        )
    for name in ("dataset", "method", "runtime", "length_view", "pair"):
        for one, two, where in ((old, new, "OLD"), (new, old, "NEW")):
            if alone := {*one[name]} - {*two[name]}:
                lines.append(f"only in {where}: {_listed(alone)}")
    return lines


def _listed(values) -> str:
    return ", ".join(sorted({str(value) for value in values}))
