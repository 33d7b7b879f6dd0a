"""Figures and the report, from the merged records alone."""


rule plot_timings:
    """Draw the figures of the config's methods and runtimes, as PNG and SVG, in one process."""
    input:
        script=f"{SCRIPTS}/plot_timings.py",
        code=inputs.command_code("plot_timings.py"),
        timings=rules.merge_timings.output.timings,
    output:
        [
            figure(f"{name}.{end}")
            for name in targets.figure_names(config)
            for end in targets.FORMATS
        ],
    log:
        f"{RESULTS}/logs/plot_timings.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_timings.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    params:
        figures=targets.figure_names(config),
        pairs=config["pairs"],
        margin=config["margin"],
    message:
        "Draw the figures"
    shell:
        "python {input.script:q}"
        " --figures {params.figures:q}"
        " --margin {params.margin}"
        " --timings {input.timings:q}"
        " --pairs_first {params.pairs:q}"
        f" --folder {PLOTS_DIR}"
        " > {log:q} 2>&1"


rule plot_on_request:
    """Draw one figure that is none of the config's own."""
    input:
        script=f"{SCRIPTS}/plot_timings.py",
        code=inputs.command_code("plot_timings.py"),
        timings=rules.merge_timings.output.timings,
    output:
        png=figure("{figure}.png", "on_request"),
        svg=figure("{figure}.svg", "on_request"),
    log:
        f"{RESULTS}/logs/plot_timings/{{figure}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/plot_timings/{{figure}}.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    params:
        pairs=config["pairs"],
        margin=config["margin"],
    message:
        "Draw {wildcards.figure}"
    shell:
        "python {input.script:q}"
        " --figure {wildcards.figure:q}"
        " --margin {params.margin}"
        " --timings {input.timings:q}"
        " --pairs_first {params.pairs:q}"
        " --png {output.png:q}"
        " --svg {output.svg:q}"
        " > {log:q} 2>&1"


rule write_report:
    """One page that is readable offline."""
    input:
        script=f"{SCRIPTS}/write_report.py",
        code=inputs.command_code("write_report.py"),
        templates=inputs.library_folder("analysis/templates"),
        captions=inputs.workflow_folder("report/figures"),
        manifest=MANIFEST,
        runs=RUN_FILES,
        timings=MERGED[0],
        errors=MERGED[1],
        coverage=MERGED[2],
        # With what the marks rest on, which the short one leaves out.
        summary=f"{RESULTS}/summary_full.tsv",
        bottlenecks=f"{RESULTS}/bottlenecks.tsv",
        coldstart=f"{RESULTS}/coldstart.tsv",
        device=f"{RESULTS}/device.json",
        self_test=ancient(SELF_TEST),
        figures=FIGURES,
        tables=TABLES,
    output:
        report=report(
            f"{RESULTS}/report.html", **report_items.page(f"{RESULTS}/report.html")
        ),
    log:
        f"{RESULTS}/logs/write_report.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_report.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    params:
        comparison=targets.comparison_flags(config),
        margin=config["margin"],
        pairs=config["pairs"],
        # This config's own: what another one left in the folder of plots is none of this run.
        figures=[path for path in FIGURES if path.endswith(".svg")],
        configs=CONFIG_FILES,
        self_test=(
            f"--self-test {shlex.quote(RESULTS.self_test)}"
            if config["self_test"]
            else ""
        ),
    message:
        "Write the report"
    shell:
        "python {input.script:q}"
        " --timings {input.timings:q}"
        " --errors {input.errors:q}"
        " --coverage {input.coverage:q}"
        " --summary {input.summary:q}"
        " --bottlenecks {input.bottlenecks:q}"
        " --coldstart {input.coldstart:q}"
        " --margin {params.margin}"
        " --pairs_first {params.pairs:q}"
        " --device {input.device:q}"
        " --manifest {input.manifest:q}"
        f" --timings-dir {TIMINGS_DIR}"
        " --config-files {params.configs:q}"
        " {params.self_test}"
        " {params.comparison}"
        " --figures {params.figures:q}"
        " --output {output.report:q}"
        " > {log:q} 2>&1"
