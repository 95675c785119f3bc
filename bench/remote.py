"""A contender in another process: another environment, or other environment variables.

Its times are taken in that process (serve.py), so that no transfer is counted; its rounds take
turns with those of the contenders here.
"""

import contextlib
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

SERVER = Path(__file__).with_name("serve.py")
LAST_WORDS = 2000  # characters of the error output that are shown


class Remote:
    """A peer module prepared for X in a process of its own; what it offers is :class:`Local`'s."""

    def __init__(self, python, peer, X, options, threads, environment=None, factor=1.0):
        self.factor = factor
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115, lives as long as the process
        self.process = subprocess.Popen(
            [python, SERVER, peer, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "X.npy")
                np.save(path, X)
                self._ask("prepare", X=path, options=options)
        except BaseException:
            self.close()
            raise

    def run(self):
        """Return the seconds of a call; the process keeps the answer."""
        return self._ask("run")["seconds"]

    def extra_memory(self):
        """Return the bytes that a call needs above its arguments and its answer."""
        return self._ask("extra_memory")["bytes"]

    def entries(self, i, j):
        """Return entries (i, j) of the last answer, times the factor."""
        entries = self._ask("entries", i=i.tolist(), j=j.tolist())["entries"]
        return self.factor * np.array(entries)

    def forget(self):
        """Free the answer."""
        self._ask("forget")

    def close(self):
        """End the process."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(BrokenPipeError):  # what it did not read any more
            self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()

    def _ask(self, op, **request):
        try:
            self.process.stdin.write(json.dumps({"op": op, **request}) + "\n")
            self.process.stdin.flush()
            reply = self.process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        if not reply:
            self.process.wait()
            self.errors.seek(0)
            raise RuntimeError(
                f"the peer's process ended with {self.process.returncode} at {op!r}:\n"
                + self.errors.read()[-LAST_WORDS:]
            )
        return json.loads(reply)
