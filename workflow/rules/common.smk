"""Names that the rules share: the checked config, the plan, closed wildcard vocabularies."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from snakemake.logging import logger

from c2c_timing import failures, plan
from c2c_timing.clock_verdict import read_clock_verdict
from c2c_timing.errors import UserError
from c2c_timing.settings import METHODS

plan.prefer_this_python()
plan.read_plain_words(config)
try:
    plan.check_config(config)
    if config["self_test"] and Path(plan.SELF_TEST).exists():
        read_clock_verdict(Path(plan.SELF_TEST))
except UserError as error:
    sys.exit(f"error: {error}")

SCRIPTS = "workflow/scripts"
SELF_TEST = [plan.SELF_TEST] if config["self_test"] else []
SHARDS = plan.plan_shards(config)
WANTED_SHARDS = plan.wanted_shards(SHARDS, config)
SHARD_FILES = [shard.timing_file for shard in WANTED_SHARDS]
FAILED_JOBS = failures.FailedJobs(SHARDS)
logger.addHandler(FAILED_JOBS)
TABLES = plan.table_files(config["methods"])
FLOOR_FIGURE_NAMES = ["roofline"]
FIGURES = expand(
    "results/plots/{figure}.{ending}",
    figure=plan.figure_names(config["methods"]) + FLOOR_FIGURE_NAMES,
    ending=["png", "svg"],
)


wildcard_constraints:
    **{
        name: "|".join(map(re.escape, values))
        for name, values in plan.vocabulary().items()
    },
    figure="|".join(plan.figure_names(METHODS)),
    floor_figure="|".join(FLOOR_FIGURE_NAMES),


# One device does one thing at a time on this machine; a cluster hands out its own devices.
resource_scopes:
    gpu="local",
    stopwatch="local",
