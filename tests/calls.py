"""The public functions, by recipe."""

import pyntk
from pyntk.contract import DEGREE, TRAINED

_TRAINED = {kind: name for name, kind in TRAINED.items()}
_DEGREE = {kind: degree for degree, kind in DEGREE.items()}


def options(recipe):
    """A recipe as the keywords of ntk_gram, ntk_diag and ntk_matmul."""
    return {
        "trained": _TRAINED[recipe.kind],
        "depth": recipe.depth,
        "weight_variance": recipe.weight_variance,
        "bias_variance": recipe.bias_variance,
        "accumulate": "float64" if recipe.float64_sums else None,
    }


def gram(X, Z=None, *, recipe, **others):
    """ntk_gram or arc_cosine_gram."""
    if recipe.kind in _DEGREE:
        accumulate = "float64" if recipe.float64_sums else None
        degree = _DEGREE[recipe.kind]
        return pyntk.arc_cosine_gram(X, Z, degree=degree, accumulate=accumulate, **others)
    return pyntk.ntk_gram(X, Z, **options(recipe), **others)


def vjp(X, Z, G, *, recipe, **others):
    """ntk_vjp, which has no accumulate."""
    keywords = options(recipe)
    del keywords["accumulate"]
    return pyntk.ntk_vjp(X, Z, G, **keywords, **others)
