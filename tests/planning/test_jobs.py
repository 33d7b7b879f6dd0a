from __future__ import annotations

from default_config import DEFAULT, with_

from c2c_timing.planning.jobs import runtime_minutes, timing_flags


def test_a_job_asks_for_more_time_each_attempt_but_never_for_too_much():
    config = with_(resources={**DEFAULT["resources"], "runtime_minutes": 60})
    assert [runtime_minutes(config, attempt) for attempt in (1, 2, 3)] == [60, 120, 180]
    config["resources"]["max_runtime_minutes"] = 100
    assert [runtime_minutes(config, attempt) for attempt in (1, 2, 3)] == [60, 100, 100]


def test_a_job_of_several_processes_asks_for_the_time_of_all():
    config = with_(processes=3, resources={**DEFAULT["resources"], "runtime_minutes": 60})
    assert [runtime_minutes(config, attempt) for attempt in (1, 2)] == [180, 360]


def test_flags_leave_out_what_is_null_and_what_no_method_reads():
    flags = timing_flags("gsm8k", with_(methods=["base", "c2c"]))
    assert "--methods base c2c --runtimes eager" in flags
    assert "--message_max_tokens" not in flags
    assert "--weights" not in flags
    assert "--audit" not in flags
    assert "--self_test=results/self_test.json" in flags
    assert "--message_max_tokens=256" in timing_flags("gsm8k", with_(methods=["t2t"]))


def test_paths_and_revisions_are_those_of_the_data_set():
    config = with_(data_path={"gsm8k": "my rows"}, revision={"mmlu": "main"}, self_test=False)
    assert "'--data_path=my rows'" in timing_flags("gsm8k", config)
    assert "--data_path" not in timing_flags("mmlu", config)
    assert "--revision=main" in timing_flags("mmlu", config)
    assert "--self_test" not in timing_flags("mmlu", config)
