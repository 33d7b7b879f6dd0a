"""Runs through a real SLURM cluster of one node with two made-up GPUs, by profiles/slurm itself.

All in one file: one worker owns the cluster. Two runs go on at once, since one of them mostly waits.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
import yaml
from default_config import DEFAULT
from patience import PATIENCE
from pipeline_runs import copy_project
from warm_python import warm_python

from c2c_timing.planning.shards import PlannedShard, plan_shards

HERE = Path(__file__).resolve().parent
SKIP = 77
# The default run, with fewer data sets and samples. --config comes last: it takes all that follows.
SOUND = {**DEFAULT, "datasets": ["mmlu", "ai2-arc"]}
QUICK = [
    "--config",
    "num_samples=2",
    "max_new_tokens=2",
    "self_test=false",
    f"datasets={SOUND['datasets']}",
]
FAULTY = {
    "datasets": ["gsm8k", "math-500", "openbookqa", "ai2-arc"],
    "num_samples": 3,
    "max_new_tokens": 2,
    "self_test": False,
    "resources": {"mem_mb": 1000, "gpus": 1},
}
# A table of the records, and one that waits for the device's own limits, too.
SUMMARY, FLOORS = "results/summary.tsv", "results/bottlenecks.tsv"
FAULTS = {
    "gsm8k_main": {"fails": 1},
    "math-500_main": {"fails": 99},
    "openbookqa_main": {"hangs": 1, "hangs_after_samples": 2},
}
# Snakemake, whose jobs are run by the Python that is named first.
COORDINATOR = "import sys; sys.executable = sys.argv.pop(1); from snakemake.cli import main; main()"
pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module", autouse=True)
def cluster():
    done = subprocess.run(
        [HERE / "cluster", "start"], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    if done.returncode == SKIP:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    yield
    subprocess.run([HERE / "cluster", "stop"], check=True, timeout=PATIENCE)


class Run:
    """A coordinator of the profile, started at once; what it says goes to a file.

    Its jobs are run by a Python that need not import for long: SLURM's signals end its client, and what
    ran for it is killed (``shard/test_resume.py`` has a command that is asked to end).
    """

    def __init__(self, project: Path, *words: str) -> None:
        self.log = project / f"coordinator-{time.monotonic_ns()}.log"
        command = [
            sys.executable, "-c", COORDINATOR, str(warm_python().bin / "python"),
            "--workflow-profile", "profiles/slurm",
            "--slurm-init-seconds-before-status-checks", "1", "--retries", "1", *words,
        ]  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=project, stdout=log, stderr=log)

    def finish(self) -> Run:
        self.code = self.process.wait(timeout=PATIENCE)
        return self

    @property
    def text(self) -> str:
        return self.log.read_text()

    def jobs(self) -> pd.DataFrame:
        """Its jobs as SLURM remembers them: number, state, start, end, what (rule and wildcards)."""
        name = re.search(r"SLURM run ID: (\S+)", self.text)[1]
        assert name.startswith("c2c-timing_")
        rows = ask("squeue", "--states=all", f"--name={name}", "--format=%i|%T|%S|%e|%k")
        table = pd.DataFrame(rows, columns=["number", "state", "start", "end", "what"])
        submitted = re.findall(r"has been submitted with SLURM jobid (\d+)", self.text)
        assert sorted(table["number"]) == sorted(submitted)
        return table


def ask(*command: str) -> list[list[str]]:
    done = subprocess.run([*command, "--noheader"], capture_output=True, text=True, check=True)
    return [line.split("|") for line in done.stdout.splitlines()]


def timing_job(shard: PlannedShard) -> str:
    return f"rule_time_shard_wildcards_{shard.pair}_{shard.dataset}_{shard.subject}"


def attempts(run: Run, dataset: str) -> pd.DataFrame:
    """The jobs of the one shard of a data set, first attempt first."""
    jobs = run.jobs()
    mine = jobs[jobs["what"] == timing_job(PlannedShard("tiny", dataset, "main"))]
    return mine.sort_values("number", key=lambda numbers: numbers.astype(int))


def timing_and_other_jobs(run: Run) -> tuple[list[str], list[str]]:
    what = sorted(run.jobs()["what"])
    timing = [job for job in what if job.startswith("rule_time_shard_")]
    return timing, [job for job in what if job not in timing]


def calls(project: Path, shard: str) -> list[dict]:
    return [json.loads(line) for line in (project / "calls" / f"{shard}.jsonl").open()]


def record_ids(project: Path, shard: str) -> list[str]:
    path = project / "results" / "timings" / "tiny" / f"{shard}_timing.jsonl"
    return [json.loads(line)["id"] for line in path.open()]


@pytest.fixture(scope="module")
def begun(cluster, tmp_path_factory):
    """A run with faults, one GPU a shard, and a sound one, both under way."""
    folder = tmp_path_factory.mktemp("cluster")
    faulty, sound = (copy_project(folder / name) for name in ("faulty", "sound"))
    scripts = faulty / "workflow" / "scripts"
    command = scripts / "comprehensive_timing_benchmark.py"
    command.rename(scripts / "true_benchmark.py")
    shutil.copy(HERE / "faulty_benchmark.py", command)
    (faulty / "faults.json").write_text(json.dumps(FAULTS))
    (faulty / "faulty.yaml").write_text(yaml.safe_dump(FAULTY))
    runs = {
        "faulty": (faulty, Run(faulty, SUMMARY, "--configfile", "faulty.yaml")),
        "sound": (sound, Run(sound, SUMMARY, FLOORS, *QUICK)),
    }
    yield runs
    for _, run in runs.values():
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


@pytest.fixture(scope="module")
def sound(begun):
    project, run = begun["sound"]
    return project, run.finish()


@pytest.fixture(scope="module")
def faulty(begun):
    project, run = begun["faulty"]
    return project, run.finish()


def test_one_cluster_at_a_time(begun):
    """Another caller is refused, and disturbs nothing: the tests after this one go on."""
    command = f'"{HERE / "cluster"}" start; exit $?'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == SKIP
    assert "one runs already" in done.stderr


def test_a_run_goes_through_the_queue(sound):
    project, run = sound
    assert run.code == 0, run.text
    shards = plan_shards(SOUND)
    timing, others = timing_and_other_jobs(run)
    assert timing == sorted(map(timing_job, shards))
    assert {"rule_merge_timings", "rule_summarize_timings", "rule_measure_device"} <= set(others)
    assert set(run.jobs()["state"]) == {"COMPLETED"}
    summary = pd.read_csv(project / SUMMARY, sep="\t")
    assert len(summary) == len(shards)
    assert summary["count"].between(1, 2).all()
    assert (project / FLOORS).is_file()
    assert list((project / "results" / "logs" / "slurm").rglob("*.log")) == []


class SecondCall:
    """Three shards are deleted; the coordinator that makes them again is killed; then a third call."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.deleted = plan_shards(SOUND)[2:5]
        for shard in self.deleted:
            (project / shard.timing_file).unlink()
        # Jobs that last until they are cancelled; what was finished with other settings is left alone.
        self.dead = Run(project, "--rerun-triggers", "mtime", *QUICK, "repeats=10000")
        self.running = []
        while len(self.running) < 3:
            assert self.dead.process.poll() is None, self.dead.text
            rows = ask("squeue", "--states=running", "--format=%i|%Z")
            self.running = sorted(number for number, where in rows if where == str(project))
            time.sleep(0.2)
        self.dead.process.send_signal(signal.SIGKILL)
        self.dead.process.wait()
        self.found = self.slurm_jobs(project)
        self.found_elsewhere = self.slurm_jobs(project / "results")
        self.while_locked = Run(project, *QUICK).finish()
        self.cancelled = self.slurm_jobs(project, "--cancel")
        assert Run(project, "--unlock").finish().code == 0
        self.last = Run(project, SUMMARY, FLOORS, *QUICK).finish()

    def slurm_jobs(self, folder: Path, *words: str) -> str:
        command = [sys.executable, self.project / "workflow/scripts/slurm_jobs.py", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return done.stdout


@pytest.fixture(scope="module")
def second(sound):
    project, _ = sound
    return SecondCall(project)


def test_after_deleting_three_shards_only_they_and_what_depends_on_them_are_submitted(
    sound, second
):
    assert second.last.code == 0, second.last.text
    timing, others = timing_and_other_jobs(second.last)
    assert timing == sorted(map(timing_job, second.deleted))
    # Tables depend on every shard, the device's own limits on none.
    everything = timing_and_other_jobs(sound[1])[1]
    assert others == [job for job in everything if job != "rule_measure_device"]
    for shard in second.deleted:
        ids = record_ids(second.project, f"{shard.dataset}_{shard.subject}")
        assert len(ids) == len(set(ids)) == 2


def test_jobs_of_a_dead_coordinator_are_found_and_cancelled_and_not_run_twice(second):
    assert all(timing_job(shard) in second.found for shard in second.deleted)
    assert f"3 jobs of {second.project}" in second.found
    assert "0 jobs" in second.found_elsewhere
    assert second.while_locked.code == 1
    assert "--unlock" in second.while_locked.text
    assert "none is left in the queue" in second.cancelled
    jobs = second.dead.jobs()
    assert sorted(jobs["number"]) == second.running
    assert set(jobs["state"]) == {"CANCELLED"}


def test_a_shard_that_fails_once_succeeds_when_it_is_tried_again(faulty):
    project, run = faulty
    assert [call["attempt"] for call in calls(project, "gsm8k_main")] == [1, 2]
    assert len(record_ids(project, "gsm8k_main")) == 3
    assert attempts(run, "gsm8k")["state"].tolist() == ["FAILED", "COMPLETED"]


def test_a_shard_that_always_fails_leaves_the_others_alone_and_is_told_at_the_end(faulty):
    project, run = faulty
    assert run.code == 1
    assert len(calls(project, "math-500_main")) == 2
    for shard in ("ai2-arc_ARC-Easy", "ai2-arc_ARC-Challenge", "gsm8k_main", "openbookqa_main"):
        assert len(record_ids(project, shard)) == 3
    lines = run.text.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("1 job failed"))
    assert "tiny/math-500/main  made to fail in attempt 2" in lines[first + 1]
    assert lines[first + 1].endswith("results/logs/time_shard/tiny/math-500_main.log")
    assert not (project / SUMMARY).exists()
    # SLURM's own word is kept of what failed, and of nothing else.
    kept = {path.parent.name for path in project.glob("results/logs/slurm/*/*/*.log")}
    assert kept == {"tiny_math-500_main", "tiny_gsm8k_main", "tiny_openbookqa_main"}


def test_a_shard_killed_by_walltime_resumes_from_its_journal(faulty):
    """Killed after two of three samples; the second attempt times the third, and no other."""
    project, run = faulty
    mine = attempts(run, "openbookqa")
    assert mine["state"].tolist() == ["TIMEOUT", "COMPLETED"]
    assert "SLURM status is: 'TIMEOUT'" in run.text
    limits = [ask("squeue", "--states=all", f"--job={n}", "--format=%l") for n in mine["number"]]
    assert limits == [[["1:00"]], [["2:00:00"]]]
    path = project / "results" / "timings" / "tiny" / "openbookqa_main_timing.jsonl"
    records = [json.loads(line) for line in path.open()]
    assert len({record["id"] for record in records}) == 3
    assert [record["attempt"] for record in records] == [1, 1, 2]


def test_jobs_keep_to_the_two_gpus_and_share_none(faulty):
    project, run = faulty
    jobs = run.jobs().set_index("number")
    devices = {
        call["job"]: call["devices"]
        for path in (project / "calls").glob("*.jsonl")
        for call in calls(project, path.stem)
    }
    assert len(devices) == 8
    assert set(devices.values()) == {"0", "1"}
    together = 0
    for one, other in combinations(devices, 2):
        overlap = max(jobs.loc[one, "start"], jobs.loc[other, "start"]) < min(
            jobs.loc[one, "end"], jobs.loc[other, "end"]
        )
        together += overlap
        assert not (overlap and devices[one] == devices[other])
    assert together > 0
