"""Makes the built-in LongBench rows from a seed."""
