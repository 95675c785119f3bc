"""Files on disk that are not what stream_gram wants are refused, with the reason."""

import json
import os

import numpy as np
import pytest

import pyntk
from streams import OTHERS, SPHERE, blocks_done, change, manifest_of, stopped


@pytest.fixture
def path(tmp_path):
    return tmp_path / "K.npy"


@pytest.fixture
def half(path, monkeypatch):
    """A file of 5 rows to a block of which three blocks are done."""
    stopped(SPHERE, path, 3, monkeypatch, rows_per_block=5)
    return path


def refused(message, X=SPHERE, *, path, error=ValueError, **options):
    """A call is refused, and nothing of what is there changes."""
    files = path.parent.iterdir() if path.parent.is_dir() else ()
    there = {file: file.read_bytes() for file in files if file.is_file()}
    with pytest.raises(error, match=message):
        pyntk.stream_gram(X, path, **options)
    files = path.parent.iterdir() if path.parent.is_dir() else ()
    assert {file: file.read_bytes() for file in files if file.is_file()} == there


def test_files_of_something_else(half):
    other = SPHERE.copy()
    other[-1, -1] = np.nextafter(other[-1, -1], 2)
    refused("another matrix: sha256 of the X is", other, path=half)
    refused(r"shape of the X is \[50, 6\] there and \[49, 6\] here", SPHERE[1:], path=half)
    refused("dtype of the X is '<f8' there", SPHERE.astype(np.float32), path=half)
    refused("Z is None there and an array here", path=half, Z=SPHERE)
    refused("trained of the kernel is 'first' there and 'all' here", path=half, trained="all")
    refused("depth of the kernel", path=half, depth=2)
    refused("weight_variance of the kernel", path=half, weight_variance=1 + 2**-52)
    refused("bias_variance of the kernel", path=half, bias_variance=1e-300)
    refused("accumulate of the kernel", path=half, accumulate="float64")
    refused("rows_per_block is 5 there and 6 here", path=half, rows_per_block=6)
    refused("is there already, and resume=False", path=half, resume=False, error=FileExistsError)
    change(half, pyntk="0.0.1")
    refused("pyntk is '0.0.1' there and", path=half)


def test_files_without_their_manifest(half):
    manifest_of(half).unlink()
    refused(r"no K.npy.json beside it", path=half, error=FileExistsError)
    with pytest.raises(FileNotFoundError):
        pyntk.open_gram(half)


def test_manifests_without_their_file(half):
    half.unlink()
    refused("is gone, and .* says that blocks of it are done", path=half)
    refused("resume=False", path=half, resume=False, error=FileExistsError)


@pytest.mark.parametrize("place", ["finished", "mirrored"])
def test_altered_entries(half, place):
    K = np.load(half, mmap_mode="r+")
    K[(6, 2) if place == "finished" else (2, 6)] += 1e-9
    K.flush()
    refused("was altered: rows 5 to 9, columns 0 to 9, or their mirror image", path=half)


def test_altered_entries_of_a_complete_file(path):
    pyntk.stream_gram(SPHERE, path, Z=OTHERS, rows_per_block=20)
    K = np.load(path, mmap_mode="r+")
    K[-1, -1] = np.nextafter(K[-1, -1], 9)
    K.flush()
    assert pyntk.open_gram(path).shape == (50, 13)
    with pytest.raises(ValueError, match=r"altered: rows 40 to 49, columns 0 to 12"):
        pyntk.open_gram(path, verify=True)
    refused("altered: rows 40 to 49", path=path, Z=OTHERS)


def test_what_was_not_finished_may_be_anything(half):
    K = np.load(half, mmap_mode="r+")
    done = blocks_done(half)
    K[5 * done :] = np.nan
    K[:, 5 * done :] = np.nan
    K.flush()
    np.testing.assert_array_equal(pyntk.stream_gram(SPHERE, half), pyntk.ntk_gram(SPHERE))


def test_files_that_were_cut_or_replaced(half):
    whole = half.read_bytes()
    half.write_bytes(whole[:-1])
    refused(r"has 20127 bytes, not 20128: it was cut or added to", path=half)
    half.write_bytes(whole + b"\0")
    refused("has 20129 bytes", path=half)
    half.write_bytes(whole[:50])
    refused("no .npy file", path=half)
    half.write_bytes(b"")
    refused("no .npy file", path=half)
    half.write_bytes(b"x" * 20128)
    refused("no .npy file", path=half)
    np.save(half, np.zeros((50, 50), np.float32))
    refused(r"holds an array of shape \(50, 50\), dtype <f4, not of .* dtype <f8", path=half)
    np.save(half, np.asfortranarray(np.random.default_rng(0).standard_normal((50, 50))))
    refused("by columns", path=half)
    np.save(half, np.zeros((25, 100)))
    refused(r"shape \(25, 100\)", path=half)


def test_altered_manifests(half):
    place = manifest_of(half)
    text = place.read_text()
    fields = json.loads(text)
    for damaged in ("", text[:-20], "[]", "{}", "null", '"x"', "\0\0", text.replace("stream", "")):
        place.write_text(damaged)
        refused("is no manifest of stream_gram", path=half)
        with pytest.raises(ValueError, match="is no manifest of stream_gram"):
            pyntk.open_gram(half)
    place.write_bytes(b"\xff\xfe" + text.encode())
    refused("is no manifest", path=half)
    for name in fields:
        place.write_text(json.dumps({key: fields[key] for key in fields if key != name}))
        refused("is no manifest", path=half)
    place.write_text(text)
    finished = fields["blocks"]["finished"]
    for wrong in ([[0]], [None], 3, finished[1:], [[-5, *finished[0][1:]]], [finished[0]] * 2):
        change(half, blocks=fields["blocks"] | {"finished": wrong})
        refused("is no manifest", path=half)
    place.write_text(text)
    for wrong in ("x", [50], [50, -1], [50, 50.5], None, [[50, 50]]):
        change(half, shape=wrong)
        refused("is no manifest", path=half)
    place.write_text(text)
    for field, wrong in [("rows_per_block", 0), ("dtype", "|O"), ("dtype", 8), ("complete", True)]:
        change(half, **{field: wrong})
        refused("is no manifest", path=half)
        place.write_text(text)
    change(half, shape=[60, 60])
    refused("another matrix: shape is", path=half)


def test_paths(path, tmp_path):
    refused("No such file", path=tmp_path / "nowhere" / "K.npy", error=FileNotFoundError)
    (tmp_path / "folder").mkdir()
    refused("folder", path=tmp_path / "folder", error=OSError)
    refused("too long", path=tmp_path / ("x" * 300), error=OSError)
    refused("null byte", path=tmp_path / "x\0y", error=ValueError)
    for wrong, error in [
        (3, TypeError),
        (None, TypeError),
        (b"K.npy", TypeError),
        ("", ValueError),
    ]:
        with pytest.raises(error, match="path"):
            pyntk.stream_gram(SPHERE, wrong)
        with pytest.raises(error, match="path"):
            pyntk.open_gram(wrong)
    with pytest.raises(FileNotFoundError):
        pyntk.open_gram(path)


def test_a_folder_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match=r"K\.npy"):
        pyntk.stream_gram(SPHERE, "/proc/K.npy")
    if os.geteuid() == 0:
        return  # root writes everywhere
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        pyntk.stream_gram(SPHERE, tmp_path / "K.npy")


def test_arguments(path):
    for options, error in [
        ({"rows_per_block": 0}, ValueError), ({"rows_per_block": 2.0}, TypeError),
        ({"executor": 3}, TypeError), ({"depth": 0}, ValueError), ({"threads": 0}, ValueError),
        ({"trained": "none"}, ValueError), ({"backend": "abacus"}, ValueError),
        ({"Z": OTHERS[:, :3]}, ValueError), ({"Z": None, "X": [[1.0, np.nan]]}, ValueError),
    ]:  # fmt: skip
        with pytest.raises(error, match=next(iter(options)).replace("Z", "[ZX]")):
            pyntk.stream_gram(**{"X": SPHERE, "path": path} | options)
        assert not os.listdir(path.parent)


def test_too_large_blocks_are_refused(path, monkeypatch):
    monkeypatch.setattr("pyntk.memory.host_available", lambda: (10**8, "a limit"))
    X = np.ones((6000, 1))
    with pytest.raises(MemoryError, match="smaller rows_per_block needs less"):
        pyntk.stream_gram(X, path, rows_per_block=6000)
    assert not os.listdir(path.parent)


def test_another_writer(path):
    """A second call, from within the first."""
    seen = []

    def again(done, total):
        if not seen:
            with pytest.raises(BlockingIOError, match="another call is writing it") as caught:
                pyntk.stream_gram(SPHERE, path)
            seen.append(caught.value)

    K = pyntk.stream_gram(SPHERE, path, progress=again)
    assert seen
    np.testing.assert_array_equal(K, pyntk.ntk_gram(SPHERE))
