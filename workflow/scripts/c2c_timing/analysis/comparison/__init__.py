"""One run beside another: what changed, where, and how surely."""
