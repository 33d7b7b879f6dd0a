# The pipeline with the versions of the lock.
#   docker build --tag c2c-timing .
#   docker run --rm --volume "$PWD/results:/opt/c2c-timing/results" c2c-timing
#   docker run --rm --gpus all --volume "$PWD/results:/opt/c2c-timing/results" \
#     --volume "$HOME/.cache/huggingface:/huggingface" --env HF_HOME=/huggingface \
#     c2c-timing --cores all --configfile configs/published_pairs.yaml
FROM python:3.11-slim-bookworm
WORKDIR /opt/c2c-timing
# Packages first: an edit of the code leaves their layer as it is.
COPY envs/requirements.lock envs/requirements.lock
RUN python -m pip install --no-cache-dir --requirement envs/requirements.lock
COPY . .
ENTRYPOINT ["snakemake"]
CMD ["--cores", "all"]
