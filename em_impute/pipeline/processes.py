"""Work on one item after the other, here or by several processes, where a failure of one does not end the others."""

import os
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import active_children, get_context, parent_process, resource_tracker
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from em_impute.errors import FitError

T = TypeVar("T")
R = TypeVar("R")

DIED = ("the process that worked on it has died", "it may have run out of memory: use fewer workers")


def attempts(function: Callable[[T], R], items: Sequence[T], n_workers: int = 1) -> Generator[R | Exception]:
    """Call a function for every item, and yield in their order what it returns or the exception that it raises.

    With more than one worker they work in processes of their own, to which function, items and results are pickled.
    One that dies is a `FitError` of its item.  Close the iterator to end them all at once.
    """
    if n_workers == 1:
        return (_attempt(function, item) for item in items)
    return _in_processes(function, items, min(n_workers, max(1, len(items))))


def _attempt(function: Callable[[T], R], item: T) -> R | Exception:
    try:
        return function(item)
    except BrokenPipeError:  # whoever was to be told has left
        raise
    except Exception as error:  # noqa: BLE001  # whoever asked judges it
        error.__traceback__ = error.__context__ = error.__cause__ = None  # which hold on to the table
        return error


def _in_processes(function: Callable[[T], R], items: Sequence[T], n_workers: int) -> Generator[R | Exception]:
    """Let threads wait for a process each: one that dies then is that of one item, and others go on."""
    new_pool = partial(ProcessPoolExecutor, 1, get_context("spawn"), _end_with_parent)
    idle: SimpleQueue[ProcessPoolExecutor] = SimpleQueue()
    for _ in range(n_workers):
        idle.put(new_pool())

    def attempt(item: T) -> R | Exception:
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
        with without_interrupts():
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
def without_interrupts() -> Iterator[None]:
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
