"""pyntk itself, for a process with other environment variables."""

import pyntk


def prepare(X, **options):
    pyntk.ntk_gram(X[:4], **options)  # loads the backend, compiles Numba's kernels
    return lambda: pyntk.ntk_gram(X, **options)
