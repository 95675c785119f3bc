"""Files of stream_gram, finished and not."""

import json

import numpy as np
import pytest

import pyntk
from pyntk.streaming import shares

SPHERE = np.random.default_rng(0).standard_normal((50, 6))
OTHERS = np.random.default_rng(1).standard_normal((13, 6))
DEEP = {"trained": "all", "depth": 3, "weight_variance": 2.0, "bias_variance": 0.1}


def manifest_of(path):
    return path.with_name(path.name + ".json")


def fields_of(path):
    """The manifest of a file."""
    return json.loads(manifest_of(path).read_text())


def blocks_done(path):
    """The number of finished blocks, 0 without a manifest."""
    return fields_of(path)["blocks"]["done"] if manifest_of(path).exists() else 0


def change(path, **fields):
    """Replace fields of the manifest."""
    manifest_of(path).write_text(json.dumps(fields_of(path) | fields))


def stopped(X, path, after, monkeypatch, **options):
    """Stop a call after so many blocks, by an exception in its progress callable."""

    def stop(done, total):
        if blocks_done(path) >= after:
            raise LookupError("enough")

    with monkeypatch.context() as often:
        often.setattr(shares, "REPORT_EVERY", 0)
        with pytest.raises(LookupError, match="enough"):
            pyntk.stream_gram(X, path, progress=stop, **options)
    assert blocks_done(path) == after
