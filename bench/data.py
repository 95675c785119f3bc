"""The rows that are raced."""

import numpy as np


def gaussian(n, d, dtype, seed=0):
    """Generic rows: angles near a right one."""
    return np.random.default_rng(seed).standard_normal((n, d)).astype(dtype)


def patches(n, side, dtype):
    """Raw patches of a picture with the spectrum of natural ones, 1 / frequency, values 0 to 255.

    They share their brightness, so that nearly all pairs take their chord.
    """
    generator = np.random.default_rng(0)
    size = 512
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    frequency[0, 0] = np.inf
    waves = np.fft.fft2(generator.standard_normal((size, size))) / frequency
    picture = np.fft.ifft2(waves).real
    picture = np.clip(128 + 30 * picture / picture.std(), 0, 255).round()
    rows, columns = generator.integers(0, size - side, (2, n))
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))
    return windows[rows, columns].reshape(n, -1).astype(dtype)


def iris(n, dtype):
    """Fisher's iris, its 150 rows again and again: uncentred, with duplicates."""
    from sklearn.datasets import load_iris

    return np.resize(load_iris().data, (n, 4)).astype(dtype)


def near_parallel_share(X):
    """Return the share of pairs of rows whose angle comes from their chord: |cos| > 13/16."""
    U = X[:1000] / np.linalg.norm(X[:1000], axis=1, keepdims=True)
    return float((np.abs(U @ U.T) > 13 / 16).mean())
