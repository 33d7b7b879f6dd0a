"""Where the time goes when two language models talk through their KV caches."""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "workflow/rules/common.smk"


rule all:
    """Everything: shards, tables, floors, figures, report."""
    default_target: True
    input:
        SHARD_FILES,
        TABLES,
        "results/device.json",
        "results/bottlenecks.tsv",
        FIGURES,
        "results/report.html",
    message:
        "All is made"


# A rule that could make an existing file anew would hold up, or repeat, every shard behind it.
if not Path(targets.SELF_TEST).exists():

    include: "workflow/rules/self_test.smk"


include: "workflow/rules/timing.smk"
include: "workflow/rules/merge.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/device.smk"
include: "workflow/rules/figures.smk"


onstart:
    if workflow.is_main_process:
        shards.write_manifest(SHARDS)
        jobs.offer_worker(config, workflow.local_exec)
        jobs.show_progress(workflow.local_exec)


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
