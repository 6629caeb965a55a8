"""The hash of what is read and written, found beside the reading and the writing."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self


class Hash:
    """The SHA-256 of some bytes, found in a thread of its own; empty if it is not `wanted`.

    hashlib releases the interpreter, so this takes no longer while a second core is idle.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self.n_bytes = 0
        """so far"""
        self._is_wanted = wanted
        self._hash = hashlib.sha256()
        self._worker = ThreadPoolExecutor(1)
        self._pending: Future[None] | None = None
        self._has_thread = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.shutdown()

    def update(self, data: bytes | memoryview) -> None:
        """Go on with `data`, which must stay as it is until the next call."""
        self.wait()
        self.n_bytes += len(data)
        if not self._is_wanted:
            return
        if self._has_thread:
            try:
                self._pending = self._worker.submit(self._hash.update, data)
            except RuntimeError:  # the process may have no more threads; never again, or this would be hashed then too
                self._has_thread = False
        if not self._has_thread:
            self._hash.update(data)

    def wait(self) -> None:
        """Wait until all data so far is hashed."""
        if self._pending:
            self._pending.result()
            self._pending = None

    def hexdigest(self) -> str:
        """Give the hash."""
        self.wait()
        return self._hash.hexdigest() if self._is_wanted else ""
