"""Merging: all shards into one table, the summary of it, and what it cost to begin."""


rule list_shards:
    """Write the shards' names into a file: a long list of paths does not fit a command line."""
    input:
        # Behind every table, figure and report.
        remake_missing,
    output:
        manifest=f"{RESULTS}/shards.tsv",
    log:
        f"{RESULTS}/logs/list_shards.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        shards=shards.manifest_digest(SHARDS),
        # Written when the run began: ten thousand names are too long for any command.
        planned=str(RESULTS.planned_manifest),
    message:
        "List the shards"
    shell:
        "cp {params.planned:q} {output.manifest:q} 2> {log:q}"


rule merge_timings:
    """Put all records into one Parquet file, and all failures into one table."""
    input:
        script=f"{SCRIPTS}/merge_timings.py",
        code=inputs.command_code("merge_timings.py"),
        schema=f"{SCHEMAS}/record.schema.yaml",
        manifest=MANIFEST,
        shards=SHARD_FILES,
        failed=ERROR_FILES,
        runs=RUN_FILES,
    output:
        timings=f"{RESULTS}/timings.parquet",
        errors=table("errors.tsv"),
        coverage=table("coverage.tsv"),
    log:
        f"{RESULTS}/logs/merge_timings.log",
    benchmark:
        f"{RESULTS}/benchmarks/merge_timings.jsonl"
    conda:
        "../../envs/analysis.yaml"
    # Half as long with two: one puts together what the other reads.
    threads: 2
    resources:
        **SMALL_JOB,
    params:
        allow_missing="--allow-missing" if config["allow_missing"] else "",
        settings=lambda wildcards: json.dumps(
            jobs.wanted_settings(config), sort_keys=True
        ),
    message:
        "Merge the records of all shards"
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        f" --timings-dir {TIMINGS_DIR}"
        " {params.allow_missing}"
        " --settings {params.settings:q}"
        " --output {output.timings:q}"
        " --errors-output {output.errors:q}"
        " --coverage-output {output.coverage:q}"
        " --threads {threads}"
        " > {log:q} 2>&1"


rule summarize_timings:
    """One row per pair, method, runtime, data set and subject."""
    input:
        script=f"{SCRIPTS}/summarize_timings.py",
        code=inputs.command_code("summarize_timings.py"),
        manifest=MANIFEST,
        timings=MERGED[0],
        errors=MERGED[1],
        coverage=MERGED[2],
    output:
        summary=table("summary.tsv"),
        full=table("summary_full.tsv"),
    log:
        f"{RESULTS}/logs/summarize_timings.log",
    benchmark:
        f"{RESULTS}/benchmarks/summarize_timings.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    message:
        "Summarise the records"
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        f" --timings-dir {TIMINGS_DIR}"
        " --timings {input.timings:q}"
        " --errors {input.errors:q}"
        " --coverage {input.coverage:q}"
        " --output {output.summary:q}"
        " --full-output {output.full:q}"
        " > {log:q} 2>&1"


rule write_cold_start:
    """What it costs to begin, and after how many requests it has paid."""
    input:
        script=f"{SCRIPTS}/write_cold_start.py",
        code=inputs.command_code("write_cold_start.py"),
        manifest=MANIFEST,
        timings=MERGED[0],
    output:
        coldstart=table("coldstart.tsv"),
    log:
        f"{RESULTS}/logs/write_cold_start.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_cold_start.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    message:
        "Write what it costs to begin"
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        f" --timings-dir {TIMINGS_DIR}"
        " --timings {input.timings:q}"
        " --output {output.coldstart:q}"
        " > {log:q} 2>&1"
