#!/usr/bin/env bash
# Sets up .venv once, then runs the pipeline. Extra arguments go to snakemake:
#   ./run_all_benchmarks.sh
#   ./run_all_benchmarks.sh --configfile configs/full_sweep.yaml
#   ./run_all_benchmarks.sh --cores 1 results/summary.tsv
set -euo pipefail
cd "$(dirname "$0")"
make --no-print-directory setup
cores=(--cores all)
for argument in "$@"; do
  case "$argument" in
    --cores* | -c* | --jobs* | -j* | --workflow-profile* | --profile*) cores=() ;;
  esac
done
exec .venv/bin/snakemake "${cores[@]}" "$@"
