"""What the columns of each table say, but for statistics of keys."""

from __future__ import annotations

from .column_entries import (
    CONDITIONS,
    DATASET,
    RECORDS,
    SAMPLES,
    SETUP_COLUMN,
    Column,
    common,
    with_ends,
)
from .columns import IDENTITY, SETTING, SETUP, SHARES

PROCESSES = {
    "processes": Column("fresh processes that timed these samples; of one, intervals know nothing of "
                        "others", "count"),
}  # fmt: skip


def summary() -> dict[str, Column]:
    """Of the summary, without its statistics."""
    return {
        **common([*IDENTITY, *SETTING]),
        "count": Column("records of the row; 0: nothing was timed, or all failed", "count"),
        "samples": Column("samples among them; repeats of one are one", "count"),
        "failed": Column("failed samples that count for this method and runtime", "count"),
        "flagged": Column("records whose stages do not add up to the wall time", "count"),
        "prompt_length_median": Column("median of the prompts' lengths", "tokens"),
        "response_length_median": Column("median of the answers' lengths", "tokens"),
        "quality": Column("whether to believe the row: ok, unjudged, or the worst of residual, "
                          "throttled, busy, drifting, unstable"),
        "quality_advice": Column("why not, and what to do about it; empty where the row is ok"),
        "variation": Column("spread of the times beside what each request should have taken: "
                            "coefficient of variation, outliers left out", "share"),
        "drift": Column("change of these times from the first third of the run to the last", "share"),
        "outlier_share": Column("of these times those that lie far out", "share"),
        "flagged_share": Column("flagged / count", "share"),
        "judged": Column("records whose answer could be judged", "count"),
        "accuracy": Column("right answers / judged", "share"),
        "seconds_per_correct_answer": Column("time of all judged requests / right answers", "s"),
        "peak_memory_bytes_max": Column("largest peak_memory_bytes of any request", "bytes"),
        "own_peak_memory_bytes_max": Column("largest peak without what other runtimes hold, with the "
                                            "scratch memory of replayed graphs", "bytes"),
        **{name: Column(f"of the time of all records, the part of: {stage.label}", "share")
           for stage, name in SHARES.items()},
        **PROCESSES,
        SETUP: SETUP_COLUMN,
        "partial": Column("true on all rows where shards of the run are missing"),
    }  # fmt: skip


def speedup() -> dict[str, Column]:
    """Of the comparison."""
    return {
        **common(CONDITIONS),
        "scope": Column("which samples: overall, data set or subject"),
        "dataset": Column("data set; empty where the scope is overall"),
        "subject": Column("subject; empty where the scope is no subject"),
        "method": Column("who is compared"),
        "against": Column("the method it is compared with; with _again the same method's second arm: "
                          "what the instrument makes of no difference at all"),
        "against_runtime": Column("the runtime of the other side"),
        "num_samples": SAMPLES,
        "num_pairs": Column("pairs of requests of one sample and repeat", "count"),
        **with_ends("speedup", "geometric mean over samples of (other time / own time); above 1 the "
                     "row's own method and runtime are faster", "×"),
        "verdict": Column("what the interval of speedup allows to say: same (it lies within the margin), "
                          "faster, slower, or not distinguishable"),
        "samples_to_decide": Column("samples, in all, with which the interval would exclude 1 or lie "
                                    "within the margin, if it narrows as 1/√n around the same ratio; "
                                    "empty where the verdict is told, where there is no interval, and of "
                                    "several processes, whose distance no samples make less", "count"),
        **with_ends("method_speedup", "at natural length: the part of speedup that the method saved, at "
                     "answers of equal length", "×"),
        **with_ends("length_speedup", "at natural length: the part of speedup that a shorter answer "
                     "saved; method_speedup · length_speedup = speedup", "×"),
        **with_ends("median_ratio", "the other's median time / the own one", "×"),
        "median_ms": Column("median of total_time_ms of the own side", "ms"),
        "against_median_ms": Column("the same of the other side", "ms"),
        **PROCESSES,
        "interval_over": Column("what intervals count: samples; or processes and samples, where several "
                                "processes timed them. Those over samples know nothing of how times "
                                "differ from process to process"),
        "confidence": Column("of the intervals: 0.95; with target_interval 1 - 0.05 / possible looks, so "
                             "that 0.95 hold for all looks together", "share"),
    }  # fmt: skip


def changes() -> dict[str, Column]:
    """Of two runs, one beside the other."""
    of_both = "of the requests that are compared"
    return {
        **common([*(name for name in IDENTITY if name != "subject"), *SETTING, SETUP]),
        "part": Column("request: all of it; or one of its stages"),
        "ratio": Column("new time / old time, geometric mean over samples; above 1 the new run is slower",
                        "×"),
        "ratio_low": Column("low end of its interval, at the confidence of the row", "×"),
        "ratio_high": Column("high end of it", "×"),
        "confidence": Column("at which Holm's test of all rows reads this one: where nothing has changed, "
                             "any row says otherwise in 2 of 100 comparisons", "share"),
        "verdict": Column("of the new run, what the interval allows to say: same (it lies within the "
                          "margin), faster, slower, or not distinguishable"),
        "is_beyond_margin": Column("true: slower by more than the margin, by a test of its own; these make "
                                   "the exit code 3"),
        "samples_to_decide": Column("samples, in all, with which the interval would exclude 1 or lie "
                                    "within the margin; empty where the verdict is told, and of several "
                                    "processes, whose distance no samples make less", "count"),
        "compared_as": Column("samples: each with itself, of equal prompts; groups: too few are in both "
                              "runs, and the two are independent"),
        "num_samples": Column("samples that are compared, of the old run", "count"),
        "new_num_samples": Column("the same of the new run", "count"),
        "old_num_processes": Column("processes that timed the old run; of several, the interval is over "
                                    "these, too", "count"),
        "new_num_processes": Column("the same of the new run", "count"),
        "old_median_ms": Column(f"median of the old run's times {of_both}", "ms"),
        "new_median_ms": Column(f"median of the new run's times {of_both}", "ms"),
        "old_answer_tokens": Column(f"median of the old run's answers {of_both}", "tokens"),
        "new_answer_tokens": Column(f"median of the new run's answers {of_both}", "tokens"),
    }  # fmt: skip


def break_even() -> dict[str, Column]:
    """Of break-even lengths."""
    return {
        **common(CONDITIONS),
        **DATASET,
        "num_samples": SAMPLES,
        "prompt_tokens": Column("C2C's prompt at which both are compared: a median", "tokens"),
        "background_tokens": Column("text-to-text's request to the teacher: a median", "tokens"),
        "chat_tokens": Column("text-to-text's prompt of the base without the message: a median",
                              "tokens"),
        "answer_tokens": Column("C2C's answer: a median", "tokens"),
        "message_tokens_seen": Column("the messages that were written: a median", "tokens"),
        "c2c_ms": Column("time of a C2C request at these lengths, from the fitted lines", "ms"),
        "t2t_without_message_ms": Column("the same of text-to-text with an empty message", "ms"),
        "t2t_ms_per_message_token": Column("what each token of the message adds to it", "ms/token"),
        **with_ends("breakeven_message_tokens", "the message length from which on C2C costs less; "
                     "below 0 at any length; empty where it cannot be told", "tokens"),
        "finding": Column("the break-even in words"),
    }  # fmt: skip


def stage_costs() -> dict[str, Column]:
    """Of the fitted lines."""
    return {
        **common([*CONDITIONS, "method"]),
        "stage": Column("stage of a request"),
        "num_samples": SAMPLES,
        "num_records": RECORDS,
        "tokens_min": Column("least tokens seen", "tokens"),
        "tokens_max": Column("most tokens seen", "tokens"),
        **with_ends(
            "a_ms", "a of time = a + b · tokens: what the stage costs without a token", "ms"
        ),
        **with_ends("b_ms_per_token", "b of the same line: what each token adds", "ms/token"),
        "median_error": Column("median of |time / line − 1|", "share"),
    }


def ladder() -> dict[str, Column]:
    """Of the ladder of runtimes."""
    return {
        **common([*CONDITIONS, "method"]),
        **DATASET,
        "num_samples": SAMPLES,
        "num_requests": Column("requests of these samples", "count"),
        "interval_over": Column("what intervals are over: samples, or repeats where there is one sample "
                                "alone, which know nothing of other samples; and processes, where several "
                                "timed them (but for the break-even)"),
        **with_ends("request_ms", "geometric mean over samples of total_time_ms", "ms"),
        **with_ends("speedup_over_eager", "how many times faster than the same method under eager",
                     "×"),
        **with_ends("c2c_speedup", "how many times faster C2C is than the row's method, under the "
                     "row's runtime", "×"),
        "c2c_verdict": Column("same, faster, slower or not distinguishable: C2C against the row's "
                              "method"),
        **with_ends("breakeven_message_tokens", "message length from which on C2C costs less than "
                     "text; in rows of text-to-text", "tokens"),
    }  # fmt: skip


def cold_start() -> dict[str, Column]:
    """Of beginnings."""
    return {
        **common(["pair", "method", "runtime", *SETTING, SETUP]),
        "first_after": Column("what the first requests came after: loading, building (what the runtime "
                              "captures or compiles), or another shard of the same process"),
        "num_cold_requests": Column("such requests", "count"),
        "imports_s": Column("importing torch and the like: median over processes that loaded the pair; "
                            "near 0 where a worker had done it before", "s"),
        "loading_s": Column("loading the pair: median over the same processes", "s"),
        "building_s": Column("capture and compilation: all that the runtime built in this run / number of "
                             "those processes; for all methods together", "s"),
        "cold_first_token_ms": Column("median of their ttft_ms", "ms"),
        "cold_ms": Column("median of their total_time_ms", "ms"),
        "cold_ms_max": Column("the slowest of them", "ms"),
        "warm_ms": Column("median of the same samples' first timed requests", "ms"),
        "cold_over_warm": Column("median of cold / warm", "×"),
        "startup_in_requests": Column("(imports + loading + building + cold − warm) / warm: how many warm "
                                      "requests a beginning costs", "requests"),
        "saved_ms_per_request": Column("what a request takes less than under eager, a mean over the same "
                                       "samples; empty of eager, and where that was not run", "ms"),
        "pays_after_requests": Column("(building + own excess of the first request − that of eager) / "
                                      "saved_ms_per_request; empty where it never does", "count"),
        "finding": Column("the same in words"),
    }  # fmt: skip


def stage_table() -> dict[str, Column]:
    """Of the table of stages, without its statistics."""
    return {
        **common([*CONDITIONS, "dataset", "method"]),
        "part": Column("whole; of text-to-text also each model's part: teacher, base"),
        "source": Column("measured; or where a published row is from"),
        "num_records": RECORDS,
    }


STAGE_TABLE_KEYS = {
    "tokens_in": Column("tokens of the prompt", "tokens"),
    "tokens_out": Column("tokens that are generated", "tokens"),
    "base_prefill_ms": Column("base prefill, its embedding included", "ms"),
    "teacher_prefill_ms": Column("teacher prefill, its embedding included", "ms"),
    "fusion_ms": Column("projection", "ms"),
    "decode_ms": Column("all decode steps", "ms"),
    "total_ms": Column("the part as a whole", "ms"),
}


def bottlenecks() -> dict[str, Column]:
    """Of stages beside their floors."""
    floors = {
        "memory": "moving its bytes at the measured bandwidth",
        "compute": "its operations at the measured rate",
        "launch": "launching its operators one after the other",
        "latency": "its kernels that wait for one another",
    }
    return {
        **common([*(key for key in IDENTITY if key != "subject"), *SETTING, SETUP]),
        "stage": Column("stage of a request; the first row is the place to work"),
        "count": RECORDS,
        "median_ms": Column("median time of the stage", "ms"),
        "share": Column("of all time of these records", "share"),
        "floor_ms": Column("what the device could do at best: median over the records of the largest "
                           "floor of each; empty where there is none", "ms"),
        "time_over_floor": Column("median_ms / floor_ms", "×"),
        "bound_by": Column("the floor that is largest in the median"),
        "saved_s_at_twice_floor": Column("what one pass over the timed samples would save if the stage "
                                         "took twice its floor", "s"),
        **{f"{name}_floor_ms": Column(f"floor: {words}", "ms") for name, words in floors.items()},
        "flops": Column("operations of the stage: a median", "count"),
        "bytes": Column("moved between memory and processor: a median", "bytes"),
        "operators": Column("calls of operators, each of which launches a kernel: a median", "count"),
        "further_bytes": Column("bytes that may have been moved besides, at most", "bytes"),
        "left_out": Column("what the floor lacks, or why there is none; empty where nothing is"),
    }  # fmt: skip


def coverage() -> dict[str, Column]:
    """Of the shards of a run."""
    return {
        **common(["pair", "dataset", "subject"]),
        "state": Column("done where the shard's records are there, or missing"),
        "chunk": Column("which part of its subject the shard is, such as 2-of-4; only where subjects "
                        "are split"),
        "asked": Column("samples that the shard was asked for; empty where all are, or it is missing",
                        "count"),
        "got": Column("samples that it had, those that failed among them; fewer where the source has "
                      "no more", "count"),
    }  # fmt: skip


def errors() -> dict[str, Column]:
    """Of failed samples."""
    return {
        **common(["pair", "dataset", "subject", "method", "id", "runtime"]),
        "stage": Column(
            "where the sample failed: read, prompt, tokenize, or a stage of its request"
        ),
        "error_type": Column("the exception's name"),
        "message": Column("what it said, in one line"),
    }
