"""The fused two-layer network and the kernel matrices as PyTorch operators.

``two_layer`` and ``ntk_gram`` are ``torch.library`` operators with gradients, so that autograd and
``torch.compile`` take them as they take PyTorch's own; ``TwoLayer`` is the network as a module.
Importing pyntk does not import this module.
"""

try:
    import torch  # noqa: F401 - to say what is missing
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ImportError('pyntk.torch needs PyTorch; pip install "pyntk[torch]"') from error

from pyntk.torch.gram import ntk_gram
from pyntk.torch.module import TwoLayer
from pyntk.torch.two_layer import two_layer

__all__ = ["TwoLayer", "ntk_gram", "two_layer"]
