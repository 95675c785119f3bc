"""The manifest beside a file: whose matrix it is, and which of its blocks are finished."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np

from pyntk.arrays import DOUBLE, SINGLE
from pyntk.contract import TRAINED, Array, Recipe
from pyntk.streaming.blocks import Block, plan
from pyntk.streaming.npy_file import Checksums, flush_folder

FORMAT: Final = "pyntk.stream_gram 1"

_NAMES: Final = {kind: name for name, kind in TRAINED.items()}


class Identity(NamedTuple):
    """What determines every bit of a file, field by field as in the JSON."""

    pyntk: str
    backend: str
    kernel: dict[str, Any]
    X: dict[str, Any]
    Z: dict[str, Any] | None
    shape: list[int]
    dtype: str
    rows_per_block: int


class Manifest(NamedTuple):
    """A manifest: an identity, and the finished blocks with their checksums."""

    identity: Identity
    done: list[tuple[Block, Checksums]]

    @property
    def blocks(self) -> list[Block]:
        """All blocks of the matrix, finished or not."""
        n, p = self.identity.shape
        itemsize = np.dtype(self.identity.dtype).itemsize
        return plan(n, p, self.identity.rows_per_block, itemsize, symmetric=self.symmetric)

    @property
    def complete(self) -> bool:
        """Whether every block is finished."""
        return len(self.done) == len(self.blocks)

    @property
    def symmetric(self) -> bool:
        """Whether the upper half mirrors the lower one."""
        return self.identity.Z is None

    def write(self, path: Path) -> None:
        """Replace the manifest of a file, whole or not at all."""
        place, temporary = manifest_path(path), path.with_name(f".{path.name}.json.pyntk-part")
        text = json.dumps(
            {
                "format": FORMAT,
                **self.identity._asdict(),
                "complete": self.complete,
                "blocks": {
                    "total": len(self.blocks),
                    "done": len(self.done),
                    "fields": ["i0", "i1", "j0", "j1", "crc32", "crc32_mirrored"],
                    "finished": [[*block, *checksums] for block, checksums in self.done],
                },
            }
        )
        with temporary.open("w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, place)
        flush_folder(place)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the manifest of a file; raise ValueError for anything else."""
        place = manifest_path(path)
        try:
            found = json.loads(place.read_bytes())
            if not isinstance(found, dict) or found.get("format") != FORMAT:
                raise ValueError(f"its format is not {FORMAT!r}")
            identity = Identity(**{name: found[name] for name in Identity._fields})
            _check(identity)
            manifest = cls(identity, [_finished(*entry) for entry in found["blocks"]["finished"]])
            listed = [block for block, _ in manifest.done]
            if listed != manifest.blocks[: len(listed)] or manifest.complete != found["complete"]:
                raise ValueError("its blocks are not those of its shape")
            return manifest
        except (ValueError, KeyError, TypeError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{place} is no manifest of stream_gram: {reason}") from None


def manifest_path(path: Path) -> Path:
    """Return where the manifest of a file is."""
    return path.with_name(path.name + ".json")


def rows_found(path: Path) -> int | None:
    """Return the rows of a block of a file that is there, None where there is no such file."""
    if not manifest_path(path).is_file():
        return None
    return Manifest.read(path).identity.rows_per_block


def identify(array: Array) -> dict[str, Any]:
    """Return shape, dtype and SHA-256 of an admitted array."""
    digest = hashlib.sha256(array.reshape(-1).data).hexdigest()
    return {"shape": list(array.shape), "dtype": array.dtype.str, "sha256": digest}


def keywords(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as keywords of ntk_gram."""
    return {
        "trained": _NAMES[recipe.kind],
        "depth": recipe.depth,
        "weight_variance": recipe.weight_variance,
        "bias_variance": recipe.bias_variance,
        "accumulate": "float64" if recipe.float64_sums else None,
    }


def difference(found: Identity, wanted: Identity) -> str | None:
    """Say in what an existing file is not the one that is wanted; None if it is."""
    for name in Identity._fields:
        old, new = getattr(found, name), getattr(wanted, name)
        if old == new:
            continue
        if not (isinstance(old, dict) and isinstance(new, dict)):
            return f"{name} is {_readable(old)} there and {_readable(new)} here"
        for key in new:
            if old.get(key) != new[key]:
                return f"{key} of the {name} is {old.get(key)!r} there and {new[key]!r} here"
    return None


def _readable(value: Any) -> str:
    return "an array" if isinstance(value, dict) else repr(value)


def _check(identity: Identity) -> None:
    """Raise ValueError unless the fields that a reader relies on are what they should be."""
    shape, rows = identity.shape, identity.rows_per_block
    if not (isinstance(shape, list) and len(shape) == 2 and all(map(_is_natural, shape))):
        raise ValueError(f"its shape is {shape!r}")
    if not (_is_natural(rows) and rows):
        raise ValueError(f"its rows_per_block is {rows!r}")
    if identity.dtype not in (SINGLE.str, DOUBLE.str):
        raise ValueError(f"its dtype is {identity.dtype!r}")


def _finished(*numbers: Any) -> tuple[Block, Checksums]:
    """Return an entry of the list of finished blocks."""
    if len(numbers) != 6 or not all(map(_is_natural, numbers)):
        raise ValueError(f"{list(numbers)} describes no block")
    return Block(*numbers[:4]), (numbers[4], numbers[5])


def _is_natural(number: Any) -> bool:
    return type(number) is int and number >= 0
