"""What a run prints while it runs: a line a job, and how far it is."""

from __future__ import annotations

import io
import logging
import re
import sys

from folders import ROOT

from c2c_timing.planning import console


def test_the_talk_before_every_job_is_left_out_of_the_console_alone(monkeypatch):
    shown, kept = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    logger = logging.getLogger("test_console")
    logger.setLevel(logging.INFO)
    for stream in (shown, kept):
        logger.addHandler(logging.StreamHandler(stream))
    console.talk_less(logger.handlers)
    logger.info("Select jobs to execute...")
    logger.info("Execute 1 jobs...", extra={"event": "job_started"})
    logger.info("Job 1: Time it")
    assert shown.getvalue() == "Job 1: Time it\n"
    assert len(kept.getvalue().splitlines()) == 3


def test_steps_are_told_now_and_then(monkeypatch, capsys):
    def emit(event):
        steps.emit(logging.makeLogRecord({"event": event, "done": 3, "total": 9}))

    steps = console.Steps()
    emit("progress")
    assert capsys.readouterr().err == "", "not at once"
    monkeypatch.setattr(console, "STEPS_SECONDS", 0.0)
    emit("job_info")
    emit("progress")
    assert capsys.readouterr().err == "3 of 9 steps done\n"


def test_every_rule_has_a_message():
    for path in [ROOT / "Snakefile", *sorted((ROOT / "workflow" / "rules").glob("*.smk"))]:
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            assert re.search(r"^    message:\n", rule, re.MULTILINE), (
                f"{path.name}: {rule.split(':')[0]}"
            )
