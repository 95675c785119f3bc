"""The random numbers: Philox against its published answers, their bits, and their distribution.

That each backend computes what it should is in tests/test_training_contract.py.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import training_reference as reference
from backends import open_backend
from pyntk.contract import STREAMS
from test_network_contract import both_dtypes
from test_training_contract import draw

TABLE = json.loads((Path(__file__).parent / "tables" / "normals.json").read_text())
N = 1_000_000
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((2**32 - 1,) * 4, (2**32 - 1,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "answer"), PUBLISHED)
def test_the_reference_has_the_published_answers_of_philox(counter, key, answer):
    """The known answers of Random123's philox4x32-10: zeros, ones, and the digits of pi."""
    assert " ".join(f"{word:08x}" for word in reference.philox(counter, key)) == answer


def test_the_first_uniforms_are_the_published_answer(backend):
    U = draw(open_backend(backend), "random_uniforms", 1, 2)
    words = [int(word, 16) for word in PUBLISHED[0][2].split()]
    assert U[0].tolist() == [(words[h] << 32 | words[h + 1]) // 2**11 / 2**53 for h in (0, 2)]


@pytest.mark.parametrize("rows", TABLE["rows"], ids=lambda rows: f"stream {rows['stream']}")
def test_the_table_of_normal_numbers_is_right(rows):
    Z = np.array([[float.fromhex(number) for number in row] for row in rows["numbers"]])
    exact, radius = reference.normals(rows["seed"], rows["stream"], rows["first"], *Z.shape)
    assert (np.abs(Z - exact) <= reference.NORMAL * radius).all()


def test_the_angles_of_the_reference_turn_once():
    """Words 2^29 apart, from -pi/4 on; the radius of the word 2^31 is sqrt(2 log 2)."""
    angles = np.arange(8, dtype=np.uint32) << np.uint32(29)
    Z, radius = reference.box_muller(np.full(8, 2**31, np.uint32), angles)
    turned = np.exp(2j * np.pi * (np.arange(8) - 1) / 8)
    np.testing.assert_allclose(radius.astype(float), np.sqrt(2 * np.log(2)), rtol=1e-9)
    np.testing.assert_allclose((Z / radius[:, None]).astype(float), np.c_[turned.real, turned.imag],
                               rtol=0, atol=1e-15)  # fmt: skip


@both_dtypes
def test_normals_have_the_same_bits_on_every_backend(kernels, dtype):
    for rows in TABLE["rows"]:
        exact = [[float.fromhex(number) for number in row] for row in rows["numbers"]]
        n, p = len(exact), len(exact[0])
        place = {name: rows[name] for name in ("seed", "stream", "first")}
        assert draw(kernels, "random_normals", n, p, **place, dtype=dtype).tolist() == exact
    block = TABLE["block"]
    place = {name: block[name] for name in ("seed", "stream", "first")}
    Z = draw(kernels, "random_normals", *block["shape"], **place, dtype=dtype).astype("<f4")
    assert hashlib.sha256(Z.tobytes()).hexdigest() == block["sha256"]


@pytest.mark.parametrize("p", [1, 2, 5, 100])
def test_uniforms_are_uniform(backend, p):
    U = draw(open_backend(backend), "random_uniforms", N // p, p, seed=p).ravel()
    assert (U >= 0).all()
    assert (U < 1).all()
    assert stats.kstest(U, "uniform").pvalue > 1e-3
    assert abs(U.mean() - 0.5) < 4 / np.sqrt(12 * N)
    assert abs(U.var() - 1 / 12) < 4 / np.sqrt(180 * N)


@pytest.mark.parametrize("p", [1, 4, 5, 100])
def test_normals_are_normal(backend, p):
    """Moments within four of their standard deviations; the share beyond 4 within four of its."""
    Z = draw(open_backend(backend), "random_normals", N // p, p, seed=p).ravel()
    assert stats.kstest(Z, "norm").pvalue > 1e-3
    for power, moment, deviation in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((Z**power).mean() - moment) < 4 * np.sqrt(deviation / N)
    tail = 2 * stats.norm.sf(4)
    assert abs((np.abs(Z) > 4).mean() - tail) < 4 * np.sqrt(tail / N)
    assert np.abs(Z).max() <= np.sqrt(66 * np.log(2)) * (1 + 1e-6)  # the radius of the word 0


@pytest.mark.parametrize("kernel", ["random_uniforms", "random_normals"])
def test_neighbours_and_streams_are_uncorrelated(backend, kernel):
    """Correlations of values and of squares, of a number with others of its row and of other rows.

    Also with those of the same place in another stream and of another seed.
    """
    n, p, kernels = N // 10, 10, open_backend(backend)
    Z = draw(kernels, kernel, n, p, seed=1)
    others = {
        "column": (Z[:, :-1], Z[:, 1:]),
        "pair": (Z[:, :-2], Z[:, 2:]),
        "block": (Z[:, :-4], Z[:, 4:]),
        "row": (Z[:-1], Z[1:]),
        "stream": (Z, draw(kernels, kernel, n, p, seed=1, stream=1)),
        "seed": (Z, draw(kernels, kernel, n, p, seed=2)),
        "half of the seed": (Z, draw(kernels, kernel, n, p, seed=1 + 2**32)),
    }
    for name, (x, y) in others.items():
        x, y = x.ravel() - Z.mean(), y.ravel() - Z.mean()
        for of in (np.asarray, np.square):
            r = np.corrcoef(of(x), of(y))[0, 1]
            assert abs(r) < 4 / np.sqrt(x.size), (name, of.__name__)


def test_streams_differ():
    assert len(set(STREAMS.values())) == len(STREAMS)
