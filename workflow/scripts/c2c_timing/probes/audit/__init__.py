"""What one request does to the machine: launches, waits and copies; memory; energy. Never timed."""
