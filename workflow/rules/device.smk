"""Floors: what the device can do at best, and how far each stage is from it."""


rule measure_device:
    """Measure the device of the run, with the shards' own resources."""
    input:
        script=f"{SCRIPTS}/measure_device.py",
        code=inputs.command_code("measure_device.py"),
    output:
        device=table("device.json"),
    log:
        f"{RESULTS}/logs/measure_device.log",
    benchmark:
        f"{RESULTS}/benchmarks/measure_device.jsonl"
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
        # Not used below, but another number of threads means other floors.
        threads=config["resources"]["threads"],
    message:
        "Measure what the device can do at best"
    shell:
        "python {input.script:q}"
        " --device {params.device:q}"
        " --output {output.device:q}"
        " > {log:q} 2>&1"


rule find_bottlenecks:
    """Set every stage's time beside its floor, the largest saving first."""
    input:
        script=f"{SCRIPTS}/find_bottlenecks.py",
        code=inputs.command_code("find_bottlenecks.py"),
        schema=f"{SCHEMAS}/device.schema.yaml",
        manifest=MANIFEST,
        timings=MERGED[0],
        device=f"{RESULTS}/device.json",
    output:
        bottlenecks=table("bottlenecks.tsv"),
    log:
        f"{RESULTS}/logs/find_bottlenecks.log",
    benchmark:
        f"{RESULTS}/benchmarks/find_bottlenecks.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    message:
        "Set every stage beside its floor"
    shell:
        "python {input.script:q}"
        " --manifest {input.manifest:q}"
        f" --timings-dir {TIMINGS_DIR}"
        " --timings {input.timings:q}"
        " --device {input.device:q}"
        " --output {output.bottlenecks:q}"
        " > {log:q} 2>&1"


rule plot_floors:
    """Draw one figure that sets stages beside the device's limits, as PNG and SVG."""
    input:
        script=f"{SCRIPTS}/plot_timings.py",
        code=inputs.command_code("plot_timings.py"),
        bottlenecks=rules.find_bottlenecks.output.bottlenecks,
        device=f"{RESULTS}/device.json",
    output:
        png=figure("{floor_figure}.png", "figures/roofline"),
        svg=figure("{floor_figure}.svg", "figures/roofline"),
    log:
        f"{RESULTS}/logs/plot_floors/{{floor_figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_floors/{{floor_figure}}.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    message:
        "Draw {wildcards.floor_figure}"
    shell:
        "python {input.script:q}"
        " --figure {wildcards.floor_figure:q}"
        " --bottlenecks {input.bottlenecks:q}"
        " --device {input.device:q}"
        " --png {output.png:q}"
        " --svg {output.svg:q}"
        " > {log:q} 2>&1"
