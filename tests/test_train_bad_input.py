"""What each bad argument of train() gets: a clear error, and a network that is as it was."""

import numpy as np
import pytest

import pyntk
from pyntk import memory
from pyntk.distributions import gaussian, gaussian_mixture

N, D, M, K = 10, 4, 6, 3
rng = np.random.default_rng(0)
X, Y, LABELS = rng.standard_normal((N, D)), rng.standard_normal((N, K)), np.arange(N) % K
BAD_X = X.copy()
BAD_X[3, 1] = np.nan
FRESH = gaussian(D, target=lambda X: X[:, :K])
HUGE = np.where(X > 0, 1e300, X)

CASES = [
    # the data
    ({"data": (X[:, :3], Y)}, ValueError, r"X must have shape \(n, .\) with . = . as in .*W"),
    ({"data": (X[0], Y)}, ValueError, r"X must have shape \(n, d\), but has 1"),
    ({"data": (X, Y[:9])}, ValueError, r"y must have shape \(n, k\) with n = 10 as in X"),
    ({"data": (X, Y[:, :2])}, ValueError, r"y must have shape \(n, k\) with k = 3 as in a"),
    ({"data": (X, Y[:, 0])}, ValueError, r"y must have shape \(n, k\), but has 1"),
    ({"data": (X[:0], Y[:0])}, ValueError, "X must have at least one row"),
    ({"data": (BAD_X, Y)}, ValueError, r"X\[3, 1\] is nan"),
    ({"data": (X, np.where(Y > 0, np.inf, Y))}, ValueError, r"y\[\d+, \d\] is inf"),
    ({"data": (X, None)}, TypeError, "y must be an array, not None"),
    ({"data": (X.astype(complex), Y)}, TypeError, "X must hold real numbers"),
    ({"data": X}, TypeError, r"data must be \(X, y\) or a distribution .*, not ndarray"),
    ({"data": (X, Y, Y)}, TypeError, r"data must be \(X, y\)"),
    ({"data": None}, TypeError, r"data must be \(X, y\) or a distribution .*, not NoneType"),
    ({"data": "text"}, TypeError, r"data must be \(X, y\)"),
    (
        {"data": gaussian(5, target=lambda X: X)},
        ValueError,
        "data must have d = 4 as the network, n",
    ),
    (
        {"data": gaussian(D, target=lambda X: X)},
        ValueError,
        "y must have shape .* with k = 3 as in",
    ),
    ({"data": gaussian(D, target=lambda X: X * np.nan)}, ValueError, r"y\[0, 0\] is nan"),
    # targets of a loss
    ({"loss": "softmax"}, ValueError, "y must be classes"),
    ({"loss": "softmax", "data": (X, LABELS + 1)}, ValueError, r"y must hold classes 0 \.\.\. 2"),
    ({"loss": "softmax", "data": gaussian_mixture(0, 1, [0, 7], d=D)}, ValueError, "y must hold"),
    ({"loss": "logistic"}, ValueError, "y must be -1 or 1"),
    ({"loss": "squares"}, ValueError, "loss must be one of"),
    ({"loss": None}, ValueError, "loss must be one of"),
    # the steps
    ({"steps": -1}, ValueError, "steps must be at least 0, not -1"),
    ({"steps": 1.5}, TypeError, "steps must be an integer, not float"),
    ({"steps": True}, TypeError, "steps must be an integer, not bool"),
    ({"step_size": -1.0}, ValueError, "step_size must be at least 0"),
    ({"step_size": np.nan}, ValueError, "step_size must be finite"),
    ({"step_size": [0.1] * 4}, ValueError, r"step_size must have shape \(5,\), not \(4,\)"),
    ({"step_size": lambda k: 1 / k}, ValueError, r"step_size\[0\] is inf"),
    ({"trained": "both"}, ValueError, "trained must be one of first, last, all"),
    ({"weight_decay": -1}, ValueError, "weight_decay must be at least 0"),
    ({"weight_decay": np.inf}, ValueError, "weight_decay must be finite"),
    ({"temperature": -1e-9}, ValueError, "temperature must be at least 0"),
    ({"temperature": "hot"}, TypeError, "temperature must be a number, not str"),
    ({"seed": -1}, ValueError, r"seed must be 0 to 2\^64 - 1, not -1"),
    ({"seed": 2**64}, ValueError, r"seed must be 0 to 2\^64 - 1"),
    ({"seed": None}, TypeError, "seed must be an integer"),
    ({"progress": "yes"}, TypeError, "progress must be True, False or a callable"),
    # the batches
    ({"batch": 0}, ValueError, "batch must be at least 1, not 0"),
    ({"batch": 2.0}, TypeError, "batch must be an integer, not float"),
    ({"batch": 11, "replacement": False}, ValueError, "batch must be at most n = 10 without repl"),
    ({"batch": 0, "data": FRESH}, ValueError, "batch must be at least 1"),
    ({"batch": 2, "replacement": None}, TypeError, "replacement must be True or False"),
    # the records
    ({"record": "loss"}, TypeError, "record must be a mapping from names to steps, not str"),
    ({"record": ["loss"]}, TypeError, "record must be a mapping"),
    ({"record": {"accuracy": 1}}, ValueError, "record takes the names batch_loss, loss, .*norms"),
    ({"record": {"loss": 0}}, ValueError, r"record\['loss'\] must be at least 1, not 0"),
    ({"record": {"loss": 1.5}}, TypeError, r"record\['loss'\] must be an integer, not float"),
    ({"record": {"loss": True}}, TypeError, r"record\['loss'\] must be an integer, not bool"),
    ({"record": {"loss": None}}, TypeError, r"record\['loss'\] must be an integer, not NoneType"),
    (
        {"record": {"loss": []}},
        ValueError,
        r"record\['loss'\] must be increasing step numbers in 0",
    ),
    ({"record": {"loss": [2, 1]}}, ValueError, "must be increasing"),
    ({"record": {"loss": [1, 1]}}, ValueError, "must be increasing"),
    ({"record": {"loss": [0, 6]}}, ValueError, r"in 0 \.\.\. 5"),
    ({"record": {"loss": [-1]}}, ValueError, "must be increasing"),
    ({"record": {"loss": [0.5]}}, TypeError, r"record\['loss'\]\[0\] must be an integer"),
    ({"record": {"loss": [[1, 2]]}}, TypeError, r"record\['loss'\]\[0\] must be an integer"),
    ({"record": {"batch_loss": 2}}, ValueError, r"record\['batch_loss'\] must be 1, every step"),
    ({"record": {"batch_loss": [1]}}, TypeError, r"record\['batch_loss'\] must be an integer"),
    ({"record": {"outputs": 1}}, ValueError, r"'outputs' needs evaluate=X or evaluate=\(X, y\)"),
    ({"record": {"loss": 1}, "data": FRESH}, ValueError, r"'loss' needs evaluate=\(X, y\)"),
    ({"record": {"residual": 1}, "data": FRESH}, ValueError, r"'residual' needs evaluate=\(X, y\)"),
    ({"record": {"flips": 1}, "data": FRESH}, ValueError, "'flips' needs evaluate="),
    ({"record": {"loss": 1}, "data": FRESH, "evaluate": X}, ValueError, r"needs evaluate=\(X, y\)"),
    ({"record": {"residual": 1}, "loss": "softmax", "data": (X, LABELS)}, ValueError, "of squares"),
    ({"quantiles": [0.5, 1.5]}, ValueError, r"quantiles must be in \[0, 1\]"),
    ({"quantiles": 0.5}, ValueError, r"quantiles must have shape \(q,\), but has 0"),
    ({"quantiles": [np.nan]}, ValueError, r"quantiles\[0\] is nan"),
    # the evaluation
    ({"evaluate": X[:, :2]}, ValueError, r"evaluate: X must have shape"),
    ({"evaluate": BAD_X}, ValueError, r"evaluate: X\[3, 1\] is nan"),
    ({"evaluate": (X, Y[:2])}, ValueError, "evaluate: y must have shape"),
    ({"evaluate": (X, Y, Y)}, ValueError, r"evaluate must be X or \(X, y\), not a tuple of 3"),
    ({"evaluate": X[:0]}, ValueError, "evaluate: X must have at least one row"),
    ({"evaluate": "text"}, TypeError, "evaluate: X must hold real numbers"),
    ({"momentum": 0.9}, TypeError, "unexpected keyword"),
]


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(("changes", "error", "message"), CASES)
def test_arguments(backend, biases, changes, error, message):
    net = pyntk.TwoLayer.small(M, D, K, std=1, seed=1, biases=biases, backend=backend)
    W = net.W.copy()
    with pytest.raises(error, match=message):
        pyntk.train(net, **{"data": (X, Y), "step_size": 1e-3, "steps": 5, **changes})
    assert (net.W == W).all()


@pytest.mark.parametrize("missing", ["step_size", "steps"])
def test_what_must_be_given(missing):
    how = {"step_size": 1e-3, "steps": 5}
    how.pop(missing)
    with pytest.raises(TypeError, match=missing):
        pyntk.train(pyntk.TwoLayer.small(M, D, K, std=1), (X, Y), **how)


@pytest.mark.parametrize("net", [None, X, "net", pyntk.TwoLayer])
def test_no_network(net):
    with pytest.raises(TypeError, match=r"net must be a pyntk.TwoLayer, not"):
        pyntk.train(net, (X, Y), step_size=1e-3, steps=5)


def test_parameters_that_are_not_finite(backend):
    net = pyntk.TwoLayer.small(M, D, K, std=1, backend=backend)
    net.W[2, 3] = np.nan
    with pytest.raises(ValueError, match=r"\(W, b\)\[2, 3\] is nan"):
        pyntk.train(net, (X, Y), step_size=1e-3, steps=5)


@pytest.mark.parametrize(("name", "data"), [("X", (HUGE, Y)), ("y", (X, 1e300 * Y))])
def test_numbers_that_float32_cannot_hold(backend, name, data):
    net = pyntk.TwoLayer.small(M, D, K, std=1, dtype=np.float32, backend=backend)
    with pytest.raises(ValueError, match=rf"{name} has \S+e\+300, beyond the range of float32"):
        pyntk.train(net, data, step_size=1e-3, steps=5)


@pytest.mark.parametrize(
    ("record", "steps"),
    [({"weights": 1}, 100_000), ({"loss": 1}, 10**8), ({"batch_loss": 1}, 10**8)],
)
def test_records_that_do_not_fit(backend, record, steps, monkeypatch):
    """Before anything is allocated or trained; 64 MiB are left."""
    net = pyntk.TwoLayer.small(50, D, K, std=1, seed=1, backend=backend)
    W = net.W.copy()
    monkeypatch.setattr(memory, "host_available", lambda: (memory.SMALL, "test"))
    with pytest.raises(MemoryError, match=r"record.* needs \d+ bytes .* are available \(test\)"):
        pyntk.train(net, (X, Y), step_size=1e-3, steps=steps, record=record)
    assert (net.W == W).all()


def test_step_sizes_that_do_not_fit(monkeypatch):
    net = pyntk.TwoLayer.small(50, D, K, std=1, seed=1)
    monkeypatch.setattr(memory, "host_available", lambda: (memory.SMALL, "test"))
    with pytest.raises(MemoryError, match="step_size needs"):
        pyntk.train(net, (X, Y), step_size=lambda k: 1 / (k + 1), steps=10**8)
