"""Planning is done again by every job of a cluster: it must not wait for torch to be imported."""

from __future__ import annotations

import subprocess
import sys

from folders import ROOT, SCRIPTS

HEAVY = {"torch", "transformers", "tokenizers", "datasets", "pandas", "pyarrow", "matplotlib"}
WHOLE_PLAN = f"""
import importlib, pkgutil, sys, yaml
import c2c_timing.planning as room
names = [module.name for module in pkgutil.iter_modules(room.__path__)]
for name in names:
    importlib.import_module("c2c_timing.planning." + name)
from c2c_timing.planning import config as checks, inputs, jobs, shards, targets
from c2c_timing.shard import clock_verdict

config = yaml.safe_load(open("config.yaml")) | {{"audit": True, "methods": ["c2c", "t2t"]}}
checks.read_plain_words(config)
checks.empty_subjects(config, [{{"subjects": {{}}}}])
checks.check_config(config)
planned = shards.plan_shards(config)
shards.wanted_shards(planned, config), shards.vocabulary(), shards.manifest(planned)
for shard in planned:
    assert inputs.shard_inputs(shard.pair, shard.dataset, shard.subject, config)
    assert jobs.timing_flags(shard.dataset, config)
assert inputs.timing_code(config) and inputs.command_code("write_report.py")
assert targets.table_files(config) and targets.figure_files(config)
assert len(names) >= 6 and len(planned) == 155
print(*({HEAVY!r} & set(sys.modules)))
"""


def test_a_whole_plan_imports_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", WHOLE_PLAN], cwd=ROOT, env={"PYTHONPATH": str(SCRIPTS)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("", "")
