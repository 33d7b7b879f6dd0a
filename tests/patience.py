"""How long a test waits for what it began. Only a true hang lasts longer: no machine is too slow."""

PATIENCE = 1800.0
"""Seconds."""
