"""Names that the rules share: the checked config, the plan, closed wildcard vocabularies."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from snakemake.logging import logger

from c2c_timing import failures, plan
from c2c_timing.errors import UserError

plan.prefer_this_python()
plan.read_plain_words(config)
try:
    plan.check_config(config)
except UserError as error:
    sys.exit(f"error: {error}")

SCRIPTS = "workflow/scripts"
SHARDS = plan.plan_shards(config)
SHARD_FILES = [shard.timing_file for shard in plan.wanted_shards(SHARDS, config)]
FAILED_JOBS = failures.FailedJobs(SHARDS)
logger.addHandler(FAILED_JOBS)
FIGURE_NAMES = [
    "stage_breakdown",
    "throughput",
    "decode_step_time",
    "prefill_vs_prompt_length",
]
FIGURES = expand(
    "results/plots/{figure}.{ending}", figure=FIGURE_NAMES, ending=["png", "svg"]
)


wildcard_constraints:
    **{
        name: "|".join(map(re.escape, values))
        for name, values in plan.vocabulary().items()
    },
    figure="|".join(FIGURE_NAMES),


# One device does one thing at a time on this machine; a cluster hands out its own devices.
resource_scopes:
    gpu="local",
    stopwatch="local",
