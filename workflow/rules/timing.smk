"""Timing: one shard is one pair on one subject of one data set, or on a chunk of it."""


rule time_shard:
    """Time every sample of a shard."""
    input:
        # Made before anything is timed; a later self-test times nothing again.
        self_test=ancient(SELF_TEST),
        cards=lambda wildcards: inputs.shard_inputs(
            wildcards.pair,
            wildcards.dataset,
            split_chunk_name(wildcards.subject)[0],
            config,
        ),
    output:
        timing=ANY_SHARD.timing_file,
        errors=ANY_SHARD.errors_file,
        run=ANY_SHARD.run_file,
    log:
        ANY_SHARD.log,
    benchmark:
        ANY_SHARD.benchmark
    # Shards of one pair follow each other: it is loaded once.
    priority: lambda wildcards: jobs.priority_of(wildcards.pair, config)
    conda:
        "../../envs/timing.yaml"
    threads: config["resources"]["threads"]
    resources:
        mem_mb=lambda wildcards, attempt: attempt * config["resources"]["mem_mb"],
        runtime=lambda wildcards, attempt: jobs.runtime_minutes(config, attempt),
        gpu=config["resources"]["gpus"],
        # Shards that share a machine would disturb each other's times.
        stopwatch=1,
    params:
        subject=lambda wildcards: split_chunk_name(wildcards.subject)[0],
        flags=lambda wildcards: flags_of(
            wildcards.dataset, split_chunk_name(wildcards.subject)[1]
        ),
        # None of these is used below. Code, but for the command itself: what that does beside timing
        # may change without a new time.
        code=TIMING_CODE,
        # Rows under names that cannot be inputs:
        rows=lambda wildcards: inputs.unlisted_rows(wildcards.dataset, config),
        # And another number of threads means other times.
        threads=config["resources"]["threads"],
    message:
        "Time {wildcards.pair} on {wildcards.dataset}, {wildcards.subject}"
    shell:
        f"python {SCRIPTS}/comprehensive_timing_benchmark.py"
        " --pair {wildcards.pair:q}"
        " --dataset {wildcards.dataset:q}"
        " --subject {params.subject:q}"
        f" --output_dir {TIMINGS}"
        " {params.flags}"
        " > {log:q} 2>&1"
