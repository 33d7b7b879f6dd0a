"""Bad input, systematically: every case ends in a result, a clear error or a skipped row."""
