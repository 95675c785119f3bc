"""Training several networks at once: the same experiment with several seeds."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from typing import Any

from pyntk.network import TwoLayer
from pyntk.progress import REPORT_EVERY, admit_progress, counted
from pyntk.scalars import admit_count, admit_integer
from pyntk.threads import allowed
from pyntk.training.draw import admit_seed
from pyntk.training.run import Run
from pyntk.training.train import train

ON_DEVICE = 64
"""Networks that are trained on a device at once, each on a stream of its own."""


def train_replicas(
    nets: Sequence[TwoLayer],
    data: Any,
    *,
    steps: int,
    seeds: Sequence[int] | None = None,
    at_once: int | None = None,
    progress: Any = False,
    **how: Any,
) -> list[Run]:
    """Train each of several networks as :func:`train` does, several of them at a time.

    Run k has the bits of ``train(nets[k], data, steps=steps, seed=seeds[k], **how)`` on one thread.
    The steps of a small network take one CPU thread whatever they may use; so this is how all of
    them are used, or a GPU, where each network has a stream of its own.

    Args:
        nets: networks, each once in it; trained in place. All on the host, or all on one device.
        data: as for :func:`train`; the same for all networks.
        steps: of each network.
        seeds: one for each network; None means 0, 1, 2 ...
        at_once: how many networks; None means as many as there are CPU threads, on a device 64.
            Results do not depend on it.
        progress: True shows a bar; a callable(done, total) is called about every 50 ms with the
            steps that all networks have done.
        **how: the other keywords of :func:`train`.

    Returns:
        The runs, in the order of the networks. After Ctrl-C those so far: ``interrupted`` of each
        tells whether it was stopped, and a network that had not begun is as it was.

    Raises:
        DivergenceError: of the first network that diverged; a note of the exception has its number.
            That one is put back, and the others stop where they are.
        ValueError: a network twice; as many seeds as networks are needed; as for :func:`train`.
        TypeError: as for :func:`train`.
    """
    count, runs = admit_integer("steps", steps), len(nets)
    chosen = [admit_seed(seed) for seed in (range(runs) if seeds is None else seeds)]
    if len(chosen) != runs:
        raise ValueError(f"seeds must be one for each of {runs} networks, not {len(chosen)}")
    if len({id(net) for net in nets}) < runs:
        raise ValueError("nets must be different networks, and one is there twice")
    for net in nets:
        if not isinstance(net, TwoLayer):
            raise TypeError(f"nets must be of pyntk.TwoLayer, not {type(net).__name__}")
    admit_progress(progress)
    on_device = any(net.on_device for net in nets)
    width = (
        (ON_DEVICE if on_device else allowed())
        if at_once is None
        else admit_count("at_once", at_once)
    )
    begun = _event() if on_device else None
    done = [0] * runs
    stopped = threading.Event()

    def one(number: int) -> Run:
        def report(steps_done: int, total: int) -> None:
            done[number] = steps_done
            if stopped.is_set():
                raise KeyboardInterrupt

        net = nets[number]
        with _alone(net), _on_own_stream(net, begun):
            if stopped.is_set():
                return Run(net, 0, True, {})
            try:
                return train(net, data, steps=count, seed=chosen[number], progress=report, **how)
            except ArithmeticError as error:
                error.add_note(f"this was network {number} of {runs}")
                raise

    with ThreadPoolExecutor(max(1, min(width, runs)), "pyntk-replica") as pool:
        try:
            futures = [pool.submit(one, number) for number in range(runs)]
            with counted(progress, count * runs) as report:
                _await(futures, stopped, lambda: report(sum(done)))
        except BaseException:
            stopped.set()
            raise
    return [future.result() for future in futures]


def _await(
    futures: list[Future[Run]], stopped: threading.Event, report: Callable[[], None]
) -> None:
    """Wait until all runs have ended; after Ctrl-C or an error have them stop."""
    waiting = set(futures)
    while waiting:
        try:
            ended, waiting = wait(waiting, REPORT_EVERY, FIRST_EXCEPTION)
            report()
            if any(future.exception() for future in ended):
                stopped.set()
        except KeyboardInterrupt:
            stopped.set()


@contextlib.contextmanager
def _alone(net: TwoLayer) -> Iterator[None]:
    """Have a network use one CPU thread, beside the others."""
    before, net._threads = net._threads, 1
    try:
        yield
    finally:
        net._threads = before


def _event() -> Any:
    """Return an event of the caller's current stream: what it did before is seen by the runs."""
    import cupy

    return cupy.cuda.get_current_stream().record()


@contextlib.contextmanager
def _on_own_stream(net: TwoLayer, begun: Any) -> Iterator[None]:
    """Have what this thread does with a network on a device run on a stream of its own."""
    if not net.on_device:
        yield
        return
    import cupy

    with net.W.device:
        stream = cupy.cuda.Stream(non_blocking=True)
        stream.wait_event(begun)
        with stream:
            yield
        stream.synchronize()
