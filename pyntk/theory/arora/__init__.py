"""Arora, Du, Hu, Li, Wang (1901.08584) and Du, Zhai, Poczos, Singh (1810.02054), as routines."""

from pyntk.theory.arora.concentration import concentration
from pyntk.theory.arora.distance_to_initialisation import distance_to_initialisation
from pyntk.theory.arora.eigenvector_projections import eigenvector_projections
from pyntk.theory.arora.generalisation import generalisation
from pyntk.theory.arora.gram_positive_definite import gram_positive_definite
from pyntk.theory.arora.learnable_functions import learnable_functions
from pyntk.theory.arora.linear_rate import linear_rate
from pyntk.theory.arora.movement import movement
from pyntk.theory.arora.pattern_flips import pattern_flips
from pyntk.theory.arora.rademacher import rademacher
from pyntk.theory.arora.sample_complexity import sample_complexity
from pyntk.theory.arora.training_speed import training_speed

__all__ = [  # noqa: RUF022 - the order in which they run
    "gram_positive_definite", "concentration", "eigenvector_projections", "rademacher",
    "learnable_functions", "generalisation", "sample_complexity", "training_speed",
    "linear_rate", "movement", "pattern_flips", "distance_to_initialisation",
]  # fmt: skip
