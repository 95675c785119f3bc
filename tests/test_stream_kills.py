"""Calls of stream_gram that are killed, at any instant, and made again: the bits of ntk_gram.

20 kills come at random times (PYNTK_KILLS=200 in the environment makes them 200), and one before
each call of the system that writes, flushes, renames or allocates.
"""

import json
import os
import signal
import subprocess
import sys

import numpy as np

import pyntk

KILLS = int(os.environ.get("PYNTK_KILLS", "20"))

COMMON = """
import json, os, random, signal, sys, time
import numpy as np, pyntk

folder, kills = sys.argv[1], int(sys.argv[2])
path = os.path.join(folder, "K.npy")

def state():
    '''How many blocks of a killed call are done; -1 where there is no manifest.'''
    if not os.path.exists(path + ".json"):
        return -1
    with open(path + ".json") as file:
        return json.load(file)["blocks"]["done"]

def forked(before, X, **options):
    '''Fork a process that makes the call, and exits with 0.'''
    child = os.fork()
    if child == 0:
        try:
            before()
            pyntk.stream_gram(X, path, **options)
            os._exit(0)
        finally:
            os._exit(1)
    return child

def ended(child):
    '''Wait; tell whether the call was complete.'''
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), code
    return code == 0

def check(X, **options):
    K, H = pyntk.open_gram(path, verify=True), pyntk.ntk_gram(X, **options)
    assert K.tobytes() == H.tobytes()
    assert sorted(os.listdir(folder)) == ["K.npy", "K.npy.json"]
    os.unlink(path)
    os.unlink(path + ".json")
"""

AT_RANDOM = """
X = np.random.default_rng(0).standard_normal((1500, 30)).astype(np.float32)
deep = {"trained": "all", "depth": 3}
random.seed(0)
begun = time.monotonic()
assert ended(forked(lambda: None, X, rows_per_block=150, **deep))
duration = time.monotonic() - begun
check(X, **deep)
states, complete = [], 0
while len(states) < kills:
    child = forked(lambda: None, X, rows_per_block=150, **deep)
    time.sleep(random.uniform(0, 0.7 * duration))
    os.kill(child, signal.SIGKILL)
    if ended(child):
        complete += 1
        check(X, **deep)
    else:
        states.append(state())
assert ended(forked(lambda: None, X, rows_per_block=150, **deep))
check(X, **deep)
print(json.dumps([states, complete]))
"""

BEFORE_EACH_CALL = """
X = np.random.default_rng(0).standard_normal((40, 3))
NAMES = ("pwrite", "fsync", "replace", "posix_fallocate", "ftruncate", "unlink")

def die_before(number):
    left = number

    def counted(call):
        def run(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*arguments, **options)
        return run

    for name in NAMES:
        setattr(os, name, counted(getattr(os, name)))

states, number = [], 0
while not ended(forked(lambda: die_before(number), X, rows_per_block=20)):
    states.append(state())
    assert ended(forked(lambda: None, X, rows_per_block=20))
    check(X)
    number += 1
check(X)
# And in one file, again and again.
step = 0
while not ended(forked(lambda: die_before(step), X, rows_per_block=20)):
    step += 1
check(X)
print(json.dumps([states, number]))
"""

BESIDE_A_WORKER = """
def fork_and_die(done, total):
    if done > total / 2:
        worker = os.fork()
        if worker == 0:
            os.close(1)
            os.close(2)
            time.sleep(600)
        print(worker, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

pyntk.stream_gram(np.ones((2000, 3)), path, rows_per_block=1000, progress=fork_and_die)
"""


def killed(program, folder):
    found = subprocess.run(
        [sys.executable, "-P", "-c", COMMON + program, str(folder), str(KILLS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def test_killed_at_random(tmp_path):
    states, complete = killed(AT_RANDOM, tmp_path)
    print(f"blocks that were done at each kill: {states}; {complete} calls were not hit")
    assert len(states) == KILLS
    assert len({done for done in states if done > 0}) >= 3


def test_killed_before_each_call_of_the_system(tmp_path):
    states, number = killed(BEFORE_EACH_CALL, tmp_path)
    assert number == len(states)
    assert states == sorted(states)
    assert min(states.count(done) for done in (-1, 0, 1)) >= 3


def test_killed_while_a_forked_worker_lives(tmp_path):
    """It does not keep the file locked."""
    found = subprocess.run(
        [sys.executable, "-P", "-c", COMMON + BESIDE_A_WORKER, str(tmp_path), "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        assert found.returncode == -signal.SIGKILL, found.stderr
        X = np.ones((2000, 3))
        np.testing.assert_array_equal(pyntk.stream_gram(X, tmp_path / "K.npy"), pyntk.ntk_gram(X))
    finally:
        os.kill(int(found.stdout), signal.SIGKILL)
