"""What bench_gpu.py measures of a call, its rows with the floor beside each, and their table."""

import statistics

ROUNDS, WARM_UP = 7, 2
USED_MEM_HIGH = 8  # cudaMemPoolAttrUsedMemHigh


def seconds(call):
    """Return the result of a call and the seconds of each round."""
    import cupy

    times = []
    for _ in range(WARM_UP + ROUNDS):
        result = None  # the last round's memory is free again
        start, end = cupy.cuda.Event(), cupy.cuda.Event()
        start.record()
        result = call()
        end.record()
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(start, end) / 1000)
    return result, times[WARM_UP:]


def pool_peak(call):
    """Return the most bytes of workspace a call held: those of the driver's pool, not CuPy's."""
    import cupy

    runtime, device = cupy.cuda.runtime, cupy.cuda.Device()
    pool = runtime.deviceGetDefaultMemPool(device.id)
    device.synchronize()
    runtime.memPoolSetAttribute(pool, USED_MEM_HIGH, 0)
    call()
    device.synchronize()
    return int(runtime.memPoolGetAttribute(pool, USED_MEM_HIGH))


def row(case, contender, times, error, memory=None, **floor):
    """Return one line of the report; floor: the flops and bytes that no exact method can avoid."""
    median = statistics.median(times)
    print(f"{case:40} {contender:20} {1000 * median:9.2f} ms", flush=True)
    return {
        "case": case,
        "contender": contender,
        "median_s": median,
        "seconds": times,
        "error_u": error,
        "memory_bytes": memory,
        **floor,
    }


def floor_seconds(row, limit):
    """Return what the flops and bytes of a row take at the card's limits, the longer of both."""
    rate = limit["dgemm_flops" if row["precision"] == "float64" else "sgemm_flops"]
    return max(row["flops"] / rate, row["bytes"] / limit["copy_bytes_per_s"])


def table(report):
    """Return the report in Markdown."""
    limit = report["limits"]
    lines = [
        f"# {report['gpu']}, {report['date']}",
        "",
        f"pyntk {report['pyntk']}, CUDA driver {report['driver']}, runtime {report['runtime']}, "
        f"CuPy {report['cupy']}. Medians of {ROUNDS} rounds by CUDA events; `bench/gpu.sh`.",
        "",
        f"Limits of this card in this run: copy {limit['copy_bytes_per_s'] / 1e9:.0f} GB/s (read "
        f"and written), SGEMM {limit['sgemm_flops'] / 1e12:.1f} and DGEMM "
        f"{limit['dgemm_flops'] / 1e12:.1f} TFLOP/s. The floor of a case is its flops at the rate "
        "of the GEMM in its precision, or its bytes at the copy's, whichever takes longer.",
        "",
        "| case | contender | ms | times pyntk | TFLOP/s | floor: GFLOP | floor: GB | floor: ms "
        "| memory (MiB) | largest error (u) |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    own = {r["case"]: r["median_s"] for r in report["rows"] if r["contender"] == "pyntk"}
    for r in report["rows"]:
        error = "" if r["error_u"] is None else f"{r['error_u']:.1f}"
        memory = "" if r["memory_bytes"] is None else f"{r['memory_bytes'] / 2**20:.0f}"
        lines.append(
            f"| {r['case']} | {r['contender']} | {1000 * r['median_s']:.2f} "
            f"| {r['median_s'] / own[r['case']]:.2f} | {r['flops'] / r['median_s'] / 1e12:.2f} "
            f"| {r['flops'] / 1e9:.0f} | {r['bytes'] / 1e9:.2f} "
            f"| {1000 * floor_seconds(r, limit):.2f} | {memory} | {error} |"
        )
    return "\n".join(lines) + "\n"
