#!/usr/bin/env bash
# Everything that needs a GPU, in one call without network, under eight minutes: build and install
# from this tree, the contract on the backends cpu and cuda, compute-sanitizer, the benchmarks.
#
#   bench/gpu.sh [FOLDER]
#
# writes FOLDER/<date>-<gpu>.json and .md (default: bench/results) and exits with 1 if a step failed.
# It needs Python >= 3.11 with NumPy, SciPy, CuPy, pytest, pytest-benchmark, mpmath, pybind11 and
# scikit-build-core, nvcc, CMake and a C++20 compiler; PyTorch is measured beside pyntk if there.
# PYTHON names another interpreter than python3.
set -uo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
results=${1:-bench/results}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=()

step() { # NAME SECONDS COMMAND...
  local name=$1 limit=$2 status=0
  shift 2
  printf '\n== %s (at %d s)\n' "$name" "$SECONDS"
  timeout --kill-after=10 "$limit" "$@" || status=$?
  if ((status != 0)); then
    printf '== %s: exit status %d\n' "$name" "$status"
    failed+=("$name")
  fi
  return "$status"
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true

export PYNTK_CUDA=ON PYNTK_REQUIRE="cpu cuda"
step install 150 "$python" -m pip install --quiet --no-index --no-build-isolation --no-deps \
  --target "$work/site" --config-settings=build-dir="$work/build" . || exit 1

# The installed package, never the source folder beside us.
export PYTHONPATH="$work/site${PYTHONPATH:+:$PYTHONPATH}" PYTHONSAFEPATH=1
export XDG_CACHE_HOME="$work/cache" OPENBLAS_NUM_THREADS=1

step info 60 "$python" -m pyntk info

# Other people's warnings, as CuPy's at its import on some machines, are no failure of ours.
contract() { # NAME SECONDS TESTS FILES...
  step "$1" "$2" "$python" -m pytest "${@:4}" -q --tb=short --maxfail=20 -p no:cacheprovider \
    -k "$3" -W default::UserWarning -W default::DeprecationWarning -W default::FutureWarning
}
contract contract 150 "cpu or cuda or every_kernel" tests/test_contract.py
contract networks 120 cuda tests/test_{network_contract,training_contract,training_sums}.py
# Through CuPy and its libraries, which nothing else runs: there is no emulator of these.
contract devices 90 "" tests/test_{device_values,device_linalg,device_linalg_refusals,long_sums}.py

# 9 is what a tool found; any other status, that it could not look.
for tool in memcheck racecheck; do
  if ! command -v compute-sanitizer > /dev/null; then
    echo "== compute-sanitizer $tool: not run, it is not installed"
    continue
  fi
  printf '\n== compute-sanitizer %s (at %d s)\n' "$tool" "$SECONDS"
  status=0
  timeout --kill-after=10 60 compute-sanitizer --tool "$tool" --error-exitcode 9 \
    "$python" bench/bench_gpu.py --small > "$work/sanitizer.log" 2>&1 || status=$?
  tail -n 15 "$work/sanitizer.log"
  if ((status == 9)); then
    failed+=("compute-sanitizer $tool")
  elif ((status != 0)); then
    echo "== compute-sanitizer $tool: could not run here (exit status $status)"
  fi
done

step benchmarks 150 "$python" bench/bench_gpu.py --results "$results"

printf '\n== %d s, ' "$SECONDS"
if ((${#failed[@]})); then
  echo "FAILED: ${failed[*]}"
  exit 1
fi
echo "every step passed"
