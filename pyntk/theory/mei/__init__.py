"""Mei, Montanari, Nguyen (1804.06561): the mean field of two-layer networks, as routines."""

from pyntk.theory.mei.anisotropic import anisotropic
from pyntk.theory.mei.finite_n_gap import finite_n_gap
from pyntk.theory.mei.gibbs import gibbs
from pyntk.theory.mei.initialisation_dichotomy import initialisation_dichotomy
from pyntk.theory.mei.large_d_limit import large_d_limit
from pyntk.theory.mei.risk_against_delta import risk_against_delta
from pyntk.theory.mei.sgd_follows_pde import sgd_follows_pde
from pyntk.theory.mei.stability_of_a_point_mass import stability_of_a_point_mass

__all__ = [
    "anisotropic",
    "finite_n_gap",
    "gibbs",
    "initialisation_dichotomy",
    "large_d_limit",
    "risk_against_delta",
    "sgd_follows_pde",
    "stability_of_a_point_mass",
]
