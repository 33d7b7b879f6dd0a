"""Does C2C pay: speed-ups, break-even, ladder, stage table, from the merged records alone."""


rule compare_methods:
    """Compare C2C with every other method on the same samples."""
    input:
        script=f"{SCRIPTS}/compare_methods.py",
        code=inputs.command_code("compare_methods.py"),
        timings=rules.merge_timings.output.timings,
    output:
        speedup=table("speedup.tsv"),
    log:
        f"{RESULTS}/logs/compare_methods.log",
    benchmark:
        f"{RESULTS}/benchmarks/compare_methods.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    params:
        margin=config["margin"],
    message:
        "Compare C2C with the other methods"
    shell:
        "python {input.script:q}"
        " --timings {input.timings:q}"
        " --margin {params.margin}"
        " --output {output.speedup:q}"
        " > {log:q} 2>&1"


rule fit_break_even:
    """Fit the cost of a token in each stage, and the message length at which text costs as much."""
    input:
        script=f"{SCRIPTS}/fit_break_even.py",
        code=inputs.command_code("fit_break_even.py"),
        timings=rules.merge_timings.output.timings,
    output:
        breakeven=table("breakeven.tsv"),
        costs=table("stage_costs.tsv"),
    log:
        f"{RESULTS}/logs/fit_break_even.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit_break_even.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    message:
        "Fit the cost of a token, and where text costs as much"
    shell:
        "python {input.script:q}"
        " --timings {input.timings:q}"
        " --output {output.breakeven:q}"
        " --costs-output {output.costs:q}"
        " > {log:q} 2>&1"


rule write_ladder:
    """Put every method on every runtime side by side, and say where a verdict turns."""
    input:
        script=f"{SCRIPTS}/write_ladder.py",
        code=inputs.command_code("write_ladder.py"),
        timings=rules.merge_timings.output.timings,
    output:
        table=table("ladder.tsv"),
    log:
        f"{RESULTS}/logs/write_ladder.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_ladder.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    params:
        margin=config["margin"],
    message:
        "Set every method on every runtime side by side"
    shell:
        "python {input.script:q}"
        " --timings {input.timings:q}"
        " --margin {params.margin}"
        " --output {output.table:q}"
        " > {log:q} 2>&1"


rule write_stage_table:
    """Put the stages of every method into the shape of the paper's Table 3."""
    input:
        script=f"{SCRIPTS}/write_stage_table.py",
        code=inputs.command_code("write_stage_table.py"),
        published=inputs.library_folder("analysis/published"),
        timings=rules.merge_timings.output.timings,
    output:
        table=table("stage_table.tsv"),
        markdown=table("stage_table.md"),
    log:
        f"{RESULTS}/logs/write_stage_table.log",
    benchmark:
        f"{RESULTS}/benchmarks/write_stage_table.jsonl"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        **SMALL_JOB,
    message:
        "Write the stages in the shape of the paper's table"
    shell:
        "python {input.script:q}"
        " --timings {input.timings:q}"
        " --output {output.table:q}"
        " --markdown {output.markdown:q}"
        " > {log:q} 2>&1"
