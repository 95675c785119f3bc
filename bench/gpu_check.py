"""Every kernel of csrc/cuda once, on ragged shapes, checked: what compute-sanitizer watches."""

import numpy as np


def rows(n, d, dtype, seed=0):
    import cupy

    return cupy.random.default_rng(seed).standard_normal((n, d), dtype=dtype)


def check(where, result, expected):
    """Raise unless the norm of the difference is at most 1e-4 of the norm."""
    error = np.linalg.norm(np.subtract(result, expected)) / np.linalg.norm(expected)
    if not error <= 1e-4:
        raise AssertionError(f"{where}: relative error {error}")


def small():
    """Run every kernel on ragged shapes and check it; compute-sanitizer watches."""
    import cupy
    import numpy_formula

    import pyntk

    for dtype in ("float32", "float64"):
        X, W = rows(70, 37, dtype), rows(67, 37, dtype, 1)
        a, y = rows(67, 1, dtype, 2)[:, 0], rows(70, 1, dtype, 3)[:, 0]
        X[1], X[2] = X[0], -X[0]  # chords
        host = [cupy.asnumpy(array).astype(np.float64) for array in (X, W, a, y)]
        for options in ({}, {"accumulate": "float64"}, {"trained": "all", "depth": 3}):
            layers = {name: value for name, value in options.items() if name != "accumulate"}
            K = numpy_formula.ntk_gram(host[0], **layers)
            check("ntk_gram", cupy.asnumpy(pyntk.ntk_gram(X, **options)), K)
            check("ntk_gram_cross", cupy.asnumpy(pyntk.ntk_gram(X, X[:33], **options)), K[:, :33])
            check("ntk_diag", cupy.asnumpy(pyntk.ntk_diag(X, **options)), K.diagonal())
            for V in (X, X[:, :1].copy()):
                expected = K @ cupy.asnumpy(V)
                check("ntk_matmul", cupy.asnumpy(pyntk.ntk_matmul(X, V, **options)), expected)
                Y = pyntk.ntk_matmul(X[:33], V, X, **options)
                check("ntk_matmul_cross", cupy.asnumpy(Y), expected[:33])
            # Euler: k(x, z) is homogeneous of degree 1 in x.
            dX, dZ = pyntk.ntk_vjp(X, X, cupy.asarray(K.astype(dtype)), **layers)
            for gradient in (dX, dZ):
                along = (cupy.asnumpy(gradient) * host[0]).sum(1)
                check("ntk_vjp", along, (K * K).sum(1))
        small_grams(dtype)
        H = numpy_formula.finite_width_gram(*host[:2])
        check("finite_width_gram", cupy.asnumpy(pyntk.finite_width_gram(X, W)), H)
        small_networks(X, W, a, y, *numpy_formula.loss_and_gradient(*host))
        small_training(X, W, a, y)
        small_numbers(dtype)
    print("every kernel of csrc/cuda ran and agrees with NumPy")


def small_grams(dtype):
    """Compute Gram matrices of several tiles: of 261 rows, ragged, and of 384."""
    import cupy
    import numpy_formula

    import pyntk

    for n in (261, 384):
        X = rows(n, 37, dtype, n)
        X[-1], X[-2] = X[0], -X[1]  # chords far from the diagonal
        K = numpy_formula.ntk_gram(cupy.asnumpy(X).astype(np.float64))
        for options in ({}, {"accumulate": "float64"}):
            result = pyntk.ntk_gram(X, **options)
            check("ntk_gram", cupy.asnumpy(result), K)
            if not bool((result == result.T).all()):
                raise AssertionError(f"ntk_gram, {dtype}, n = {n}: not symmetric")
            if not bool((pyntk.ntk_gram(X, X[:150], **options) == result[:, :150]).all()):
                raise AssertionError(f"ntk_gram_cross, {dtype}, n = {n}: other bits")


def small_networks(X, W, a, y, loss, dW):
    """Run the kernels of the two-layer network; loss and dW are the exact ones of one output."""
    import cupy

    import pyntk
    from pyntk.activation import piecewise_linear
    from pyntk.dispatch import kernel

    net = pyntk.TwoLayer(W, a)
    value, gradients = net.loss_and_gradient(X, y, trained="all", data=True)
    check("two_layer_step, loss", value, loss)
    check("two_layer_step, dW", cupy.asnumpy(gradients.dW), dW)
    # Euler: sum A dA = sum G F, and for a homogeneous activation sum W dW and sum X dX are too.
    A, Y = (cupy.tile(v[:, None], 3) * cupy.arange(1, 4, dtype=X.dtype) for v in (a, y))
    for activation in (None, piecewise_linear([0.5, 1.5], [-2.5, 7.5])):
        net = pyntk.TwoLayer(W, A, activation=activation)
        F = net.forward(X)
        _, gradients = net.loss_and_gradient(X, Y, trained="all", data=True)
        along = float(((F - Y) * F).sum())
        check("two_layer_step, dA", float((A * gradients.da).sum()), along)
        if activation is None:
            check("two_layer_step, dW", float((W * gradients.dW).sum()), along)
            check("two_layer_gradient, dX", float((X * gradients.dX).sum()), along)
    F = cupy.asnumpy(F).astype(np.float64)
    signs = np.sign(cupy.asnumpy(Y))
    value, _ = net.loss_and_gradient(X, cupy.asarray(signs), loss="logistic")
    check("logistic", value, np.logaddexp(0, -signs * F).sum() / len(F))
    value, _ = net.loss_and_gradient(X, cupy.zeros(len(X), np.int64), loss="softmax")
    check("softmax", value, (np.logaddexp.reduce(F, axis=1) - F[:, 0]).mean())

    P, Q = (pyntk.TwoLayer(sign * W, a).patterns(X) for sign in (1, -1))
    flips = cupy.full(len(X), -1, np.int64)
    kernel("pattern_flips", "cuda")(P=P, Q=Q, threads=1, flips=flips)
    check("pattern_flips", cupy.asnumpy(flips), np.full(len(X), len(W)))


def small_training(X, W, a, y):
    """Train the first layer on batches that take the way of small steps, and that of large ones."""
    import cupy
    import numpy_formula

    from pyntk.contract import LOSSES, TRAINED, Activation, Descent
    from pyntk.dispatch import kernel

    steps, eta = 3, 0.05
    descent = Descent(LOSSES["half_squares"], TRAINED["first"], False, len(W) ** -0.5)
    for batch in (1, 33, 66):
        order = np.random.default_rng(batch).integers(0, len(X), (steps, batch))
        trained, A, c = W.copy(), a[:, None].copy(), cupy.zeros(1, X.dtype)
        losses, done = cupy.full(steps, np.nan), cupy.full(1, -1, np.int64)
        kernel("two_layer_descent", "cuda")(
            X=X, Y=y[:, None].copy(), order=cupy.asarray(order),
            step_sizes=cupy.full(steps, eta), activation=Activation(), descent=descent, threads=1,
            W=trained, A=A, c=c, losses=losses, done=done,
        )  # fmt: skip
        inputs, weights, last, targets = (
            cupy.asnumpy(array).astype(np.float64) for array in (X, W, a, y)
        )
        expected = []
        for rows_of_step in order:
            loss, dW = numpy_formula.loss_and_gradient(
                inputs[rows_of_step], weights, last, targets[rows_of_step]
            )
            weights -= eta * dW
            expected.append(loss)
        check(f"two_layer_descent, batch {batch}, losses", cupy.asnumpy(losses), expected)
        check(f"two_layer_descent, batch {batch}, W", cupy.asnumpy(trained), weights)
        if int(done[0]) != steps:
            raise AssertionError(f"two_layer_descent: {int(done[0])} of {steps} steps")


def small_numbers(dtype):
    """Compare random numbers with those of the CPU: the same to the bit."""
    import cupy

    from pyntk.dispatch import kernel

    n, p = 70, 39
    for name, argument, kind in (("uniforms", "U", "float64"), ("normals", "Z", dtype)):
        by_device, by_host = cupy.zeros((n, p), kind), np.zeros((n, p), kind)
        for backend, numbers in (("cuda", by_device), ("cpu", by_host)):
            options = {"seed": 2**63 + 5, "stream": 2, "first": 2**40, "threads": 1}
            kernel(f"random_{name}", backend)(**options, **{argument: numbers})
        if not (cupy.asnumpy(by_device) == by_host).all():
            raise AssertionError(f"random_{name}: the bits are not those of the CPU")
