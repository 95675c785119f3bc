"""The estimators of pyntk.sklearn: scikit-learn's own checks, and what they compute."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

import pyntk
from pyntk.sklearn import NTKRidge, NTKRidgeClassifier, NTKTransformer

KERNEL = {"trained": "all", "bias_variance": 0.1}
ALPHAS = (0.01, 0.3, 5.0)


def samples(n=40, targets=None, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((n, 5))
    noise = generator.standard_normal(n if targets is None else (n, targets))
    return X, (np.abs(X[:, 0]) + X[:, 1] + 0.1 * noise.T).T


@parametrize_with_checks([NTKRidge(), NTKRidgeClassifier(), NTKTransformer()])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize("targets", [None, 3])
@pytest.mark.parametrize("method", ["dense", "matrix_free"])
def test_ridge_is_the_formula(method, targets):
    X, y = samples(targets=targets)
    Z = samples(seed=1)[0]
    model = NTKRidge(alpha=0.2, method=method, tol=1e-12).fit(X, y)
    K = pyntk.ntk_gram(X, **KERNEL) + 0.2 * np.eye(len(X))
    mean = y.mean(axis=0)
    expected = pyntk.ntk_gram(Z, X, **KERNEL) @ np.linalg.solve(K, y - mean) + mean
    np.testing.assert_allclose(model.predict(Z), expected, atol=1e-9)
    assert model.method_ == method
    assert method in model.reason_


def refitted(model, X, y):
    """The leave-one-out residuals, by refitting; the intercept is that of all samples."""
    mean = y.mean(axis=0)
    model = clone(model).set_params(fit_intercept=False)
    others = [np.arange(len(X)) != i for i in range(len(X))]
    return np.array(
        [
            y[i] - mean - model.fit(X[rest], y[rest] - mean).predict(X[i : i + 1])[0]
            for i, rest in enumerate(others)
        ]
    )


@pytest.mark.parametrize("targets", [None, 2])
def test_a_path_of_alphas_is_that_of_refits(targets):
    X, y = samples(targets=targets)
    path = NTKRidge().cross_validate_alpha(X, y, ALPHAS)
    for alpha, score in zip(ALPHAS, path.scores, strict=True):
        model = NTKRidge(alpha=alpha)
        missed = refitted(model, X, y)
        assert score == pytest.approx(r2_score(y, y - missed), rel=1e-9)
        fitted = model.fit(X, y)
        np.testing.assert_allclose(fitted.leave_one_out(), missed, atol=1e-9)
        assert fitted.leave_one_out_score() == pytest.approx(score, rel=1e-9)
    assert path.best == ALPHAS[int(np.argmax(path.scores))]


@pytest.mark.parametrize("classes", [2, 3])
def test_a_path_of_alphas_of_a_classifier(classes):
    X, y = samples()
    labels = np.array(["a", "b", "c"])[np.digitize(y, np.quantile(y, [0.4, 0.7][: classes - 1]))]
    path = NTKRidgeClassifier().cross_validate_alpha(X, labels, ALPHAS)
    for alpha, score in zip(ALPHAS, path.scores, strict=True):
        model = NTKRidgeClassifier(alpha=alpha).fit(X, labels)
        assert model.leave_one_out_score() == score
        numbers = np.where(labels[:, None] == model.classes_, 1.0, -1.0)
        numbers = numbers[:, 1] if classes == 2 else numbers
        decided = numbers - refitted(NTKRidge(alpha=alpha), X, numbers)
        chosen = (decided > 0).astype(int) if classes == 2 else decided.argmax(axis=1)
        assert score == (model.classes_[chosen] == labels).mean()
    assert set(model.predict(X)) <= set(labels)
    shape = (40,) if classes == 2 else (40, 3)
    assert model.decision_function(X).shape == shape


@pytest.mark.parametrize("alphas", [[], 0, [1, -1], [np.nan]])
def test_bad_alphas(alphas):
    with pytest.raises(ValueError, match="alphas must be positive numbers"):
        NTKRidge().cross_validate_alpha(*samples(), alphas)


def test_features_of_all_rows_are_the_kernel():
    X = samples()[0]
    features = NTKTransformer(n_components=100, random_state=0).fit(X)
    F = features.transform(X)
    K = pyntk.ntk_gram(X, **KERNEL)
    np.testing.assert_allclose(F @ F.T, K, atol=1e-10)
    some = NTKTransformer(n_components=10, random_state=0).fit(X)
    assert some.transform(X).shape == (40, 10)
    assert list(some.get_feature_names_out())[:2] == ["ntktransformer0", "ntktransformer1"]
    landmarks = some.components_
    at_landmarks = some.transform(landmarks)
    np.testing.assert_allclose(
        at_landmarks @ at_landmarks.T, pyntk.ntk_gram(landmarks, **KERNEL), atol=1e-10
    )
    doubled = NTKTransformer(random_state=0).fit(np.concatenate([X, X]))
    assert doubled.transform(X).shape == (40, 40)  # the null space is left out


def test_tools_of_scikit_learn():
    """Pipelines, a grid, clone, pickle."""
    X, y = samples(80)
    labels = y > np.median(y)
    pipeline = make_pipeline(StandardScaler(), NTKRidgeClassifier())
    grid = GridSearchCV(
        pipeline, {"ntkridgeclassifier__depth": [1, 2], "ntkridgeclassifier__alpha": [0.1, 1]}, cv=3
    ).fit(X, labels)
    assert grid.best_score_ > 0.8
    again = pickle.loads(pickle.dumps(grid.best_estimator_))
    assert (again.predict(X) == grid.predict(X)).all()
    assert clone(again).get_params()["ntkridgeclassifier__depth"] in (1, 2)
    assert NTKRidge(depth=3).get_params()["depth"] == 3


def test_the_digits_are_classified_as_well_as_by_a_tuned_svm():
    """Both are tuned inside each fold: the SVM by a grid, this by leaving one out."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    grid = {"C": [1, 10], "gamma": [0.05, 0.1, 0.2, 0.5]}
    svm = cross_val_score(GridSearchCV(SVC(), grid, cv=3), X, y, cv=folds).mean()
    scores = []
    for train, test in folds.split(X, y):
        model = NTKRidgeClassifier(depth=2)
        path = model.cross_validate_alpha(X[train], y[train], np.geomspace(1e-3, 1, 7))
        model.set_params(alpha=path.best).fit(X[train], y[train])
        scores.append(model.score(X[test], y[test]))
    assert np.mean(scores) >= svm
