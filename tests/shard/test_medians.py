"""The table that ends a command."""

from __future__ import annotations

from c2c_timing.shard.medians import Medians, median_lines


def record(total, flagged=False, **changes):
    timing = {"total_time_ms": total, "ttft_ms": total / 2, "decode_avg_ms": 1.0,
              "tokens_per_second": None}  # fmt: skip
    way = {"dataset": "gsm8k", "subject": "main", "method": "c2c", "runtime": "eager",
           "length_view": "natural"}  # fmt: skip
    return {**way, "residual_flag": flagged, "timing": timing, **changes}


def medians_of(*records):
    found = Medians()
    for each in records:
        found.add(each)
    return found.as_plain()


def test_each_way_has_its_medians_in_the_order_of_the_tables():
    found = medians_of(
        record(10.0), record(7.0, method="base"), record(30.0, flagged=True), record(20.0),
        record(1.0, subject="another"), record(5.0, method="of another version"),
    )  # fmt: skip
    named = [(row["subject"], row["method"]) for row in found]
    assert named == [("main", "base"), ("main", "c2c"), ("main", "of another version"),
                     ("another", "c2c")]  # fmt: skip
    c2c = found[1]
    assert (c2c["records"], c2c["flagged"], c2c["total_time_ms"], c2c["ttft_ms"]) == (
        3,
        1,
        20.0,
        10.0,
    )
    assert c2c["tokens_per_second"] is None


def test_lines_leave_out_what_goes_without_saying():
    _, header, *rows = median_lines(medians_of(record(10.0), record(7.0, method="base")))
    assert "runtime" not in header
    assert "length" not in header
    assert [row.split()[2:4] for row in rows] == [["base", "1"], ["c2c", "1"]]
    assert len({len(line) for line in (header, *rows)}) == 1
    told = median_lines(medians_of(record(10.0), record(7.0, runtime="fused", length_view="fixed")))
    assert "runtime" in told[1] and "length view" in told[1]
    assert median_lines([]) == []
