"""Data set cards, pair cards, templates and schemas, as plain values. Never imports torch."""
