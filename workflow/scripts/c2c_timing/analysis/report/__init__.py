"""The report: one self-contained page; a module for each of its parts, which turns tables into rows."""
