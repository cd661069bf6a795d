"""Programs as calculators: a cart of JSON on each line of stdin, an answer of JSON on each line of stdout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, Queue
from threading import Thread
from typing import IO, Any, Final, Self

from dutycalc.errors import FactsError
from dutycalc.testing.agreement import StoppedError

LONGEST: Final = 1 << 20
"""Bytes of an answer; a line that is longer is none."""

_TAIL: Final = 2_000
"""Bytes of what a program wrote on stderr that are looked at for its last words."""


class Program:
    """A running program that is asked about one cart at a time; to be used with `with`.

    StoppedError where it ends, stays silent for `timeout` seconds, or writes what is no JSON, with its
    last words on stderr; FactsError where it cannot be started. It is ended, with what it has started,
    on leaving.
    """

    def __init__(self, command: Sequence[str], *, timeout: int = 10) -> None:
        self.command = tuple(command)
        self.timeout = timeout
        self.asked = 0
        # A pipe that nobody empties would stop the program: threads read and write, stderr goes to a file.
        # What it writes without being asked is not read on for ever.
        self._in: Queue[bytes | None] = Queue()
        self._out: Queue[bytes | None] = Queue(maxsize=2)

    def __enter__(self) -> Self:
        self._said = tempfile.TemporaryFile()  # closed on leaving
        try:
            self._process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, bufsize=0,
                start_new_session=True,
            )  # fmt: skip
        except OSError as fault:
            self._said.close()
            reason = (fault.strerror or str(fault)).lower()
            raise FactsError(f"{self.command[0]}: {reason}") from None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._threads = (
            Thread(target=_write, args=(self._process.stdin, self._in), daemon=True),
            Thread(target=_read, args=(self._process.stdout, self._out), daemon=True),
        )
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._in.put(None)
        self._end()
        with suppress(Empty):
            while self._out.get(timeout=self.timeout) is not None:
                pass
        for one in self._threads:
            one.join(self.timeout)
        self._process.wait()
        self._said.close()

    def _end(self) -> None:
        """End the program and what it has started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def __call__(self, cart: dict[str, Any]) -> Any:
        """Return the program's answer to a cart."""
        self.asked += 1
        text = json.dumps(cart, ensure_ascii=False, separators=(",", ":"))
        if not self._out.empty() and (early := self._next()) is not None:
            raise self._stopped(f"wrote without being asked: {_seen(early)}", text)
        self._in.put(text.encode() + b"\n")
        try:
            line = self._next()
        except Empty:
            raise self._stopped(f"gave no answer within {self.timeout} seconds", text) from None
        if line is None:
            raise self._stopped(self._how_it_ended(), text)
        try:
            return json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError):
            raise self._stopped(f"answered with what is no line of JSON: {_seen(line)}", text) from None

    def _next(self) -> bytes | None:
        """Return the next line, None again and again after the last; Empty where none comes in time."""
        line = self._out.get(timeout=self.timeout)
        if line is None:
            self._out.put(None)
        return line

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(self.timeout)
        except subprocess.TimeoutExpired:
            return "closed its stdout without an answer"
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code} and no answer"

    def _stopped(self, what: str, cart: str) -> StoppedError:
        self._said.seek(0, os.SEEK_END)
        self._said.seek(max(self._said.tell() - _TAIL, 0))
        lines = self._said.read().decode(errors="replace").split("\n")
        last = next((one.strip() for one in reversed(lines) if one.strip()), "")
        words = f"; its last words: {last}" if last else ""
        return StoppedError(f"{self.command[0]} {what}{words}; it was asked about cart {self.asked}: {cart}")


def _write(pipe: IO[bytes], carts: Queue[bytes | None]) -> None:
    """Write carts into a pipe until there are none; a reader that is gone is told by its own silence."""
    with pipe:
        while (cart := carts.get()) is not None:
            left = memoryview(cart)
            try:
                while left:
                    left = left[pipe.write(left) or 0 :]
            except OSError:
                return


def _read(pipe: IO[bytes], answers: Queue[bytes | None]) -> None:
    """Hand on every line that a program writes, and None at its end; a line without end is handed on cut."""
    try:
        rest = b""
        with pipe:
            while part := pipe.read(1 << 16):
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    answers.put(line)
                if len(rest) > LONGEST:
                    break
        if rest:
            answers.put(rest)
    finally:
        answers.put(None)


def _no_number(text: str) -> None:
    raise ValueError(text)


def _seen(line: bytes) -> str:
    text = line.decode(errors="replace").strip()
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
