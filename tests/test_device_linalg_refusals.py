"""The solvers on device arrays: what they refuse, where their results are, and what they copy."""

import numpy as np
import pytest

import exact_matrices as exact
import pyntk
from pretend import recorded
from pretend.machine import machine
from pyntk import memory
from real_or_pretended import (  # noqa: F401
    pretended_alone,
    pretended_frameworks_alone,
    real_or_pretended_device,
)
from test_device_linalg import BASIS, operator_of, rows

FROM_ROWS = {
    "solve": lambda X, y, **how: pyntk.solve(X=X, y=y, **how),
    "quadratic_form_inverse": lambda X, y, **how: pyntk.quadratic_form_inverse(X=X, y=y, **how),
    "leave_one_out_residuals": lambda X, y, **how: pyntk.leave_one_out_residuals(X=X, y=y, **how),
    "leave_one_out_complexity": lambda X, y, **how: pyntk.leave_one_out_complexity(X=X, y=y, **how),
    "cg_solve": lambda X, y, **how: pyntk.cg_solve(X, y, **how),
    "kernel_regression": lambda X, y, **how: pyntk.kernel_regression(X, y, **how).coefficients,
    "matrix_free regression": lambda X, y, **how: (
        pyntk.kernel_regression(X, y, method="matrix_free", **how).coefficients
    ),
}
OF_ROWS_ALONE = {
    "logdet": lambda X, **how: pyntk.logdet(X=X, **how),
    "lambda_min": lambda X, **how: pyntk.lambda_min(X=X, **how),
    "eigsh": lambda X, **how: pyntk.eigsh(X, 2, **how),
    "spectral_density": lambda X, **how: pyntk.spectral_density(X, probes=2, steps=4, **how),
}
EVERY = FROM_ROWS | {
    name: lambda X, y, call=call, **how: call(X, **how) for name, call in OF_ROWS_ALONE.items()
}


def arrays_of(result):
    """The arrays in a result, or it is one."""
    parts = result if isinstance(result, tuple) else (result,)
    return [part for part in parts if hasattr(part, "shape") and part.shape]


@pytest.mark.parametrize("name", EVERY)
def test_bad_arguments(device, name):
    X, y = device.asarray(rows(8)), device.asarray(rows(8, 1)[:, 0])
    if name in FROM_ROWS:
        with pytest.raises(TypeError, match="X is on a CUDA device and y is on the host"):
            EVERY[name](X, y.get())
        with pytest.raises(TypeError, match="y is on a CUDA device and X is on the host"):
            EVERY[name](X.get(), y)
        y[3] = np.nan
        with pytest.raises(ValueError, match=r"y\[3\] is nan"):
            EVERY[name](X, y)
        with pytest.raises(ValueError, match="n = 8"):
            EVERY[name](X, y[:3])
    X[2, 1] = np.inf
    with pytest.raises(ValueError, match=r"X\[2, 1\] is inf"):
        EVERY[name](X, y)
    with pytest.raises(pyntk.BackendError, match="backend 'cpu' was asked for, but the arrays are"):
        EVERY[name](device.asarray(rows(8)), device.asarray(rows(8, 1)[:, 0]), backend="cpu")


@pytest.mark.parametrize("call", [pyntk.solve, pyntk.leave_one_out_residuals, pyntk.logdet])
def test_matrices_that_are_not_positive_definite(device, call):
    H, n = pyntk.ntk_gram(exact.sphere(20, 6)), 20
    y = () if call is pyntk.logdet else (device.ones(n),)
    cases = {"entry \\[3, 3\\] of its diagonal": H.copy(), "breaks down in row 7": H.copy()}
    cases["entry \\[9, 2\\] is larger"] = H.copy()
    cases["entry \\[3, 3\\] of its diagonal"][3, 3] = -1
    cases["breaks down in row 7"][7, :7] = 0.45
    cases["entry \\[9, 2\\] is larger"][9, 2] = 3
    for message, broken in cases.items():
        with pytest.raises(np.linalg.LinAlgError, match=message):
            call(broken, *(array.get() for array in y))
        with pytest.raises(np.linalg.LinAlgError, match=message):
            call(device.asarray(broken), *y)
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        call(device.ones((n, n)), *y)


@pytest.mark.parametrize("name", ["solve", "cg_solve", "kernel_regression", "logdet"])
def test_rows_that_make_the_kernel_singular(device, name):
    X, y = rows(30), device.ones(30)
    for i, j, row, how in (
        (4, 20, X[4], "equal"), (4, 20, 4 * X[4], "parallel, in the same direction"),
    ):  # fmt: skip
        broken = X.copy()
        broken[j] = row
        with pytest.raises(np.linalg.LinAlgError, match=f"rows {i} and {j} of X are {how}"):
            EVERY[name](device.asarray(broken), y)
    broken[12] = 0
    with pytest.raises(np.linalg.LinAlgError, match="row 12 of X is zero"):
        EVERY[name](device.asarray(broken), y)


@pytest.mark.parametrize(
    "call", [pyntk.lambda_min, lambda H, **how: pyntk.quadratic_form_inverse(H, H[0], **how)]
)
def test_certificates_are_the_host_s(device, call):
    with pytest.raises(TypeError, match=r"certified=True takes arrays on the host, and H is on"):
        call(device.eye(3), certified=True)


@pytest.mark.parametrize("name", EVERY)
def test_host_arrays_that_are_moved(device, name, monkeypatch):
    """With backend="cuda", or PYNTK_BACKEND, NumPy's come back."""
    X, y = rows(12), rows(12, 1)[:, 0]
    how = {"bias_variance": 0.1}
    host = EVERY[name](X, y, **how)
    by_argument = EVERY[name](X, y, backend="cuda", **how)
    monkeypatch.setenv("PYNTK_BACKEND", "cuda")
    for moved in (by_argument, EVERY[name](X, y, **how)):
        assert type(moved) is type(host)
        if type(moved) is float:
            assert moved == pytest.approx(host, rel=1e-10)
        for found, expected in zip(arrays_of(moved), arrays_of(host), strict=True):
            assert type(found) is np.ndarray
            assert found.shape == expected.shape


def test_a_matrix_on_the_device_where_the_environment_names_the_host(device, monkeypatch):
    """As for every other call, though no kernel of ours solves with a matrix that is given."""
    H, y = device.asarray(np.eye(4)), device.asarray(np.ones(4))
    monkeypatch.setenv("PYNTK_BACKEND", "cpu")
    for call in (pyntk.solve, pyntk.quadratic_form_inverse, pyntk.leave_one_out_residuals):
        with pytest.raises(pyntk.BackendError, match="'cpu' was asked for, but the arrays are on"):
            call(H, y)
    with pytest.raises(pyntk.BackendError, match="'cpu' was asked for, but the arrays are on"):
        pyntk.logdet(H)


def test_an_operator_of_host_arrays_is_used_on_the_host(device, monkeypatch):
    """Whatever PYNTK_BACKEND says: its products come from the device, the vectors stay."""
    monkeypatch.setenv("PYNTK_BACKEND", "cuda")
    operator = pyntk.ntk_operator(rows(12))
    assert type(pyntk.cg_solve(operator, np.ones(12), ridge=0.1).x) is np.ndarray
    assert type(pyntk.eigsh(operator, 2).eigenvectors) is np.ndarray


@pytest.mark.parametrize("moved", [False, True])
def test_control_c_and_what_did_not_converge(device, moved):
    """What was reached is of the kind of the arguments."""
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    how = {"backend": "cuda"} if moved else {}
    X, y, kind = (X, y, np.ndarray) if moved else (*map(device.asarray, (X, y)), device.ndarray)

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(pyntk.SolveInterrupted) as stopped:
        pyntk.cg_solve(X, y, ridge=0.1, preconditioner=None, progress=stop, **how)
    assert type(stopped.value.x) is kind
    with pytest.warns(RuntimeWarning, match="most_steps = 2 were taken") as warned:
        found = pyntk.cg_solve(X, y, ridge=0.1, preconditioner=None, most_steps=2, **how)
    assert warned[0].filename == __file__
    assert type(found.x) is kind
    if not moved:
        operator = operator_of(device, pyntk.ntk_gram(rows(400, 12)))
        with pytest.raises(pyntk.NotConvergedError) as failed:
            pyntk.eigsh(operator, 5, "smallest", most_steps=3)
        assert type(failed.value.reached.eigenvectors) is kind


@pytest.mark.parametrize("name", EVERY)
def test_tensors_come_back_as_tensors(frameworks, name):
    torch = frameworks["torch"]
    X, y = (torch.tensor(part, device="cuda:1") for part in (rows(12), rows(12, 1)[:, 0]))
    result = EVERY[name](X, y, bias_variance=0.1)
    kinds = [type(part) for part in arrays_of(result)]
    if name == "spectral_density":
        assert kinds == [np.ndarray, np.ndarray]
    elif name == "cg_solve":
        assert kinds == [torch.Tensor, np.ndarray]  # and the history
    else:
        assert set(kinds) <= {torch.Tensor}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("k", [None, 2])
def test_nothing_of_the_size_of_a_vector_comes_to_the_host(pretended, name, k):
    """A few numbers per column do, however many rows there are."""
    largest = []
    for n in (24, 48):
        X, y = rows(n), rows(n, k or 1, seed=1)
        given = [pretended.asarray(part) for part in (X, y if k else y[:, 0])]
        with recorded() as seen:
            EVERY[name](*given, bias_variance=0.1)
        largest.append(seen.largest_to_host)
        assert not seen.between_devices
    assert largest[0] == largest[1]
    assert largest[1] <= 8 * 8
    host = sum(copy.nbytes for copy in seen.to_host)
    assert host < len(seen.synchronisations) * 8 * 8 + 1


@pytest.mark.parametrize("name", EVERY)
def test_too_little_memory_on_the_device(pretended, name, monkeypatch):
    """Told before anything large is allocated, with both numbers; small calls are not refused."""
    X, y = pretended.asarray(rows(40)), pretended.asarray(rows(40, 1)[:, 0])
    machine.limit[0] = machine.used[0] + machine.pooled[0] + 10 * 2**20
    EVERY[name](X, y, bias_variance=0.1)
    monkeypatch.setattr(memory, "SMALL", 0)
    monkeypatch.setattr(memory, "device_available", lambda: (1000, "a test"))
    with pytest.raises(MemoryError, match=r"needs \d+ bytes.* and 1000 bytes"):
        EVERY[name](X, y, bias_variance=0.1)


def test_what_davidson_s_method_copies(pretended):
    """The matrix projected on a block of the basis, whatever n is."""
    largest = []
    for n in (400, 800):
        operator = operator_of(pretended, pyntk.ntk_gram(rows(n, 12)))
        with recorded() as seen:
            pyntk.eigsh(operator, 3)
        largest.append(seen.largest_to_host)
    assert max(largest) <= 8 * BASIS * 16
