"""The fused two-layer network and the kernel matrices as JAX functions, on the CPU.

``two_layer`` and ``ntk_gram`` have gradients and work under ``jit``, ``grad`` and ``vmap``.
Importing pyntk does not import this module.
"""

try:
    import jax
    import jax.experimental.buffer_callback  # noqa: F401 - to say what is missing
except ModuleNotFoundError as error:
    if error.name not in ("jax", "jaxlib", "jax.experimental.buffer_callback"):
        raise
    raise ImportError('pyntk.jax needs JAX >= 0.6.1; pip install "pyntk[jax]"') from error

from pyntk.jax.gram import ntk_gram
from pyntk.jax.two_layer import two_layer

__all__ = ["ntk_gram", "two_layer"]
