from __future__ import annotations

import logging
import os

import pytest

from c2c_timing.planning.failed_jobs import REASON_WIDTH, FailedJobs, missing_report
from c2c_timing.planning.shards import PlannedShard

SHARDS = [
    PlannedShard("tiny", "gsm8k", "main"),
    PlannedShard("tiny", "mmlu", "high_school_physics"),
]
SLURM = "SLURM-job '7' failed, SLURM status is: '{}'. Detailed failure reason unavailable."


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run in an empty folder: its failed jobs, and a way to let one fail."""
    monkeypatch.chdir(tmp_path)
    jobs = FailedJobs(SHARDS)

    def fail(shard=SHARDS[0], message=None, log=None, rule="time_shard", jobid=1, output=None):
        path = tmp_path / shard.log
        if log is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(log)
        record = logging.makeLogRecord({
            "event": "job_error", "jobid": jobid, "rule_name": rule, "rule_msg": message,
            "output": [output or shard.timing_file], "log": [shard.log, "slurm.log"],
        })  # fmt: skip
        jobs.emit(record)

    return jobs, fail


@pytest.mark.parametrize(("message", "log", "reason"), [
    (None, b"9/10\nerror: first\nerror: no rows\n", "no rows"),
    (SLURM.format("FAILED"), b"error: no rows\n", "no rows"),
    (SLURM.format("TIMEOUT"), b"9/10\n", "TIMEOUT: its time was up (raise resources.runtime_minutes)"),
    (SLURM.format("OUT_OF_MEMORY"), None, "OUT_OF_MEMORY: it needed more memory"),
    ("SLURM sbatch failed. The error message was 'sbatch: error: invalid\npartition'.\n", None,
     "not submitted: sbatch: error: invalid partition"),
    (None, b"Traceback\nValueError: torn \xff\n", "its log's last line: ValueError: torn"),
    (None, b"", "it ended without a word in its log (killed?)"),
    (None, None, "it ended without a word in its log (killed?)"),
    (None, b"error: " + b"x" * 500 + b"\n", "x" * (REASON_WIDTH - 1) + "…"),
    (None, b"9/10\r" * 100_000 + b"\nerror: late\n", "late"),
])  # fmt: skip
def test_the_reason_is_what_ended_it(run, message, log, reason):
    jobs, fail = run
    fail(message=message, log=log)
    title, line = jobs.report().splitlines()
    assert title.startswith("1 job failed")
    assert line.startswith("  tiny/gsm8k/main  ")
    assert reason in line
    assert (SHARDS[0].log in line) == (log is not None)


def test_only_the_last_attempt_counts_and_success_at_last_is_no_failure(run, tmp_path):
    jobs, fail = run
    fail(log=b"error: first\n")
    fail(log=b"error: second\n")
    fail(SHARDS[1], jobid=2)
    assert "second" in jobs.report()
    assert "first" not in jobs.report()
    assert len(jobs.report().splitlines()) == 3
    path = tmp_path / SHARDS[0].timing_file
    path.parent.mkdir(parents=True)
    path.touch()
    assert "gsm8k" not in jobs.report()
    assert "tiny/mmlu/high_school_physics" in jobs.report()


def test_other_jobs_are_named_by_their_rule_and_other_events_are_none(run):
    jobs, fail = run
    jobs.emit(logging.makeLogRecord({"event": "job_info", "jobid": 3}))
    jobs.emit(logging.makeLogRecord({"msg": "no event"}))
    assert jobs.report() == ""
    fail(rule="merge_timings", output="results/timings.parquet")
    assert jobs.report().splitlines()[1].startswith("  merge_timings  ")


def test_killed_and_waiting_are_told_apart_where_snakemake_is_stopped(run, tmp_path):
    jobs, fail = run
    said = jobs.unfinished_report()
    assert said == "2 shards wait, not begun: tiny/gsm8k/main, tiny/mmlu/high_school_physics"
    log = tmp_path / SHARDS[0].log
    log.parent.mkdir(parents=True)
    for text, end in ((b"3/10\n", "killed; its log's last line: 3/10"), (b"", "killed before"),
                      (b"3/10\ninterrupted by SIGINT: 3 of 10 samples are kept\n",
                       "interrupted by SIGINT: 3 of 10 samples are kept")):  # fmt: skip
        log.write_bytes(text)
        title, line, waiting = jobs.unfinished_report().splitlines()
        assert title.startswith("1 shard was killed while running; the same call goes on")
        assert line.startswith("  tiny/gsm8k/main  ") and end in line
        assert waiting == "1 shard waits, not begun: tiny/mmlu/high_school_physics"
    os.utime(log, (1, 1))
    assert jobs.unfinished_report() == said, "an earlier run began it"
    fail(log=b"error: no rows\n")
    assert jobs.unfinished_report() == waiting, "what failed is told elsewhere"
    done = tmp_path / SHARDS[1].timing_file
    done.parent.mkdir(parents=True)
    done.touch()
    assert jobs.unfinished_report() == ""


def test_missing_shards_are_counted_with_what_their_logs_say(run, tmp_path):
    _, fail = run
    fail(log=b"error: no rows\n")
    title, *lines = missing_report(SHARDS).splitlines()
    assert title == "2 of 2 shards are missing:"
    assert "no rows" in lines[0]
    assert "never begun" in lines[1]
    for shard in SHARDS:
        (tmp_path / shard.timing_file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / shard.timing_file).touch()
    assert missing_report(SHARDS) == ""


def test_what_a_signal_ended_is_interrupted_and_did_not_fail(run):
    jobs, fail = run
    fail(SHARDS[0], log=b"1/8\ninterrupted by SIGINT: 1 record is kept\n")
    (title, line) = jobs.report().splitlines()
    assert title == "1 job interrupted; the same call goes on after the last finished sample:"
    assert SHARDS[0].name in line
    fail(SHARDS[1], jobid=2, log=b"error: no rows\n")
    titles = [line for line in jobs.report().splitlines() if not line.startswith(" ")]
    assert [title.split(";")[0] for title in titles] == ["1 job failed", "1 job interrupted"]
