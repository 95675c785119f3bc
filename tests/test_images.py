"""Image files: what is read from them, and that damaged and foreign ones are refused."""

import gzip
import pickle
import struct

import numpy as np
import pytest

from image_files import LABELS, PIXELS, idx, records, write_mnist
from pyntk import images
from pyntk.images import cifar10, mnist


def test_mnist(tmp_path):
    data = mnist(write_mnist(tmp_path))
    kept = [0, 1, 3, 4, 5]
    np.testing.assert_array_equal(data.X, PIXELS.reshape(6, 12)[kept])
    assert data.X.dtype == np.float64
    assert data.y.tolist() == [-1, 1, 1, -1, -1]
    assert (data.name, data.classes) == ("mnist", ("0", "1"))
    assert data.notes == ("5 of 6 images of train-images-idx3-ubyte",)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzipped"])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("below", ["", *images.MNIST_FOLDERS])
def test_gzipped_whatever_it_is_called(tmp_path, pack, end, below):
    write_mnist(tmp_path / below, pack=pack, end=end)
    assert len(mnist(tmp_path).y) == 5


def test_the_other_spelling(tmp_path):
    write_mnist(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert len(mnist(tmp_path).y) == 5


def test_test_images_follow(tmp_path):
    write_mnist(tmp_path)
    write_mnist(tmp_path, "t10k", 255 - PIXELS[:2], LABELS[:2])
    data = mnist(tmp_path, (1, "0"))
    assert data.y.tolist() == [1, -1, -1, 1, 1, 1, -1]
    np.testing.assert_array_equal(data.X[5:], 255.0 - PIXELS[:2].reshape(2, 12))
    assert len(data.notes) == 2
    alone = mnist(write_mnist(tmp_path / "alone", "t10k"))
    assert len(alone.y) == 5


def test_many_images_are_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "AT_ONCE", 30)  # two and a half images
    write_mnist(tmp_path, pack=gzip.compress)
    np.testing.assert_array_equal(mnist(tmp_path).X, PIXELS.reshape(6, 12)[LABELS < 2])


IMAGES = b"\0\0\x08\x03"
PACKED = gzip.compress(idx(PIXELS), mtime=0)
BAD_IDX = {
    "no images": ("images", b"", "cut off: 4 bytes"),
    "half a header": ("images", IMAGES + b"\0\0\0\x06", "cut off: 8 bytes"),
    "a pixel short": ("images", idx(PIXELS)[:-1], "cut off: 1 bytes"),
    "a byte more": ("images", idx(PIXELS) + b"x", "longer than its header"),
    "an image short": ("images", idx(PIXELS[:5]), "has 5 images, but train-labels.* 6 labels"),
    "labels for images": ("images", idx(LABELS), "the bytes 00000801, not with 00000803"),
    "floats": ("images", idx(PIXELS, b"\0\0\x0d\x03"), "00000d03.*no IDX file of unsigned bytes"),
    "a PDF": ("images", b"%PDF-1.4 and so on", "starts with the bytes 25504446"),
    "huge images": ("images", IMAGES + struct.pack(">3I", 6, 2**31, 2**31), "claims images of"),
    "flat images": ("images", IMAGES + struct.pack(">3I", 6, 0, 4), "claims images of 0 x 4"),
    "packed, no end": ("images", PACKED[:-9], "damaged or cut off"),
    "packed, a start": ("images", PACKED[:15], "damaged or cut off"),
    "packed and more": ("images", PACKED + b"and more", "damaged or cut off"),
    "packed, no checksum": ("images", PACKED[:-8] + bytes(8), "damaged or cut off"),
    "a byte more, packed": ("images", gzip.compress(idx(PIXELS) + b"x", mtime=0), "longer than"),
    "labels short": ("labels", idx(LABELS)[:-2], "cut off: 2 bytes"),
    "a label more": ("labels", idx(LABELS) + b"\0", "longer than its header"),
    "images for labels": ("labels", idx(PIXELS), "the bytes 00000803, not with 00000801"),
    "label 47": ("labels", idx(np.array([0, 1, 2, 3, 4, 47], np.uint8)), "label 47 is no digit"),
    "huge labels": ("labels", b"\0\0\x08\x01\x7f\xff\xff\xff", "cut off|are available"),
}


@pytest.mark.parametrize(("name", "content", "words"), BAD_IDX.values(), ids=BAD_IDX)
def test_bad_idx(tmp_path, name, content, words):
    write_mnist(tmp_path)
    kind = {"images": "images-idx3-ubyte", "labels": "labels-idx1-ubyte"}[name]
    (tmp_path / f"train-{kind}").write_bytes(content)
    with pytest.raises((ValueError, MemoryError), match=words) as error:
        mnist(tmp_path)
    assert f"train-{kind}" in str(error.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no files of MNIST.*train-images-idx3-ubyte"):
        mnist(tmp_path)
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        mnist(tmp_path / "absent")
    write_mnist(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(ValueError, match="train-images-idx3-ubyte, but no train-labels-idx1"):
        mnist(tmp_path)


def test_classes(tmp_path):
    write_mnist(tmp_path)
    assert mnist(tmp_path, (7, 0)).y.tolist() == [-1, 1, -1]
    for classes, words in (
        ((0, 10), "MNIST has no class 10; it has 0, 1"),
        ((0, "cat"), "no class 'cat'"),
        ((1, "1"), "two different classes"),
        ((0, 5), "no image is of class 5"),
    ):
        with pytest.raises(ValueError, match=words):
            mnist(tmp_path, classes)


def test_images_of_two_sizes(tmp_path):
    write_mnist(tmp_path)
    write_mnist(tmp_path, "t10k", PIXELS.reshape(6, 2, 6)[:, :, :5])
    with pytest.raises(ValueError, match=r"images of \[10, 12\] pixels"):
        mnist(tmp_path)


@pytest.mark.parametrize("below", images.CIFAR10_FOLDERS)
def test_cifar10(tmp_path, below):
    folder = tmp_path / below
    folder.mkdir(exist_ok=True)
    first, test = records([0, 3, 1]), records([1, 9], 1)
    (folder / "data_batch_2.bin").write_bytes(first.tobytes())
    (folder / "test_batch.bin.gz").write_bytes(gzip.compress(test.tobytes()))
    data = cifar10(tmp_path)
    np.testing.assert_array_equal(data.X, np.stack([first[0], first[2], test[0]])[:, 1:])
    assert data.y.tolist() == [1, -1, -1]
    assert data.classes == ("airplane", "automobile")
    assert data.notes[0] == "2 of 3 images of data_batch_2.bin"
    assert cifar10(tmp_path, ("cat", 9)).y.tolist() == [1, -1]
    with pytest.raises(ValueError, match=r"CIFAR-10 has no class 'fish'; it has airplane"):
        cifar10(tmp_path, ("cat", "fish"))


def test_many_records_are_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "AT_ONCE", 2 * 3073 + 5)
    batch = records([0, 1, 5, 1, 0])
    (tmp_path / "data_batch_1.bin").write_bytes(batch.tobytes())
    np.testing.assert_array_equal(cifar10(tmp_path).X, batch[[0, 1, 3, 4], 1:])


BAD_BATCHES = {
    "empty": (b"", "is empty"),
    "a byte short": (records([0, 1]).tobytes()[:-1], "3072 bytes follow 1 records"),
    "a byte more": (records([0, 1]).tobytes() + b"x", "1 bytes follow 2 records"),
    "label 77": (records([0, 1, 77]).tobytes(), "label of record 2 is 77"),
    "a pickle": (pickle.dumps({"data": b"x" * 20}), "cut off, or no file"),
    "packed, no end": (
        gzip.compress(records([0, 1]).tobytes(), mtime=0)[:-20],
        "damaged or cut off",
    ),
    "other classes": (records([2, 3]).tobytes(), "no image is of class airplane"),
}


@pytest.mark.parametrize(("content", "words"), BAD_BATCHES.values(), ids=BAD_BATCHES)
def test_bad_batches(tmp_path, content, words):
    (tmp_path / "data_batch_1.bin").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        cifar10(tmp_path)


@pytest.mark.parametrize("below", [".", "cifar-10-batches-py"])
def test_pickles_are_not_opened(tmp_path, below):
    """The Python version of CIFAR-10: the error says what to download instead."""

    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    (tmp_path / below).mkdir(exist_ok=True)
    (tmp_path / below / "data_batch_1").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(FileNotFoundError, match=r"pickle.*cifar-10-binary\.tar\.gz"):
        cifar10(tmp_path)


def test_too_many_images(tmp_path, monkeypatch):
    """What is needed is compared with what there is before it is allocated."""
    monkeypatch.setattr("pyntk.memory.SMALL", 0)
    monkeypatch.setattr("pyntk.memory.host_available", lambda: (100, "a limit"))
    write_mnist(tmp_path)
    with pytest.raises(MemoryError, match="reading mnist needs 600 bytes"):
        mnist(tmp_path)
