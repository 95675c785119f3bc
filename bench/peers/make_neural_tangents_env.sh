#!/usr/bin/env bash
# Makes the environment in which neural-tangents runs: the last release with the last JAX that it
# imports with. About 3 GB, since it requires TensorFlow.
#
#   bench/peers/make_neural_tangents_env.sh FOLDER
#   export PYNTK_BENCH_NEURAL_TANGENTS=FOLDER/bin/python
#
# PYTHON names another interpreter than python3 (3.11 to 3.13).
set -euo pipefail
folder=${1:?name the folder of the new environment}
"${PYTHON:-python3}" -m venv "$folder"
"$folder/bin/pip" install --quiet 'neural-tangents==0.6.5' 'jax==0.5.3'
TF_CPP_MIN_LOG_LEVEL=3 "$folder/bin/python" -c 'import neural_tangents'
echo "export PYNTK_BENCH_NEURAL_TANGENTS=$(realpath "$folder")/bin/python"
