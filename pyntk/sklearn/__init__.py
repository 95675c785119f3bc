"""The kernel of wide ReLU networks in scikit-learn: estimators, features, and a kernel object.

``NTKRidge`` and ``NTKRidgeClassifier`` are kernel ridge regressions, ``NTKTransformer`` gives
Nystrom features, and ``NTK`` is a kernel for Gaussian processes, ``SVC(kernel=NTK())`` and
``KernelPCA(kernel=NTK())``. Importing pyntk does not import this module.
"""

try:
    import sklearn  # noqa: F401 - to say what is missing
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    raise ImportError('pyntk.sklearn needs scikit-learn; pip install "pyntk[sklearn]"') from error

from pyntk.sklearn.classification import NTKRidgeClassifier
from pyntk.sklearn.features import NTKTransformer
from pyntk.sklearn.kernel import NTK
from pyntk.sklearn.path import AlphaPath
from pyntk.sklearn.regression import NTKRidge

__all__ = ["NTK", "AlphaPath", "NTKRidge", "NTKRidgeClassifier", "NTKTransformer"]
