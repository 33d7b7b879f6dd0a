"""Names that the rules share: the checked config, the plan, closed wildcard vocabularies."""

import functools
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow" / "scripts"))

from snakemake.common.configfile import load_configfile
from snakemake.logging import logger

from c2c_timing.analysis.closing import answer_lines
from c2c_timing.errors import UserError
from c2c_timing.planning import (
    console,
    failed_jobs,
    inputs,
    jobs,
    missing,
    run_cost,
    shards,
    targets,
)
from c2c_timing.planning.config import (
    check_config,
    empty_subjects,
    expand_home,
    read_plain_words,
)
from c2c_timing.shard.clock_verdict import read_clock_verdict
from c2c_timing.shard_names import TIMINGS, split_chunk_name

jobs.prefer_this_python()
read_plain_words(config)
expand_home(config)
empty_subjects(
    config,
    [
        *map(load_configfile, workflow.overwrite_configfiles),
        workflow.config_settings.config,
    ],
)
try:
    check_config(config)
    if config["self_test"] and Path(targets.SELF_TEST).exists():
        read_clock_verdict(Path(targets.SELF_TEST))
except UserError as error:
    sys.exit(f"error: {error}")

SCRIPTS = "workflow/scripts"
SELF_TEST = [targets.SELF_TEST] if config["self_test"] else []
ANY_SHARD = shards.PlannedShard("{pair}", "{dataset}", "{subject}")
SHARDS = shards.plan_shards(config)
WANTED_SHARDS = shards.wanted_shards(SHARDS, config)
SHARD_FILES = [shard.timing_file for shard in WANTED_SHARDS]
ERROR_FILES = shards.files_beside(
    [shard.errors_file for shard in WANTED_SHARDS], config
)
RUN_FILES = shards.files_beside([shard.run_file for shard in WANTED_SHARDS], config)
RUN_COST = run_cost.RunCost()
if workflow.is_main_process and (line := shards.other_chunks_line(SHARDS)):
    print(line, file=sys.stderr)
# Rules with very many inputs name files, not other rules' outputs: with these Snakemake would compare
# every file with the whole list.
MANIFEST = "results/shards.tsv"
MERGED = ("results/timings.parquet", "results/errors.tsv", "results/coverage.tsv")
FAILED_JOBS = failed_jobs.FailedJobs(SHARDS)
logger.addHandler(FAILED_JOBS)
if workflow.is_main_process:
    console.talk_less(logger.handlers)
    logger.addHandler(console.Steps())
TIMING_CODE = inputs.timing_code_digest(config)
# As a person would name them; later ones lie over earlier ones.
CONFIG_FILES = ["config.yaml", *map(os.path.relpath, workflow.overwrite_configfiles)]
TABLES = targets.table_files(config)
FIGURES = targets.figure_files(config)
# Besides tables, what the last lines of a run are read from.
CLOSING_FILES = ("bottlenecks.tsv", "report.html")


def remake_missing(wildcards):
    """No input: what is missing behind a result that is there is made again, where a target needs it.

    Asked when jobs are planned, after all rules are known and before it is decided which of them run.
    """
    workflow.dag.forcefiles.update(missing.unnoticed(workflow.rules))
    return []


@functools.cache
def flags_of(dataset, chunk):
    """Flags of the timing command: the same for all shards of a data set."""
    return jobs.timing_flags(dataset, config, chunk)


def closing_lines():
    """What a run says at its end: what is there, the answer, what it took."""
    made = {Path(path).name for path in [*TABLES, *CLOSING_FILES]}
    return [
        RUN_COST.shards_line(map(Path, SHARD_FILES)),
        *answer_lines(Path("results"), made, map(Path, SHARD_FILES)),
        *RUN_COST.lines(map(Path, RUN_FILES)),
    ]


# Of a job that merges, compares or draws; tried again, it asks for more.
SMALL_JOB = {
    "mem_mb": lambda wildcards, attempt: attempt * 2000,
    "runtime": lambda wildcards, attempt: attempt * 15,
}


wildcard_constraints:
    **{
        name: "|".join(map(re.escape, values))
        for name, values in shards.vocabulary().items()
    },
    subject=shards.subject_pattern(),
    figure="|".join(targets.figures_on_request(config)),
    floor_figure="|".join(targets.FLOOR_FIGURES),


# One device does one thing at a time on this machine; a cluster hands out its own devices.
resource_scopes:
    gpu="local",
    stopwatch="local",
