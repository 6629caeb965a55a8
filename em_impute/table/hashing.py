"""Hashing what is read and what is written, at the same time."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Self


class Hash:
    """The SHA-256 of some bytes, found in a thread of its own.

    hashlib releases the interpreter, so this costs nothing while a second core is idle.
    """

    def __init__(self) -> None:
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
        return self._hash.hexdigest()


class HashingFile:
    """A file that hashes every byte it hands out.

    A buffer given to `readinto` must stay as it is until the next `readinto` or `hexdigest`.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = Hash()
        self.n_read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        self._hash.__exit__(*of_error)

    def seek(self, offset: int, /) -> int:
        """Go to an absolute offset; what is skipped is not hashed."""
        return self._file.seek(offset)

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill the buffer as far as the file allows at once; 0 at its end."""
        self._hash.wait()
        n_read: int = self._file.readinto(buffer) or 0  # type: ignore[attr-defined]
        self.n_read += n_read
        self._hash.update(buffer[:n_read])
        return n_read

    def read(self, n_bytes: int) -> bytearray:
        """Read exactly so many bytes, fewer only at the end of the file."""
        buffer = bytearray(n_bytes)
        done = 0
        while done < n_bytes and (n_read := self.readinto(memoryview(buffer)[done:])):
            done += n_read
        return buffer if done == n_bytes else buffer[:done]

    def hexdigest(self) -> str:
        """Give the SHA-256 of all that was read."""
        return self._hash.hexdigest()
