"""Merging: all shards into one table, and the summary of it."""


rule list_shards:
    """Write the shards' paths into a file: a long list does not fit a command line."""
    output:
        manifest="results/shards.txt",
    log:
        "results/logs/list_shards.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        paths="\n".join(SHARD_FILES),
    shell:
        "printf '%s\\n' {params.paths:q} > {output.manifest:q} 2> {log:q}"


rule merge_timings:
    """Put all records into one Parquet file, and all failures into one table."""
    input:
        script=f"{SCRIPTS}/merge_timings.py",
        code=plan.analysis_code(),
        schema="workflow/schemas/record.schema.yaml",
        manifest=rules.list_shards.output.manifest,
        shards=SHARD_FILES,
    output:
        timings="results/timings.parquet",
        errors="results/errors.tsv",
    log:
        "results/logs/merge_timings.log",
    benchmark:
        "results/benchmarks/merge_timings.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, attempt: attempt * 15,
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        " --output {output.timings:q}"
        " --errors-output {output.errors:q}"
        " > {log:q} 2>&1"


rule summarize_timings:
    """One row per pair, method, runtime, data set and subject."""
    input:
        script=f"{SCRIPTS}/summarize_timings.py",
        code=plan.analysis_code(),
        manifest=rules.list_shards.output.manifest,
        runs=[shard.run_file for shard in SHARDS],
        timings=rules.merge_timings.output.timings,
        errors=rules.merge_timings.output.errors,
    output:
        summary="results/summary.tsv",
    log:
        "results/logs/summarize_timings.log",
    benchmark:
        "results/benchmarks/summarize_timings.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: attempt * 2000,
        runtime=lambda wildcards, attempt: attempt * 15,
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        " --timings {input.timings:q}"
        " --errors {input.errors:q}"
        " --output {output.summary:q}"
        " > {log:q} 2>&1"
