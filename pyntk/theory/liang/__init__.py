"""Li and Liang (1808.01204): over-parameterised networks on clustered data, as routines."""

from pyntk.theory.liang.clusters import Clusters, gaussian_clusters
from pyntk.theory.liang.coupling import coupling
from pyntk.theory.liang.learns_clusters import learns_clusters
from pyntk.theory.liang.low_rank_update import low_rank_update
from pyntk.theory.liang.relative_distance import relative_distance
from pyntk.theory.liang.separability import Separability, separability

__all__ = [
    "Clusters",
    "Separability",
    "coupling",
    "gaussian_clusters",
    "learns_clusters",
    "low_rank_update",
    "relative_distance",
    "separability",
]
