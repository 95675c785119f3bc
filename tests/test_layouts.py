"""Promise 20: arrays of every layout give the same bits, and ``out=`` is written to or refused."""

import numpy as np
import pytest

import pyntk

X = np.random.default_rng(0).standard_normal((6, 4))
W = np.random.default_rng(1).standard_normal((5, 4))
A = np.ones(5)
Y = np.ones(6)


def layouts():
    rows = np.zeros((13, 9))
    rows[::2, ::2][:6, :4] = X
    misaligned = np.zeros(X.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(X.shape)
    misaligned[:] = X
    readonly = X.copy()
    readonly.flags.writeable = False
    return {
        "strided": rows[:12:2, :8:2],
        "negative strides": X[::-1, ::-1].copy()[::-1, ::-1],
        "Fortran": np.asfortranarray(X),
        "read-only": readonly,
        "byte-swapped": X.astype(">f8"),
        "misaligned": misaligned,
        "negative zeros": np.where(X[0, 0] == X, -0.0, X),
    }


@pytest.mark.parametrize("layout", layouts())
def test_layouts_give_the_same_bits(backend, layout):
    array = layouts()[layout]
    before = array.copy()
    K = pyntk.ntk_gram(array, backend=backend)
    plain = np.array(np.where(X[0, 0] == X, 0.0, X) if layout == "negative zeros" else X)
    assert (pyntk.ntk_gram(plain, backend=backend) == K).all()
    assert (
        pyntk.finite_width_gram(array, W, backend=backend)
        == pyntk.finite_width_gram(plain, W, backend=backend)
    ).all()
    net = pyntk.TwoLayer(W, A, backend=backend)
    assert (net.forward(array) == net.forward(plain)).all()
    for call in (
        pyntk.ntk_diag,
        lambda X, **how: pyntk.arc_cosine_gram(X, degree=0, **how),
        lambda X, **how: pyntk.ntk_matmul(X, X, **how),
        lambda X, **how: pyntk.ntk_vjp(X, None, X @ X.T, depth=2, **how),
    ):
        assert (call(array, backend=backend) == call(plain, backend=backend)).all()
    assert (array == before).all()


def test_zero_strides_and_memory_maps(backend, tmp_path):
    row = np.broadcast_to(X[0], (5, 4))
    assert (pyntk.ntk_gram(row, backend=backend) == pyntk.ntk_gram(X[:1])[0, 0]).all()
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    K = np.lib.format.open_memmap(tmp_path / "K.npy", "w+", X.dtype, (6, 6))
    assert pyntk.ntk_gram(mapped, backend=backend, out=K) is K
    assert (pyntk.ntk_gram(X, backend=backend) == K).all()


@pytest.mark.parametrize(
    "gram",
    [
        pyntk.ntk_gram,
        lambda X, **how: pyntk.ntk_gram(X, depth=2, bias_variance=0.1, **how),
        lambda X, **how: pyntk.ntk_gram(X, rows=slice(None, None, -1), **how),
        lambda X, **how: pyntk.arc_cosine_gram(X, degree=0, **how),
        lambda X, **how: pyntk.ntk_matmul(X, np.eye(6), **how),
        lambda X, **how: pyntk.finite_width_gram(X, W, **how),
    ],
)
def test_out(backend, gram):
    K = np.full((6, 6), np.nan)
    assert gram(X, out=K, backend=backend) is K
    assert (gram(X, backend=backend) == K).all()
    readonly = np.zeros((6, 6))
    readonly.flags.writeable = False
    for bad, reason in [
        (np.zeros((6, 6), np.float32), "dtype float64, not float32"),
        (np.zeros((6, 6), ">f8"), "dtype"),
        (np.zeros((6, 5)), r"shape \(6, 6\), not \(6, 5\)"),
        (np.zeros((6, 6)).T[::-1], "C-contiguous"),
        (readonly, "read-only"),
    ]:
        with pytest.raises(ValueError, match=reason):
            gram(X, out=bad, backend=backend)
    with pytest.raises(TypeError, match="out must be an array"):
        gram(X, out=[[0.0] * 6] * 6, backend=backend)
    memory = np.zeros(60)
    memory[:24] = X.ravel()
    with pytest.raises(ValueError, match="out overlaps X"):
        gram(memory[:24].reshape(6, 4), out=memory[20:56].reshape(6, 6), backend=backend)


def test_out_of_the_other_shapes(backend):
    k, y = np.full(6, np.nan), np.full(6, np.nan)
    assert pyntk.ntk_diag(X, out=k, backend=backend) is k
    assert (pyntk.ntk_diag(X, backend=backend) == k).all()
    assert pyntk.ntk_matmul(X, Y, out=y, backend=backend) is y
    assert (pyntk.ntk_matmul(X, Y, backend=backend) == y).all()
    block = np.full((2, 6), np.nan)
    assert pyntk.ntk_gram(X, rows=slice(2, 4), out=block, backend=backend) is block
    assert (pyntk.ntk_gram(X, backend=backend)[2:4] == block).all()
    for call, reason in [
        (lambda: pyntk.ntk_diag(X, out=block), r"shape \(6,\), not \(2, 6\)"),
        (lambda: pyntk.ntk_matmul(X, Y, out=block), r"shape \(6,\), not \(2, 6\)"),
        (lambda: pyntk.ntk_gram(X, rows=slice(3), out=block), r"shape \(3, 6\), not \(2, 6\)"),
        (lambda: pyntk.ntk_matmul(X, y, out=y), "out overlaps V"),
    ]:
        with pytest.raises(ValueError, match=reason):
            call()
