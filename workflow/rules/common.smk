"""Names that the rules share: the checked config, the plan, closed wildcard vocabularies."""

import functools
import gc
import inspect
import json
import os
import re
import shlex
import sys
from pathlib import Path

# Where this file lies, whichever Snakefile uses this one as a module.
RULES = workflow.current_basedir
# Of a remote module Snakemake fetches no more than the files of rules.
if not isinstance(RULES, os.PathLike):
    sys.exit(
        "error: this workflow needs its whole folder: clone its repository, and let snakefile: name "
        "the clone's Snakefile"
    )
sys.path.insert(0, str(Path(RULES).parent / "scripts"))

from snakemake.common.configfile import load_configfile
from snakemake.logging import logger

from c2c_timing.analysis.closing import answer_lines
from c2c_timing.errors import UserError
from c2c_timing.places import PROJECT, from_here
from c2c_timing.planning import (
    console,
    failed_jobs,
    inputs,
    jobs,
    missing,
    report_items,
    run_cost,
    shards,
    targets,
)
from c2c_timing.planning.config import (
    check_config,
    empty_subjects,
    expand_home,
    fill_from,
    read_numbers_within,
    read_plain_words,
)
from c2c_timing.shard.clock_verdict import read_clock_verdict
from c2c_timing.shard_names import split_chunk_name

# A plan of many jobs makes no garbage: looking for some took an eighth of its time.
gc.set_threshold(100_000, 50, 100)
jobs.prefer_this_python()
fill_from(config, load_configfile(PROJECT / "config.yaml"))
read_plain_words(config)
read_numbers_within(config, workflow.config_settings.config)
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
    RESULTS = targets.results_of(config)
    if config["self_test"] and Path(RESULTS.self_test).exists():
        read_clock_verdict(Path(RESULTS.self_test))
except UserError as error:
    sys.exit(f"error: {error}")

jobs.keep_compiled_code(RESULTS)
SCRIPTS = from_here(PROJECT / "workflow" / "scripts")
SCHEMAS = from_here(PROJECT / "workflow" / "schemas")
SELF_TEST = [RESULTS.self_test] if config["self_test"] else []
# As words of a command.
TIMINGS_DIR = shlex.quote(RESULTS.timings)
PLOTS_DIR = shlex.quote(RESULTS.file("plots"))
TIMING_COMMAND = shlex.quote(f"{SCRIPTS}/comprehensive_timing_benchmark.py")
ANY_SHARD = shards.PlannedShard("{pair}", "{dataset}", "{subject}", results=RESULTS)
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
MANIFEST = f"{RESULTS}/shards.tsv"
MERGED = (
    f"{RESULTS}/timings.parquet",
    f"{RESULTS}/errors.tsv",
    f"{RESULTS}/coverage.tsv",
)
FAILED_JOBS = failed_jobs.FailedJobs(SHARDS)
logger.addHandler(FAILED_JOBS)
if workflow.is_main_process:
    console.talk_less(logger.handlers)
    logger.addHandler(console.Steps())
# Of a module Snakemake does not call onstart.
IS_MODULE = not workflow.modifier.is_main_snakefile()
TIMING_CODE = inputs.timing_code_digest(config)
# As a person would name them; later ones lie over earlier ones.
CONFIG_FILES = inputs.config_files(workflow.configfiles, workflow.overwrite_configfiles)
TABLES = targets.table_files(config)
FIGURES = targets.figure_files(config)
# Besides tables, what the last lines of a run are read from.
CLOSING_FILES = ("bottlenecks.tsv", "report.html")


def table(name):
    """A table of the results, which Snakemake's report shows, too."""
    path = RESULTS.file(name)
    return report(path, **report_items.table(path))


def figure(name, caption=None):
    """A figure, alike."""
    path = RESULTS.file(f"plots/{name}")
    return report(path, **report_items.figure(path, caption))


def remake_missing(wildcards):
    """No input: what is missing behind a result that is there is made again, where a target needs it.

    Asked when jobs are planned, after all rules are known and before it is decided which of them run.
    """
    workflow.dag.forcefiles.update(missing.unnoticed(workflow.rules))
    if IS_MODULE:
        begin()
    return []


def of_every_shard(function):
    """A function that Snakemake calls for every shard: what it takes is found out once, not each time."""
    function.__signature__ = inspect.signature(function)
    return function


@of_every_shard
def rows_of(wildcards):
    """Files of rows that a shard is timed on."""
    return shard_rows(wildcards.dataset, split_chunk_name(wildcards.subject)[0])


@of_every_shard
def cards_of(wildcards):
    """What else a shard is timed on, as a value that changes with it."""
    subject, _ = split_chunk_name(wildcards.subject)
    return shard_cards(wildcards.pair, wildcards.dataset, subject)


@of_every_shard
def flags_of(wildcards):
    """The timing command's flags, but for pair and data set."""
    subject, chunk = split_chunk_name(wildcards.subject)
    return f"--subject {shlex.quote(subject)} {timing_flags(wildcards.dataset, chunk)}"


@of_every_shard
def priority_of(wildcards):
    """Shards of one pair follow each other: it is loaded once."""
    return jobs.priority_of(wildcards.pair, config)


@of_every_shard
def shard_mem_mb(wildcards, attempt):
    """Tried again, a shard asks for more."""
    return attempt * config["resources"]["mem_mb"]


@of_every_shard
def shard_minutes(wildcards, attempt):
    """Tried again, a shard asks for more, up to the longest allowed."""
    return jobs.runtime_minutes(config, attempt)


@functools.cache
def shard_rows(dataset, subject):
    """The same for all pairs and chunks."""
    return inputs.shard_rows(dataset, subject, config)


@functools.cache
def shard_cards(pair, dataset, subject):
    """The same for all chunks; rows under names that cannot be inputs are among it."""
    files = inputs.shard_cards(pair, dataset, subject, config)
    return [inputs.digest(files), *inputs.unlisted_rows(dataset, config)]


@functools.cache
def timing_flags(dataset, chunk):
    """The same for all pairs and subjects."""
    return jobs.timing_flags(dataset, config, chunk)


def begin():
    """What a run needs before its first job."""
    if not workflow.is_main_process or workflow.dryrun:
        return
    shards.write_manifest(SHARDS, RESULTS)
    jobs.offer_worker(config, workflow.local_exec)
    jobs.show_progress(workflow.local_exec)


def closing_lines():
    """What a run says at its end: what is there, the answer, what it took."""
    made = {Path(path).name for path in [*TABLES, *CLOSING_FILES]}
    return [
        RUN_COST.shards_line(map(Path, SHARD_FILES)),
        *answer_lines(Path(RESULTS.path), made, map(Path, SHARD_FILES)),
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
