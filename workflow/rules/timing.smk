"""Timing: one shard is one pair on one subject of one data set."""


rule time_shard:
    """Time every sample of a shard."""
    input:
        script=f"{SCRIPTS}/comprehensive_timing_benchmark.py",
        code=plan.timing_code(config),
        # Made before anything is timed; a later self-test times nothing again.
        self_test=ancient(SELF_TEST),
        cards=lambda wildcards: plan.shard_inputs(
            wildcards.pair, wildcards.dataset, wildcards.subject, config
        ),
    output:
        timing="results/timings/{pair}/{dataset}_{subject}_timing.jsonl",
        errors="results/timings/{pair}/{dataset}_{subject}_errors.jsonl",
        run="results/timings/{pair}/{dataset}_{subject}_run.json",
    log:
        "results/logs/time_shard/{pair}/{dataset}_{subject}.log",
    benchmark:
        "results/benchmarks/time_shard/{pair}/{dataset}_{subject}.jsonl"
    conda:
        "../../envs/timing.yaml"
    threads: config["resources"]["threads"]
    resources:
        mem_mb=lambda wildcards, attempt: attempt * config["resources"]["mem_mb"],
        runtime=lambda wildcards, attempt: plan.runtime_minutes(config, attempt),
        gpu=config["resources"]["gpus"],
        # Shards that share a machine would disturb each other's times.
        stopwatch=1,
    params:
        flags=lambda wildcards: plan.timing_flags(wildcards.dataset, config),
        # Not used below, but another number of threads means other times.
        threads=config["resources"]["threads"],
    shell:
        "python {input.script:q}"
        " --pair {wildcards.pair:q}"
        " --dataset {wildcards.dataset:q}"
        " --subject {wildcards.subject:q}"
        " --output_dir results/timings"
        " {params.flags}"
        " > {log:q} 2>&1"
