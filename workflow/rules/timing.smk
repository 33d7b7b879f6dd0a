"""Timing: one shard is one pair on one subject of one data set, or on a chunk of it."""


rule time_shard:
    """Time every sample of a shard."""
    input:
        # Made before anything is timed; a later self-test times nothing again.
        self_test=ancient(SELF_TEST),
        rows=rows_of,
    output:
        timing=ANY_SHARD.timing_file,
        errors=ANY_SHARD.errors_file,
        run=ANY_SHARD.run_file,
    log:
        ANY_SHARD.log,
    benchmark:
        ANY_SHARD.benchmark
    priority: priority_of
    conda:
        "../../envs/timing.yaml"
    threads: config["resources"]["threads"]
    resources:
        mem_mb=shard_mem_mb,
        runtime=shard_minutes,
        gpu=config["resources"]["gpus"],
        # Shards that share a machine would disturb each other's times.
        stopwatch=1,
    params:
        flags=flags_of,
        # None of these is used below. Code, but for the command itself: what that does beside timing
        # may change without a new time.
        code=TIMING_CODE,
        # Cards, templates, shapes: as inputs they would be looked at for every shard.
        cards=cards_of,
        # And another number of threads means other times.
        threads=config["resources"]["threads"],
    message:
        "Time {wildcards.pair} on {wildcards.dataset}, {wildcards.subject}"
    shell:
        f"python {TIMING_COMMAND}"
        " --pair {wildcards.pair:q}"
        " --dataset {wildcards.dataset:q}"
        f" --output_dir {TIMINGS_DIR}"
        " {params.flags}"
        " > {log:q} 2>&1"
