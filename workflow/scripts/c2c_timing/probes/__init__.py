"""What watches requests for other ends than a record: self-test, audit, the device's limits."""
