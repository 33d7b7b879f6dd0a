"""What Snakemake asks before anything runs. Never imports torch."""
