"""A two-layer network in a .npz file: arrays alone, so that reading one cannot run code."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from pyntk.activation import admit_activation
from pyntk.arrays import to_host
from pyntk.contract import Activation, Array
from pyntk.initial import placed_for

Network = TypeVar("Network")

VERSION: Final = 1
"""Of the file; a reader refuses a later one."""

_SETTINGS: Final = ("version", "scale", "knots", "slopes", "value", "right")
_LAYERS: Final = {"W", "a", "b", "c"}


def write(
    path: str | Path, parameters: dict[str, Array], scale: float, activation: Activation
) -> None:
    """Write the parameters that are there (not None), the scale and the activation."""
    arrays = {name: to_host(array) for name, array in parameters.items() if array is not None}
    with Path(path).open("wb") as file:  # a name alone would get a suffix
        np.savez(file, version=VERSION, scale=scale, **activation._asdict(), **arrays)


def read(path: str | Path, make: Callable[..., Network], backend: str | None) -> Network:
    """Return ``make(W=..., a=..., scale=..., ...)`` of what :func:`write` wrote.

    Raises:
        ValueError: another file, or a damaged one.
    """
    with Path(path).open("rb") as file:
        try:
            layers, scale, activation = _parsed(np.load(file, allow_pickle=False))
        except (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} holds no network of TwoLayer.save: {error}") from error
    placed = {name: placed_for(backend, array) for name, array in layers.items()}
    return make(**placed, scale=scale, activation=activation, backend=backend)


def _parsed(file: Any) -> tuple[dict[str, Array], float, Activation]:
    """Return the layers, the scale and the activation of an open .npz file."""
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise ValueError("it is one array")
    missing = [name for name in (*_SETTINGS, "W", "a") if name not in file]
    unknown = [name for name in file if name not in _LAYERS.union(_SETTINGS)]
    if missing or unknown:
        raise ValueError(f"it lacks {missing} and has {unknown}")
    version, scale, knots, slopes, value, right = (file[name] for name in _SETTINGS)
    if version != VERSION:
        raise ValueError(f"its version is {version}, not {VERSION}")
    activation = Activation(
        tuple(knots.tolist()), tuple(slopes.tolist()), float(value), bool(right)
    )
    layers = {name: file[name] for name in file if name in _LAYERS}
    return layers, float(scale), admit_activation(activation)
