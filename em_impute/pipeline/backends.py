"""Where parts of a table, or many files, are worked on.  A backend is a context that yields an ordered map over parts.

Its results come in the order of its items whatever worked on them, so that reducing them from left to right gives the
same bits everywhere.
"""

import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from em_impute.environment import BLAS_THREADS
from em_impute.errors import FitError, UsageError, how_to_install, option
from em_impute.pipeline.parts import Part

A = TypeVar("A")
R = TypeVar("R")


class MapParts(Protocol):
    """An ordered map over parts, each with what is to be done to it; both are taken from their iterables lazily."""

    def __call__(self, function: Callable[[Part, A], R], parts: Iterable[Part], what: Iterable[A], /) -> Iterator[R]:
        """Yield `function(part, what)` for one pair after the other."""


@contextmanager
def serial_parts(forget: Callable[[], Any]) -> Iterator[MapParts]:
    """Work on one part after the other, in this process, and in the end `forget` what was kept of them."""
    try:
        yield map
    finally:
        forget()


if TYPE_CHECKING:
    from distributed import Client


AHEAD = 2
"""Parts a worker that are handed out before the first result is waited for: one to work on, one to come."""

CONNECT_SECONDS = 5

WORKER_ENVIRONMENT = {"distributed.nanny.pre-spawn-environ": dict.fromkeys(BLAS_THREADS, 1)}
"""Without Dask's order to give memory back at once, which is asked for again with the next chunk: that took a quarter
of a worker's time."""

NO_DIARY = {"distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "1s"}
"""Dask notes a hundred times a second what its processes do, for a dashboard that nobody looks at."""

LOST_HINT = (
    f"are they out of memory? give each less with {option('max_memory')}, or split the parts; inputs are as they were"
)


@contextmanager
def dask_parts(scheduler: str | None, n_workers: int | None, forget: Callable[[], Any]) -> Iterator[MapParts]:
    """Work on parts by Dask: with the scheduler at that address, or else with `n_workers` processes of our own.

    A part goes to the worker that had it before as long as there is that worker, and a task of a worker that dies to
    another one.  In the end all workers `forget` what they kept.  Raises UsageError where Dask is not installed or
    nobody answers, FitError when the workers are lost.
    """
    with ExitStack() as resources:
        client = _connected(scheduler, n_workers, resources)
        from distributed import KilledWorker
        from distributed.comm.core import CommClosedError

        if not client.nthreads():
            message = f"no worker is connected to the scheduler {scheduler}"
            raise UsageError(message, f"start one with `dask worker {scheduler}`")
        try:
            yield partial(_ordered, client)
        except KilledWorker:
            raise FitError("a task ended several workers, one after the other", LOST_HINT) from None
        except (CancelledError, CommClosedError, TimeoutError):
            raise FitError("the scheduler or all workers of Dask were lost", LOST_HINT) from None
        finally:
            if scheduler is not None and client.status == "running":
                with suppress(Exception):  # workers that are gone have forgotten
                    client.run(forget, on_error="ignore")


def _ordered(
    client: "Client", function: Callable[[Part, A], R], parts: Iterable[Part], what: Iterable[A]
) -> Iterator[R]:
    """Hand out a few tasks ahead and yield results in order; what was handed out is taken back if nobody wants it."""
    places = sorted(client.nthreads())  # a worker that died has another address now
    pending: deque[Any] = deque()
    try:
        for part, one in zip(parts, what, strict=False):
            place = [places[part.number % len(places)]] if places else None
            # Not pure: the same words may mean another file by now.
            task = client.submit(function, part, one, workers=place, allow_other_workers=bool(place), pure=False)
            pending.append(task)
            if len(pending) > AHEAD * len(places):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        if pending:
            client.cancel(list(pending), force=True)


def _connected(scheduler: str | None, n_workers: int | None, resources: ExitStack) -> "Client":
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise UsageError("Dask is not installed", how_to_install("dask")) from None
    # Whoever ran a command did not ask for a log; a worker that dies is replaced, and that is all there is to say.
    resources.enter_context(dask.config.set({"logging.distributed": "critical", **WORKER_ENVIRONMENT, **NO_DIARY}))
    for name in ("asyncio", "tornado", *logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"asyncio", "distributed", "tornado"}:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if scheduler is not None:
        try:
            return resources.enter_context(Client(scheduler, timeout=CONNECT_SECONDS))
        except (OSError, ValueError, TimeoutError):
            message = f"no Dask scheduler answers at {scheduler}"
            raise UsageError(message, "start one with `dask scheduler`, which says its address") from None
    try:
        with _without_interrupts():
            cluster = LocalCluster(
                n_workers=n_workers or os.cpu_count() or 1,
                threads_per_worker=1,
                memory_limit=0,  # what is kept is ours to limit; Dask would kill a worker that reads a large part
                dashboard_address="127.0.0.1:0",  # None means port 8787, over which two runs at a time would meet
                silence_logs=logging.CRITICAL,
            )
    except (OSError, RuntimeError, TimeoutError) as error:
        raise FitError(f"Dask cannot start its workers: {error}", f"ask for fewer with {option('workers')}") from None
    resources.enter_context(cluster)
    return resources.enter_context(Client(cluster))


DIED = ("the process that worked on it has died", "it may have run out of memory: use fewer workers")


def attempts(function: Callable[[A], R], items: Sequence[A], n_workers: int = 1) -> Generator[R | Exception]:
    """Call a function for every item, and yield in their order what it returns or the exception that it raises.

    With more than one worker they work in processes of their own, to which function, items and results are pickled.
    One that dies is a `FitError` of its item.  Close the iterator to end them all at once.
    """
    if n_workers == 1:
        return (_attempt(function, item) for item in items)
    return _in_processes(function, items, min(n_workers, max(1, len(items))))


def _attempt(function: Callable[[A], R], item: A) -> R | Exception:
    try:
        return function(item)
    except BrokenPipeError:  # whoever was to be told has left
        raise
    except Exception as error:  # noqa: BLE001  # whoever asked judges it
        error.__traceback__ = error.__context__ = error.__cause__ = None  # which hold on to the table
        return error


def _in_processes(function: Callable[[A], R], items: Sequence[A], n_workers: int) -> Generator[R | Exception]:
    """Let threads wait for a process each: one that dies then is that of one item, and others go on."""
    new_pool = partial(ProcessPoolExecutor, 1, get_context("spawn"), _end_with_parent)
    idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
    for _ in range(n_workers):
        idle.put(new_pool())

    def attempt(item: A) -> R | Exception:
        pool = idle.get()
        try:
            return pool.submit(_attempt, function, item).result()
        except BrokenProcessPool:
            pool.shutdown()  # before the program ends: Python's own way then races with the thread of a broken pool
            pool = new_pool()
            return FitError(*DIED)
        finally:
            idle.put(pool)

    others = {*active_children()}
    with ThreadPoolExecutor(n_workers) as threads:
        with _without_interrupts():
            waiting = [threads.submit(attempt, item) for item in items]
        try:
            for future in waiting:
                yield future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in waiting):  # a process may only just be starting
                for child in {*active_children()} - others:
                    child.terminate()
                wait(waiting, timeout=0.1)
            while not idle.empty():
                idle.get().shutdown()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold back an interrupt while threads and processes start: these never hear of it, and are told to end by us."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # what processes need, and what would unblock the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which processes and threads inherit
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """End this process when the one that started it is killed: nobody would give it work, or tell it to stop."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=watch, daemon=True).start()
