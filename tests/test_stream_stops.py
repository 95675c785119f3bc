"""Calls of stream_gram that end before their time go on where they were."""

import concurrent.futures
import errno
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import pyntk
from interrupts import interrupted
from pyntk.streaming import blocks, shares
from streams import DEEP, OTHERS, SPHERE, blocks_done, fields_of, manifest_of, stopped


@pytest.fixture
def path(tmp_path):
    return tmp_path / "K.npy"


@pytest.fixture
def half(path, monkeypatch):
    """A file of 5 rows to a block of which three blocks are done."""
    stopped(SPHERE, path, 3, monkeypatch, rows_per_block=5)
    return path


def test_resumes_what_an_exception_stopped(half):
    before = fields_of(half)["blocks"]["finished"]
    first = half.read_bytes()
    with pytest.raises(ValueError, match=r"not complete: \d of 10 blocks .* stream_gram"):
        pyntk.open_gram(half)
    seen = []
    K = pyntk.stream_gram(SPHERE, half, progress=lambda *share: seen.append(share))
    assert seen[0][0] >= sum(5 * (5 + i0) for i0 in range(0, 5 * len(before), 5))
    np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE))
    after = fields_of(half)["blocks"]["finished"]
    assert after[: len(before)] == before
    assert len(first) == half.stat().st_size


def test_a_complete_file_is_not_computed_again(path, monkeypatch):
    pyntk.stream_gram(SPHERE, path)
    changed = path.stat().st_mtime_ns, manifest_of(path).stat().st_mtime_ns
    monkeypatch.setattr(blocks, "compute", None)
    K = pyntk.stream_gram(SPHERE.tolist(), path, rows_per_block=50)
    np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE))
    assert (path.stat().st_mtime_ns, manifest_of(path).stat().st_mtime_ns) == changed


def test_ctrl_c(path, monkeypatch):
    monkeypatch.setattr(shares, "REPORT_EVERY", 0)

    def interrupt(done, total):
        if done > total / 3:
            signal.raise_signal(signal.SIGINT)

    # A job in the background ignores SIGINT.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            pyntk.stream_gram(SPHERE, path, rows_per_block=1, progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert 0 < blocks_done(path) < 50
    np.testing.assert_array_equal(pyntk.stream_gram(SPHERE, path), pyntk.ntk_gram(SPHERE))


def test_ctrl_c_from_outside(path):
    program = """if True:
        import sys, time
        import numpy as np, pyntk
        X = np.random.default_rng(0).standard_normal((3000, 6))
        print("begin", flush=True)
        try:
            pyntk.stream_gram(X, sys.argv[1], rows_per_block=100, trained="all", depth=100)
        except KeyboardInterrupt:
            print(time.time())
    """
    sent, (served,) = interrupted(program, str(path))
    assert float(served) - sent < 5  # fsync waits for the disk
    with pytest.raises(ValueError, match="not complete"):
        pyntk.open_gram(path)
    X = np.random.default_rng(0).standard_normal((3000, 6))
    done = blocks_done(path)
    leading = np.load(path, mmap_mode="r")[: min(100 * done, 300), : min(100 * done, 300)]
    H = pyntk.ntk_gram(X[: len(leading)], trained="all", depth=100)
    np.testing.assert_array_equal(leading, H)


def test_a_disk_without_room(path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=20127))
    with pytest.raises(OSError, match="needs 20128 bytes, and the disk has 20127 free") as caught:
        pyntk.stream_gram(SPHERE, path)
    assert caught.value.errno == errno.ENOSPC
    assert not os.listdir(path.parent)


@pytest.mark.parametrize("writes", range(0, 130, 13))
def test_a_disk_that_is_full_later(path, monkeypatch, writes):
    count = writes
    pwrite = os.pwrite

    def write(descriptor, data, offset):
        nonlocal count
        count -= 1
        if count < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(descriptor, bytes(data[:7]) if count == 0 else data, offset)

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", write)
        with pytest.raises(OSError, match="No space left"):
            pyntk.stream_gram(SPHERE, path, rows_per_block=15)
    K = pyntk.stream_gram(SPHERE, path, rows_per_block=15)
    np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE))


def test_a_limit_of_the_file_size(path):
    """Of the system: nothing is left."""
    program = """if True:
        import errno, resource, sys
        import numpy as np, pyntk
        resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
        try:
            pyntk.stream_gram(np.ones((50, 6)), sys.argv[1])
        except OSError as error:
            assert error.errno == errno.EFBIG
            print("refused")
    """
    found = subprocess.run(
        [sys.executable, "-P", "-c", program, str(path)], capture_output=True, text=True
    )
    assert found.stdout == "refused\n", found.stderr
    assert not os.listdir(path.parent)


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL])
def test_a_file_system_that_cannot_allocate(path, monkeypatch, code):
    def refuse(*_):
        raise OSError(code, "not here")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    np.testing.assert_array_equal(pyntk.stream_gram(SPHERE, path), pyntk.ntk_gram(SPHERE))


def test_a_disk_that_fails(path, monkeypatch):
    """What fsync did not confirm is not in the manifest."""

    def fail(descriptor):
        if count():
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    calls, fsync = [], os.fsync
    count = lambda: calls.append(1) or len(calls) == 9  # noqa: E731
    with monkeypatch.context() as failing:
        failing.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output error"):
            pyntk.stream_gram(SPHERE, path, rows_per_block=5)
    np.testing.assert_array_equal(pyntk.stream_gram(SPHERE, path), pyntk.ntk_gram(SPHERE))


def test_what_the_manifest_says_is_on_the_disk(path, monkeypatch):
    """Which a killed process cannot tell, only one that loses its power."""
    seen = []

    def noted(name, what):
        call = getattr(os, name)

        def run(*arguments):
            seen.append((name, what(arguments)))
            return call(*arguments)

        monkeypatch.setattr(os, name, run)

    def inode(arguments):
        return os.fstat(arguments[0]).st_ino

    noted("pwrite", inode)
    noted("fsync", inode)
    noted("replace", lambda names: os.path.basename(names[1]))
    pyntk.stream_gram(SPHERE, path, rows_per_block=20)
    data, folder = path.stat().st_ino, path.parent.stat().st_ino
    ends = [i for i, event in enumerate(seen) if event[0] == "replace"]
    manifests = [i for i in ends if seen[i][1] == "K.npy.json"]
    assert len(manifests) == 4
    assert len(ends) == 5
    for i in ends:
        assert [event for event in seen[:i] if event[1] == data][-1:] in ([], [("fsync", data)])
        assert seen[i + 1] == ("fsync", folder)
    for i in manifests:
        assert seen[i - 1][0] == "fsync"
        assert seen[i - 1][1] not in (data, folder)


@pytest.mark.parametrize("Z", [None, OTHERS], ids=["X", "XZ"])
def test_threads_compute(path, Z):
    with concurrent.futures.ThreadPoolExecutor(3) as executor:
        K = pyntk.stream_gram(SPHERE, path, Z=Z, rows_per_block=4, executor=executor, **DEEP)
        np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE, Z, **DEEP))
        assert executor.submit(int, "3").result() == 3


def test_processes_compute(path):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as executor:
        K = pyntk.stream_gram(SPHERE, path, rows_per_block=20, executor=executor)
    np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE))


class Faulty:
    """Answers a few times, then with something else."""

    def __init__(self, right, answer, cancelled):
        self.right, self.answer, self.cancelled = right, answer, cancelled

    def submit(self, function, task):
        self.right -= 1
        result = partial(function, task) if self.right >= 0 else self.answer
        return SimpleNamespace(result=result, cancel=lambda: self.cancelled.append(task))


def test_an_executor_that_fails(path):
    def fail():
        raise ConnectionError("gone")

    cancelled = []
    with pytest.raises(ConnectionError):
        pyntk.stream_gram(SPHERE, path, rows_per_block=5, executor=Faulty(3, fail, cancelled))
    assert len(cancelled) == 3
    assert blocks_done(path) == 3
    for wrong in (None, np.zeros((2, 2)), np.zeros((5, 20), np.float32)):
        faulty = Faulty(0, lambda wrong=wrong: wrong, [])
        with pytest.raises(TypeError, match="the executor returned"):
            pyntk.stream_gram(SPHERE, path, executor=faulty)
    np.testing.assert_array_equal(pyntk.stream_gram(SPHERE, path), pyntk.ntk_gram(SPHERE))
