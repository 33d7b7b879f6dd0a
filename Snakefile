"""Where the time goes when two language models talk through their KV caches."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# The working directory's, or else this one's; keys that the former does not name are the latter's.
HAS_OWN_CONFIG = Path("config.yaml").exists()


configfile: "config.yaml" if HAS_OWN_CONFIG else f"{workflow.current_basedir}/config.yaml"


# Of a larger workflow the report has words of its own.
if workflow.modifier.is_main_snakefile():

    report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


rule all:
    """Everything: shards, tables, floors, figures, report."""
    default_target: True
    input:
        SHARD_FILES,
        TABLES,
        f"{RESULTS}/device.json",
        f"{RESULTS}/bottlenecks.tsv",
        FIGURES,
        f"{RESULTS}/report.html",
    message:
        "All is made"


# A rule that could make an existing file anew would hold up, or repeat, every shard behind it.
if not Path(RESULTS.self_test).exists():

    include: "workflow/rules/self_test.smk"


include: "workflow/rules/timing.smk"
include: "workflow/rules/merge.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/device.smk"
include: "workflow/rules/figures.smk"


# Of a module Snakemake calls none of these: who uses this one as such, calls them.
onstart:
    begin()


onsuccess:
    if config["allow_missing"]:
        print(failed_jobs.missing_report(SHARDS), file=sys.stderr)
    print(*closing_lines(), sep="\n", file=sys.stderr)


onerror:
    if workflow.is_main_process:
        print(*closing_lines(), sep="\n", file=sys.stderr)
    print(FAILED_JOBS.report(), file=sys.stderr)
    if workflow.is_main_process:
        print(FAILED_JOBS.unfinished_report(), file=sys.stderr)
