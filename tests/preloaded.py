"""What Snakemake and the commands import of others: whoever imports this has it, and so have its forks.

None of it is the project's own, and none reads the Hub's environment. No search for cycles looks at it
again, in no fork.
"""

from __future__ import annotations

import gc
import importlib

gc.disable()
for _module in (
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
):
    importlib.import_module(_module)
gc.freeze()
gc.enable()
