"""The CUDA backend beside CuPy and PyTorch on the same device arrays, and beside the card's limits.

``python bench/bench_gpu.py --results FOLDER`` writes FOLDER/<date>-<gpu>.json and .md;
``--small`` runs every kernel once on ragged shapes and checks it, for compute-sanitizer. Times are
medians by CUDA events over the public call, host gaps included. Ratios hold within one run only.
Every answer that is timed is checked against NumPy in float64.
"""

import argparse
import datetime
import json
import re
import statistics
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]

from gpu_check import check, rows, small  # noqa: E402 - PYTHONSAFEPATH leaves this folder out
from gpu_report import pool_peak, row, seconds, table  # noqa: E402

GRAMS = [
    (32768, 784, "float32", {}),
    (32768, 64, "float32", {}),
    (16384, 784, "float64", {}),
    (16384, 784, "float32", {"accumulate": "float64"}),
    (16384, 784, "float32", {"trained": "all", "depth": 3}),
]
MATMULS = [(131072, 64, 16), (32768, 784, 16), (32768, 64, 1)]
NETWORKS = [(4096, 784, 16384), (16384, 64, 65536)]
TRAININGS = [  # m, d, outputs, batch, steps
    (200, 100, 50, 16, 1000),
    (800, 40, 1, 1, 1000),
    (16384, 784, 1, 64, 200),
    (4096, 784, 10, 1024, 100),
]
CHECKED = 64  # rows and columns of a result that are compared


def limits():
    """Measure what bounds every kernel here: bytes copied and products per second."""
    import cupy

    n = 8192
    source = cupy.ones(1 << 28, cupy.float32)
    target = cupy.empty_like(source)
    _, copy = seconds(lambda: cupy.copyto(target, source))
    if not (target[:: 1 << 20] == 1).all():
        raise AssertionError("copy: the target is not the source")
    measured = {"copy_bytes_per_s": 2 * source.nbytes / statistics.median(copy)}
    for name, dtype in (("sgemm", "float32"), ("dgemm", "float64")):
        A = rows(n, n, dtype)
        _, times = seconds(lambda A=A: A @ A)
        measured[f"{name}_flops"] = 2 * n**3 / statistics.median(times)
    return measured


def gram_contenders(X, options):
    """Return {name: (call, expected first entries, allowed error in u)}."""
    import cupy
    import gpu_formulas
    import numpy_formula

    import pyntk

    host = cupy.asnumpy(X[:CHECKED]).astype(np.float64)
    layers = {name: value for name, value in options.items() if name != "accumulate"}
    exact = numpy_formula.ntk_gram(host, **layers)
    loose = 100 * X.shape[1] ** 0.5
    promised = 8 if not options else 1.02  # computed in float64 and rounded once
    wide = working_dtype(X.dtype, options)
    syrk = gpu_formulas.Syrk(X, wide)
    return exact, {
        "pyntk": (lambda X: pyntk.ntk_gram(X, backend="cuda", **options), exact, promised),
        **{
            name: (lambda X, call=call: call(X, **options), exact, loose)
            for name, call in gpu_formulas.GRAMS.items()
        },
        f"limit: {'D' if wide == 'float64' else 'S'}SYRK": (lambda X: syrk(), host @ host.T, loose),
        "limit: bytes written": (gpu_formulas.bytes_written, np.ones_like(exact), 0),
    }


def working_dtype(dtype, options):
    """Return what a Gram matrix is computed in: its own type, or double and rounded once."""
    deep = options.get("depth", 1) > 1
    return "float64" if deep or "accumulate" in options else np.dtype(dtype).name


def bench_gram(n, d, dtype, options):
    import cupy
    import gpu_formulas

    free, _ = cupy.cuda.Device().mem_info
    widest = np.dtype(working_dtype(dtype, options)).itemsize
    while 8 * n * n * widest > free:  # the formulas hold several matrices at once
        n //= 2
    X = rows(n, d, dtype)
    exact, contenders = gram_contenders(X, options)
    norms = np.sqrt(exact.diagonal())
    compared = np.tril(np.ones((CHECKED, CHECKED), bool), -1)  # the formulas' own diagonal is wrong
    u = np.finfo(dtype).eps / 2
    size = np.dtype(dtype).itemsize
    floor = {
        "flops": n * (n + 1) * d,
        "bytes": n * n * size + n * d * size,
        "precision": working_dtype(dtype, options),
    }
    case = " ".join([f"gram {dtype} n={n} d={d}", *(f"{k}={v}" for k, v in options.items())])
    for name, (call, expected, allowed) in contenders.items():
        K, times = seconds(lambda call=call: call(X))
        part = cupy.asnumpy(K[:CHECKED, :CHECKED]).astype(np.float64)
        K = None
        difference = np.abs(part - expected) / np.outer(norms, norms)
        error = float(difference[compared].max() / u)
        if not error <= allowed:
            raise AssertionError(f"{name}, {case}: wrong by {error} u")
        yield row(case, name, times, error, **floor)
    contenders = None  # with the operands of SYRK
    gpu_formulas.release()


def bench_matmul(n, d, c):
    import cupy
    import gpu_formulas

    import pyntk

    X, V = rows(n, d, "float32", 5), rows(n, c, "float32", 6)
    wide = gpu_formulas.ntk_matmul_cupy(X.astype("float64"), V.astype("float64"))
    plain = gpu_formulas.products_alone(X.astype("float64"), V.astype("float64"))
    gpu_formulas.release()
    contenders = {
        "pyntk": (lambda X, V: pyntk.ntk_matmul(X, V, backend="cuda"), wide),
        "CuPy formula": (gpu_formulas.ntk_matmul_cupy, wide),
        "limit: products": (gpu_formulas.products_alone, plain),
    }
    free, _ = cupy.cuda.Device().mem_info
    if 2 * 4 * n * n < free:
        contenders["pyntk, K stored"] = (lambda X, V: pyntk.ntk_gram(X, backend="cuda") @ V, wide)
    case = f"matmul float32 n={n} d={d} c={c}"
    operands = n * (d + 2 * c) * 4
    for name, (call, exact) in contenders.items():
        Y, times = seconds(lambda call=call: call(X, V))
        check(f"{name}, {case}", cupy.asnumpy(Y), cupy.asnumpy(exact))
        memory = operands + pool_peak(lambda call=call: call(X, V)) if name == "pyntk" else None
        yield row(
            case, name, times, None, memory, flops=2 * n * n * (d + c), bytes=operands,
            precision="float32",
        )  # fmt: skip
    gpu_formulas.release()


def bench_network(n, d, m):
    import cupy
    import gpu_formulas
    import numpy_formula

    import pyntk

    X, W = rows(n, d, "float32", 1), rows(m, d, "float32", 2)
    a = cupy.sign(rows(m, 1, "float32", 3)[:, 0])
    y = rows(n, 1, "float32", 4)[:, 0]

    def by_pyntk(X, W, a, y):
        loss, gradients = pyntk.TwoLayer(W, a).loss_and_gradient(X, y)
        return loss, gradients.dW

    few = [array[:512] for array in (X, W, a, y)]
    host = [cupy.asnumpy(array).astype(np.float64) for array in few]
    loss, dW = numpy_formula.loss_and_gradient(*host)
    small_loss, small_dW = by_pyntk(*few)
    check("network, 512 x 512", small_loss, loss)
    check("network, 512 x 512", cupy.asnumpy(small_dW), dW)
    expected = None
    for name, call in {"pyntk": by_pyntk, **gpu_formulas.NETWORKS}.items():
        (loss, dW), times = seconds(lambda call=call: call(X, W, a, y))
        answer = loss, cupy.asnumpy(dW[:CHECKED])
        expected = expected or answer
        check(f"{name}, n = {n}", answer[0], expected[0])
        check(f"{name}, n = {n}", answer[1], expected[1])
        yield row(
            f"loss and gradient n={n} d={d} m={m}", name, times, None, flops=4 * n * m * d,
            bytes=4 * (n * d + 2 * m * d), precision="float32",
        )  # fmt: skip
    gpu_formulas.release()


def bench_training(m, d, k, batch, steps):
    import cupy
    import gpu_formulas

    from pyntk.contract import LOSSES, TRAINED, Activation, Descent
    from pyntk.dispatch import kernel

    n, eta = 10_000, 0.5 / d
    X, Y = rows(n, d, "float32", 1), rows(n, k, "float32", 2)
    W, A = rows(m, d, "float32", 3) / np.float32(d**0.5), rows(m, k, "float32", 4)
    c = cupy.zeros(k, "float32")
    order = cupy.asarray(np.random.default_rng(5).integers(0, n, (steps, batch)))
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, m**-0.5, limit=1e30)

    def by_pyntk(X, Y, order, eta, W, A, c):
        trained = W.copy()
        kernel("two_layer_descent", "cuda")(
            X=X, Y=Y, order=order, step_sizes=cupy.full(steps, eta), activation=Activation(),
            descent=descent, threads=1, W=trained, A=A.copy(), c=c.copy(),
            losses=cupy.empty(steps), done=cupy.empty(1, np.int64),
        )  # fmt: skip
        return trained

    wide = (array.astype("float64") for array in (W, A, c))
    expected = gpu_formulas.sgd_cupy(X, Y, order, eta, *wide)
    moved, size = (float(cupy.linalg.norm(array)) for array in (expected - W, W))
    allowed = 1e-4 * moved + steps * 2**-24 * size  # each step rounds W
    case = f"{steps} steps m={m} d={d} outputs={k} batch={batch}"
    for name, call in {"pyntk": by_pyntk, **gpu_formulas.TRAININGS}.items():
        trained, times = seconds(lambda call=call: call(X, Y, order, eta, W, A, c))
        error = float(cupy.linalg.norm(trained - expected))
        if not error <= allowed:
            raise AssertionError(f"{name}, {case}: off by {error}, W moved by {moved}")
        yield row(
            case, name, times, None, flops=steps * batch * m * (4 * d + 6 * k),
            bytes=4 * steps * batch * d, precision="float32",
        )  # fmt: skip
    gpu_formulas.release()


def main():
    import cupy

    import pyntk
    from pyntk.dispatch import load

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("bench/results"))
    parser.add_argument("--small", action="store_true")
    options = parser.parse_args()
    gpu = load("cuda").device_name()
    if options.small:
        small()
        return
    report = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "gpu": gpu,
        "pyntk": pyntk.__version__,
        "cupy": cupy.__version__,
        "driver": cupy.cuda.runtime.driverGetVersion(),
        "runtime": cupy.cuda.runtime.runtimeGetVersion(),
        "limits": limits(),
        "rows": [],
    }
    for case in GRAMS:
        report["rows"] += bench_gram(*case)
    for case in MATMULS:
        report["rows"] += bench_matmul(*case)
    for case in NETWORKS:
        report["rows"] += bench_network(*case)
    for case in TRAININGS:
        report["rows"] += bench_training(*case)
    stem = f"{report['date']}-{re.sub(r'[^a-z0-9]+', '-', gpu.lower()).strip('-')}"
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / f"{stem}.json").write_text(json.dumps(report, indent=1) + "\n")
    (options.results / f"{stem}.md").write_text(table(report))
    print(table(report))


if __name__ == "__main__":
    main()
