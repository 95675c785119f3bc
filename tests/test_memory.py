"""Promise 15: too big raises MemoryError, with both numbers, before anything large is allocated."""

import re
import resource
import subprocess
import sys

import numpy as np
import pytest

import pyntk
from pyntk import memory
from pyntk.contract import Recipe

N = 3_000_000
"""Rows of one number: 24 MB of data, a Gram of 72 TB."""

TOO_BIG = {
    "ntk_gram": lambda X, **how: pyntk.ntk_gram(X, **how),
    "ntk_gram cross": lambda X, **how: pyntk.ntk_gram(X, X + 1, **how),
    "ntk_gram rows": lambda X, **how: pyntk.ntk_gram(X, rows=slice(0, None, 2), **how),
    "arc_cosine_gram": lambda X, **how: pyntk.arc_cosine_gram(X, degree=0, **how),
    "finite_width_gram": lambda X, **how: pyntk.finite_width_gram(X, X[:5], **how),
}


@pytest.mark.parametrize("call", TOO_BIG)
def test_too_big(backend, call, monkeypatch):
    X = np.ones((N, 1))

    def allocate(*shape, **how):
        pytest.fail(f"allocated {shape}")

    monkeypatch.setattr(pyntk.arrays.Admitted, "empty", allocate)
    with pytest.raises(MemoryError) as error:
        TOO_BIG[call](X, backend=backend)
    name, message = call.split()[0], str(error.value)
    found = re.fullmatch(
        rf"{name} needs (\d+) bytes \(.*\), and (\d+) bytes \(.*\) are available \(.*\)(; .*)?",
        message,
    )
    assert found, message
    needed, available = int(found[1]), int(found[2])
    output = N * N * 8 // (2 if "rows" in call else 1)
    assert output < needed < 1.01 * output
    assert 0 < available < 2**50
    if name != "finite_width_gram":
        assert "ntk_matmul" in message
        assert "rows=" in message


@pytest.fixture
def nothing_left(monkeypatch):
    """64 MiB are available."""
    monkeypatch.setattr(memory, "host_available", lambda: (memory.SMALL, "test"))


def test_what_needs_more_than_is_left(nothing_left):
    X = np.ones((3000, 4))
    V = np.ones((3000, 2000))
    for call, name in [
        (lambda: pyntk.ntk_matmul(X, V), "ntk_matmul"),
        (lambda: pyntk.ntk_vjp(X, None, np.ones((3000, 3000))), "ntk_vjp"),
        (lambda: pyntk.eigh(np.eye(3000)), "eigh"),
        (lambda: pyntk.ntk_gram(np.ones((3000, 3000))[:, ::-1], rows=slice(1)), "contiguous copy"),
        (lambda: pyntk.ntk_gram(np.ones((3000, 3000), int), rows=slice(1)), "X as float64"),
        (lambda: pyntk.ntk_gram(np.ones((9000, 3000), np.float16), rows=slice(1)), "X as float32"),
    ]:
        with pytest.raises(MemoryError, match=rf"{name} needs \d+ bytes .* 67108864 bytes .*test"):
            call()


def test_an_output_that_is_given_is_not_counted(backend, nothing_left):
    X = np.random.default_rng(0).standard_normal((3000, 4))
    with pytest.raises(MemoryError):
        pyntk.ntk_gram(X, backend=backend)
    K = np.empty((3000, 3000))
    assert pyntk.ntk_gram(X, out=K, backend=backend) is K


def test_small_calls_read_no_limit(monkeypatch):
    def read():
        pytest.fail("a small call looked at the limits")

    monkeypatch.setattr(memory, "host_available", read)
    pyntk.ntk_gram(np.ones((100, 4)))


def test_what_is_counted():
    """Norms, shares, and packed rows by the precision that the recipe is computed in."""

    def count(backend, recipe, itemsize, *rows):
        return memory.packed_bytes(backend, recipe, itemsize, 10, *rows) - memory.WORKING

    assert count("cpu", Recipe(), 8, 7) == 7 * 48
    assert count("numba", Recipe(), 4, 7) == 7 * (40 + 48)
    assert count("numba", Recipe(float64_sums=True), 4, 7) == 7 * (80 + 48)
    assert count("numba", Recipe(depth=3), 4, 7, 2) == 9 * (80 + 48)
    biased = Recipe(depth=3, bias_variance=0.1)
    assert count("numba", biased, 4, 7) == 7 * (80 + 48 + 4 * 16)
    assert count("cpu", biased, 4, 7) == 7 * (48 + 4 * 16)


MEMINFO = "MemTotal: 100 kB\nMemFree: 10 kB\nMemAvailable:   {} kB\n"


def machine(root, cgroup="", available=1_000_000, **files):
    """A /proc and a /sys/fs/cgroup."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/meminfo").write_text(MEMINFO.format(available))
    (root / "proc/self/cgroup").write_text(cgroup)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_machine_limits(tmp_path):
    assert memory.host_available(machine(tmp_path)) == (
        1_024_000_000,
        "MemAvailable of the machine",
    )
    assert memory.host_available(tmp_path / "nothing")[0] == 2**63


def test_cgroups_of_version_2(tmp_path):
    """The tightest of the path up to the root counts, and file cache is free."""
    root = machine(
        tmp_path,
        "0::/outer/inner\n",
        **{
            "outer/inner/memory.max": "max\n",
            "outer/inner/memory.current": "600\n",
            "outer/memory.max": "1000\n",
            "outer/memory.current": "900\n",
            "outer/memory.stat": "anon 700\nfile 150\nactive_file 30\ninactive_file 120\n",
        },
    )
    available, limit = memory.host_available(root)
    assert available == 1000 - 900 + 150
    assert limit.endswith("cgroup/outer")


def test_a_container_that_sees_its_cgroup_as_the_root(tmp_path):
    files = {"memory.max": "5000\n", "memory.current": "4000\n"}
    for folder, own in [("namespace", "0::/\n"), ("host path", "0::/docker/abc\n")]:
        assert memory.host_available(machine(tmp_path / folder, own, **files))[0] == 1000


def test_cgroups_of_version_1(tmp_path):
    root = machine(
        tmp_path,
        "9:name=systemd:/\n4:cpu,memory:/job\n0::/\n",
        **{
            "memory/job/memory.limit_in_bytes": "1000\n",
            "memory/job/memory.usage_in_bytes": "1200\n",
            "memory/job/memory.stat": "inactive_file 1\ntotal_inactive_file 100\n",
            "memory/memory.limit_in_bytes": "9223372036854771712\n",
            "memory/memory.usage_in_bytes": "5000\n",
        },
    )
    assert memory.host_available(root) == (
        0,
        f"limit of the cgroup {root}/sys/fs/cgroup/memory/job",
    )


LIMITED = """
import numpy as np, pyntk, sys
X = np.ones((20_000, 1))
pyntk.ntk_gram(X[:10], backend=sys.argv[1])
try:
    pyntk.ntk_gram(X, backend=sys.argv[1])
except MemoryError as error:
    print(error)
print(pyntk.ntk_matmul(X[:2000], X[:2000], backend=sys.argv[1]).shape)
"""


def test_the_limit_of_the_address_space(backend):
    """RLIMIT_AS: 3.2 GB are refused, and the library works on."""
    limit = 3_000_000_000
    run = subprocess.run(
        [sys.executable, "-P", "-c", LIMITED, backend], capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    message, after = run.stdout.splitlines()
    assert "(RLIMIT_AS)" in message
    assert int(re.findall(r"(\d+) bytes", message)[1]) < limit
    assert after == "(2000, 1)"
