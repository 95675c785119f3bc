"""What train() records: each quantity against its definition, at the steps asked for."""

import numpy as np
import pytest

import pyntk
from pyntk.activation import piecewise_linear
from pyntk.distributions import gaussian
from pyntk.training import records

N, D, M = 40, 6, 30
rng = np.random.default_rng(0)
X, Z = rng.standard_normal((N, D)), rng.standard_normal((11, D))
Y = {None: np.sin(X[:, 0]), 2: np.sin(X[:, :2])}
STEPS = [0, 1, 4, 9]
HOW = {"step_size": 0.02, "steps": 9, "loss": "mean_squares", "trained": "all"}


def network(backend=None, outputs=None, biases=True, **how):
    made = pyntk.TwoLayer.small(M, D, outputs, std=0.5, biases=biases, seed=1, backend=backend,
                                c=np.zeros(outputs or ())[()], **how)  # fmt: skip
    return made


@pytest.fixture(params=[None, 2], ids=["one output", "two outputs"])
def trained(request, backend):
    """A run with everything recorded, and the networks after each of the steps."""
    outputs = request.param
    data = (X, Y[outputs])
    networks = {}
    for k in STEPS:
        networks[k] = network(backend, outputs)
        pyntk.train(networks[k], data, **{**HOW, "steps": k})
    run = pyntk.train(
        network(backend, outputs),
        data,
        **HOW,
        evaluate=Z,
        record={name: 1 if name == "batch_loss" else STEPS for name in records.NAMES},
    )
    assert list(run.records) == list(records.NAMES)
    for name, record in run.records.items():
        assert record.steps.tolist() == (list(range(9)) if name == "batch_loss" else STEPS)
    return run, networks, data


def test_losses_residuals_and_outputs(trained):
    run, networks, (_, y) = trained
    values = {name: run.records[name].values for name in ("loss", "residual", "outputs")}
    for i, net in enumerate(networks.values()):
        loss, _ = net.loss_and_gradient(X, y, loss="mean_squares")
        assert values["loss"][i] == pytest.approx(loss, rel=1e-13)
        np.testing.assert_allclose(values["residual"][i], net.forward(X) - y, atol=1e-14)
        np.testing.assert_allclose(values["outputs"][i], net.forward(Z), rtol=1e-13, atol=1e-15)
    assert values["residual"].shape == (4, *y.shape)
    assert values["outputs"].shape == (4, 11, *y.shape[1:])
    of_batches = run.records["batch_loss"].values  # the same loss, since a batch has all samples
    np.testing.assert_allclose(of_batches[[0, 1, 4]], values["loss"][:3], rtol=1e-13)


def test_distances_and_norms(trained):
    run, networks, _ = trained
    distance, norms = run.records["distance"].values, run.records["norms"].values
    first = [np.column_stack([net.W, net.b]) for net in networks.values()]
    for i, net in enumerate(networks.values()):
        moved = np.linalg.norm(first[i] - first[0], axis=1)
        assert distance.frobenius[i] == pytest.approx(np.linalg.norm(moved), rel=1e-13)
        assert distance.largest[i] == pytest.approx(moved.max(), rel=1e-13)
        relative = np.linalg.norm(moved) / np.linalg.norm(first[0])
        assert distance.relative[i] == pytest.approx(relative, rel=1e-13)
        expected = np.quantile(np.linalg.norm(net.W, axis=1), [0.1, 0.5, 0.9])
        np.testing.assert_allclose(norms[i], expected, rtol=1e-13)
    assert isinstance(distance, pyntk.Distance)
    assert distance.frobenius[0] == 0 < distance.frobenius[1]


def test_flips_and_weights(trained):
    run, networks, _ = trained
    weights = run.records["weights"].values
    start = networks[0].patterns(X)
    for i, net in enumerate(networks.values()):
        share = pyntk.pattern_flips(start, net.patterns(X)).sum() / (N * M)
        assert run.records["flips"].values[i] == share
        for name in ("W", "b", "a", "c"):
            assert (getattr(weights, name)[i] == getattr(net, name)).all()
    assert isinstance(weights, pyntk.Weights)
    assert run.records["flips"].values[-1] > 0


@pytest.mark.parametrize("outputs", [None, 2])
def test_parameters_a_network_lacks(backend, outputs):
    net = pyntk.TwoLayer.small(M, D, outputs, std=0.5, backend=backend)
    run = pyntk.train(net, (X, Y[outputs]), **HOW, record={"weights": 9})
    weights = run.records["weights"].values
    assert weights.b is None
    assert weights.c is None
    assert weights.W.shape == (2, M, D)
    assert "weights.b" not in run.to_dict()


def test_float32(backend):
    net = network(backend, dtype=np.float32)
    run = pyntk.train(net, (X, Y[None]), **HOW, evaluate=Z, record=dict.fromkeys(
        ("loss", "residual", "outputs", "weights", "distance"), 9))  # fmt: skip
    values = {name: record.values for name, record in run.records.items()}
    assert values["weights"].W.dtype == values["outputs"].dtype == values["residual"].dtype == "f4"
    assert values["loss"].dtype == values["distance"].largest.dtype == np.float64
    np.testing.assert_allclose(values["outputs"][1], net.forward(Z.astype("f4")), rtol=1e-6)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (1, list(range(10))),
        (3, [0, 3, 6, 9]),
        (4, [0, 4, 8, 9]),
        (100, [0, 9]),
        (np.int64(5), [0, 5, 9]),
        ([2], [2]),
        ((0, 9), [0, 9]),
        (np.array([1, 2, 7]), [1, 2, 7]),
        (range(0, 10, 2), [0, 2, 4, 6, 8]),
    ],
)
def test_when(backend, when, expected):
    """Together with another quantity at other steps."""
    record = {"loss": when, "norms": 2}
    run = pyntk.train(network(backend), (X, Y[None]), **HOW, record=record)
    assert run.records["loss"].steps.tolist() == expected
    assert run.records["loss"].values.shape == (len(expected),)
    assert run.records["norms"].steps.tolist() == [0, 2, 4, 6, 8, 9]


@pytest.mark.parametrize("loss", ["half_squares", "logistic", "softmax"])
def test_losses_are_those_of_all_data(backend, loss):
    """In mini-batch training too; a batch's is in batch_loss."""
    outputs = 2 if loss == "softmax" else None
    y = {"half_squares": Y[None], "logistic": np.sign(X[:, 0]), "softmax": (X[:, 0] > 0) * 1}[loss]
    net = network(backend, outputs)
    run = pyntk.train(net, (X, y), step_size=1e-3, steps=7, batch=4, loss=loss,
                      record={"loss": 7, "batch_loss": 1})  # fmt: skip
    values = run.records["loss"].values
    for then, value in zip((network(backend, outputs), net), values, strict=True):
        assert value == pytest.approx(then.loss_and_gradient(X, y, loss=loss)[0], rel=1e-13)
    assert run.records["batch_loss"].values.shape == (7,)
    assert np.isfinite(run.records["batch_loss"].values).all()


def test_a_distribution_is_measured_on_evaluate(backend):
    fresh = gaussian(D, target=lambda X: np.sin(X[:, 0]))
    net = network(backend)
    record = {"loss": 9, "residual": 9, "flips": 9, "outputs": 9}
    run = pyntk.train(net, fresh, **HOW, evaluate=(Z, np.sin(Z[:, 0])), record=record)
    values = {name: one.values for name, one in run.records.items()}
    assert values["loss"][1] == pytest.approx((values["residual"][1] ** 2).mean(), rel=1e-13)
    np.testing.assert_allclose(values["outputs"][1], net.forward(Z), rtol=1e-13)
    flips = pyntk.pattern_flips(network(backend).patterns(Z), net.patterns(Z)).sum()
    assert values["flips"][1] == flips / (11 * M)


def test_settable_quantiles(backend):
    run = pyntk.train(
        network(backend), (X, Y[None]), **HOW, record={"norms": [9]}, quantiles=[0, 1]
    )
    norms = np.linalg.norm(run.net.W, axis=1)
    np.testing.assert_allclose(
        run.records["norms"].values, [[norms.min(), norms.max()]], rtol=1e-14
    )


def test_slices_of_wide_layers(backend, monkeypatch):
    """Some rows at a time give the same numbers."""
    how = {**HOW, "record": {"distance": 3, "norms": 3}}
    one = pyntk.train(network(backend), (X, Y[None]), **how).records
    monkeypatch.setattr(records, "SLICE", 50)
    other = pyntk.train(network(backend), (X, Y[None]), **how).records
    assert (one["norms"].values == other["norms"].values).all()
    assert np.array_equal(one["distance"].values, other["distance"].values)


def test_a_start_of_zeros(backend):
    net = pyntk.TwoLayer(np.zeros((3, D)), np.ones(3), np.zeros(3), backend=backend,
                         derivative_at_zero=1)  # fmt: skip
    run = pyntk.train(net, (X, Y[None]), **HOW, record={"distance": 9})
    assert run.records["distance"].values.relative.tolist() == [0, np.inf]


def test_patterns_that_there_are_not(backend):
    net = network(backend, activation=piecewise_linear([0.5, 1], [1, 2]))
    with pytest.raises(ValueError, match=r"flips.*: patterns are those of a ReLU"):
        pyntk.train(net, (X, Y[None]), **HOW, record={"flips": 1})


def test_to_dict(trained, tmp_path):
    """What numpy.savez takes, and gives back without pickle."""
    run, _, _ = trained
    np.savez(tmp_path / "run.npz", **run.to_dict())
    with np.load(tmp_path / "run.npz", allow_pickle=False) as found:
        assert found["steps"] == 9
        assert not found["interrupted"]
        assert (found["loss.values"] == run.records["loss"].values).all()
        assert (found["distance.largest"] == run.records["distance"].values.largest).all()
        assert (found["weights.W"] == run.records["weights"].values.W).all()
        assert found["weights.steps"].tolist() == STEPS
    assert repr(run) == "Run(steps=9, interrupted=False)"


def test_what_is_not_asked_for_costs_nothing(backend, monkeypatch):
    """No quantity is even prepared."""
    for name in records.QUANTITIES:
        monkeypatch.setitem(records.QUANTITIES, name, lambda subject: pytest.fail("prepared"))
    monkeypatch.setattr(records, "_row_squares", lambda *args: pytest.fail("measured"))
    assert pyntk.train(network(backend), (X, Y[None]), **HOW).records == {}
