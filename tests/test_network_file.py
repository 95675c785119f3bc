"""A network written and read: to the bit, as arrays alone; other files are refused by name."""

import zipfile

import numpy as np
import pytest

import pyntk
from pyntk.activation import piecewise_linear

NETWORKS = {
    "plain": lambda: pyntk.TwoLayer.ntk(20, 4, seed=1),
    "float32": lambda: pyntk.TwoLayer.clustered(20, 4, 3, dtype=np.float32, c=[1e-30, 2, 3]),
    "biases": lambda: pyntk.TwoLayer.small(20, 4, std=0.1, biases=True, c=0.1, scale=1 / 3),
    "activation": lambda: pyntk.TwoLayer.mean_field(
        20, 4, activation=piecewise_linear([0.1, 0.7], [1 / 3, 2], derivative_at_knots="right")
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_round_trip(tmp_path, backend, name):
    net, path = NETWORKS[name](), tmp_path / "network"
    net.save(path)
    again = pyntk.TwoLayer.load(path, backend=backend, threads=1)
    for parameter in ("W", "a", "b", "c"):
        one, other = getattr(net, parameter), getattr(again, parameter)
        assert (one is None) == (other is None)
        if one is not None:
            assert one.dtype == other.dtype
            assert one.shape == other.shape
            assert (one == other).all()
    assert again.scale == net.scale
    assert again.activation == net.activation
    X = np.random.default_rng(0).standard_normal((9, 4))
    assert (again.forward(X) == pyntk.TwoLayer.load(path, backend=backend).forward(X)).all()


def test_the_file_holds_arrays_alone(tmp_path):
    NETWORKS["biases"]().save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as file:
        assert {name for name in file if file[name].dtype.kind in "fib"} == set(file)


def test_other_files(tmp_path):
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        pyntk.TwoLayer.load(path)
    refused = pytest.raises(ValueError, match=f"{path} holds no network of TwoLayer.save: ")
    NETWORKS["plain"]().save(path)
    whole = path.read_bytes()
    for content in (b"", b"text", whole[:-40], whole[:100], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with refused:
            pyntk.TwoLayer.load(path)
    damaged = bytearray(whole)
    damaged[whole.index(b"W.npy") + 300] ^= 1
    path.write_bytes(damaged)
    with refused:
        pyntk.TwoLayer.load(path)
    for arrays in ({"W": np.ones((2, 2))}, {"X": np.ones(3), "y": np.ones(3)}):
        with path.open("wb") as file:
            np.savez(file, **arrays)
        with refused:
            pyntk.TwoLayer.load(path)
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with refused:
        pyntk.TwoLayer.load(path)


def test_objects_and_later_versions(tmp_path):
    path = tmp_path / "file"
    NETWORKS["plain"]().save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    for name, value in [("W", np.array([{}])), ("version", 2), ("knots", np.arange(9.0))]:
        with path.open("wb") as file:
            np.savez(file, **{**arrays, name: value})
        with pytest.raises(ValueError, match=r"holds no network of TwoLayer\.save"):
            pyntk.TwoLayer.load(path)
    with zipfile.ZipFile(path) as file:  # it is one all the same
        assert "W.npy" in file.namelist()
