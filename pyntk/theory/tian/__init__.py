"""Tian (1909.13458): students and teachers, as routines."""

from pyntk.theory.tian.critical_point_alignment import critical_point_alignment
from pyntk.theory.tian.fan_out_alignment import fan_out_alignment
from pyntk.theory.tian.gradient_rule import gradient_rule
from pyntk.theory.tian.multi_layer import multi_layer
from pyntk.theory.tian.over_realisation import over_realisation
from pyntk.theory.tian.strong_nodes_first import strong_nodes_first
from pyntk.theory.tian.teacher_aware_data import teacher_aware_data

__all__ = [
    "critical_point_alignment",
    "fan_out_alignment",
    "gradient_rule",
    "multi_layer",
    "over_realisation",
    "strong_nodes_first",
    "teacher_aware_data",
]
