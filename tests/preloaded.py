"""What Snakemake, commands and tests import of others: whoever imports this has it, and so have its forks.

None of it is the project's own, and none reads the Hub's environment.
"""

from __future__ import annotations

import importlib

from imports_kept import imports_kept

MODULES = (
    "duckdb",
    "jinja2.meta",
    "jinja2.sandbox",
    "jsonschema",
    "pandas",
    "pytest",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.optimize",
    "smart_open",
    "snakemake.cli",
    "snakemake.report.html_reporter",
    "torch._dynamo",
    "yte",
)
with imports_kept():
    for module in MODULES:
        importlib.import_module(module)
