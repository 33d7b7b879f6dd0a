"""Self-test: the clock must find known delays on the device and in the runtimes of the run before anything is timed."""


rule self_test:
    """Test the clock once, with the shards' own resources; there is no such rule once it has passed."""
    input:
        script=f"{SCRIPTS}/self_test.py",
    output:
        report=RESULTS.self_test,
    log:
        f"{RESULTS}/logs/self_test.log",
    benchmark:
        f"{RESULTS}/benchmarks/self_test.jsonl"
    conda:
        "../../envs/timing.yaml"
    threads: config["resources"]["threads"]
    resources:
        mem_mb=lambda wildcards, attempt: attempt * config["resources"]["mem_mb"],
        runtime=lambda wildcards, attempt: attempt * 15,
        gpu=config["resources"]["gpus"],
        # A shard on the same machine would disturb it, and be disturbed.
        stopwatch=1,
    params:
        device=config["device"],
        runtimes=config["runtimes"],
    message:
        "Test the clock: does it find delays of a known length?"
    shell:
        "python {input.script:q}"
        " --device {params.device:q}"
        " --runtimes {params.runtimes:q}"
        " --output {output.report:q}"
        " > {log:q} 2>&1"
