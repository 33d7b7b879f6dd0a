"""One shard from rows to files: the sample loop, the journal, where its numbers come from."""
