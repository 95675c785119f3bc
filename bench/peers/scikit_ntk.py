"""scikit-ntk: every layer trained, He's scaling, divided by the number of layers."""

from skntk import NeuralTangentKernel


def prepare(X, trained="all", depth=1):
    if trained != "all":
        raise ValueError(f"scikit-ntk trains every layer, not {trained!r}")
    kernel = NeuralTangentKernel(depth=depth, bias=0.0)
    return lambda: kernel(X)


def factor(depth):
    """Return what its values must be multiplied by to be those of pyntk."""
    return (depth + 1) / 2**depth
