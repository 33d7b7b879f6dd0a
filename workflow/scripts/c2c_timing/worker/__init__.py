"""A process that has imported everything and keeps a pair loaded, and takes shard after shard of it."""
