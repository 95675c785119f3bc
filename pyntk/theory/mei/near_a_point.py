"""A problem with a best point mass, and what particles near it do."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from pyntk.activation import piecewise_linear
from pyntk.theory.mei.curvature import interaction_hessian, potential_hessian
from pyntk.theory.mei.particles import Flow, flow
from pyntk.theory.mei.problem import MeanField

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

ACCURACY: Final = 1e-3
"""Of a step of the flow, as a share of the perturbation that is followed."""
SHORT, LONG = 0.5, 4.0
"""Times of a rate's measurement and of the cloud's flow, times the eigenvalue."""


@dataclass(frozen=True)
class Case:
    """One problem, its point mass, and what the particles did.

    Attributes:
        margin: of the labels beyond the values of the activation.
        point: (2,) theta*.
        gradient: largest entry of grad Psi(theta*; delta).
        potential: (2,) eigenvalues of Hess V + Hess_11 U, ascending.
        whole: (2,) eigenvalues of Hess V + Hess_11 U + Hess_12 U, ascending.
        apart: (2,) the rates at which two particles on two sides of theta*, along an eigenvector of
            the first matrix, approach it.
        together: (2,) the rates at which one particle does, along an eigenvector of the second.
        cloud: the flow of the cloud.
        distance: (k,) root mean square distance of the cloud from theta*.
        risk: R(delta).
    """

    margin: float
    point: Vector
    gradient: float
    potential: Vector
    whole: Vector
    apart: Vector
    together: Vector
    cloud: Flow
    distance: Vector
    risk: float


def case(margin: float, cloud: Matrix, amplitude: float) -> Case:
    """Follow particles that start near the best point mass.

    Args:
        margin: of the labels.
        cloud: (N, 2) offsets of the cloud from theta*.
        amplitude: of the perturbations whose rates are measured.

    Raises:
        ValueError: there is no such point mass.
    """
    problem = two_gaussians(margin)
    point = best_point(problem)
    A = potential_hessian(problem, point)
    whole = A + interaction_hessian(problem, point)
    eigenvalues: Vector = np.linalg.eigvalsh(A).astype(np.float64)
    horizon = LONG / max(abs(eigenvalues[0]), 1e-2)
    tolerance = ACCURACY * float(np.abs(cloud).max())
    run = flow(problem, point + cloud, np.linspace(0, horizon, 61), tolerance=tolerance)
    return Case(
        margin=margin,
        point=point,
        gradient=float(np.abs(problem.field(point[None]).gradient).max()),
        potential=eigenvalues,
        whole=np.linalg.eigvalsh(whole).astype(np.float64),
        apart=rates(problem, point, A, amplitude * np.array([1.0, -1.0])),
        together=rates(problem, point, whole, amplitude * np.ones(1)),
        cloud=run,
        distance=np.sqrt(np.square(run.particles - point).sum(axis=2).mean(axis=1)),
        risk=problem.risk(point[None]),
    )


def two_gaussians(margin: float) -> MeanField:
    """Return the problem of :func:`stability_of_a_point_mass`, labels -margin and 1 + margin."""
    sigma = piecewise_linear([1, 2], [0, 1])
    return MeanField.of_mixture([[0, 0], [3, 0]], 0.6, [-margin, 1 + margin], activation=sigma)


def best_point(problem: MeanField) -> Vector:
    """Return theta* = (r, 0), the first place with r > 1/2 where the risk of a point mass is least.

    Raises:
        ValueError: there is none with r < 10.
    """

    def slope(r: float) -> float:
        return float(problem.field(np.array([[r, 0.0]])).gradient[0, 0])

    places = np.geomspace(0.5, 10, 60)
    slopes = [slope(r) for r in places]
    for k in range(len(places) - 1):
        if slopes[k] < 0 < slopes[k + 1]:
            return np.array([brentq(slope, places[k], places[k + 1], xtol=1e-13), 0.0])
    raise ValueError("margins has one without a best point mass at (r, 0), .5 < r < 10")


def rates(problem: MeanField, point: Vector, H: Matrix, sides: Vector) -> Vector:
    """Return the rates (2,) at which particles offset along the eigenvectors of H approach."""
    values, vectors = np.linalg.eigh(H)
    found = []
    for value, v in zip(values, vectors.T, strict=True):
        offsets, time = np.outer(sides, v), SHORT / max(abs(value), 1e-3)
        run = flow(
            problem, point + offsets, [time], tolerance=ACCURACY * float(np.abs(offsets).max())
        )
        left = np.linalg.norm(run.particles[-1] - point) / np.linalg.norm(offsets)
        found.append(-math.log(float(left)) / time)
    return np.array(found)
