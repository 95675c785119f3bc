"""The CS 839 lecture on approximation, estimation and optimisation error, as routines."""

from pyntk.theory.cs839.error_decomposition import error_decomposition
from pyntk.theory.cs839.memorise import memorise
from pyntk.theory.cs839.random_labels import random_labels
from pyntk.theory.cs839.three_node_hardness import three_node_hardness
from pyntk.theory.cs839.wider_is_easier import wider_is_easier

__all__ = [
    "error_decomposition", "memorise", "random_labels", "three_node_hardness", "wider_is_easier",
]  # fmt: skip
