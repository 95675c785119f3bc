"""The backends: modules with the kernels of :mod:`pyntk.contract`, reached by name only."""
