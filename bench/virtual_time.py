"""Virtual time for real threads: the measured code runs unchanged, but its waiting takes no real time.

Exactly one thread runs at any moment. When it waits, the clock advances to the earliest moment that a thread waits for,
and that thread continues. Time passes only while all threads wait, so simulations are deterministic.
"""

import heapq
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, tzinfo
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import patch


class StoppedError(BaseException):
    """The simulation is over: waiting threads must end.

    Derived from BaseException, so that `except Exception` does not catch it.
    """


class Sleeper:
    """One thread of the simulation, waiting or running."""

    def __init__(self) -> None:
        self.turn = threading.Semaphore(0)
        self.number = -1  # of the valid appointment; older ones of this thread are ignored


class VirtualClock:
    """Clock that advances only while every thread waits. The thread that creates it leads the simulation."""

    def __init__(self, start: datetime) -> None:
        self._now = start.timestamp()
        self._numbers = itertools.count()
        self._appointments: list[tuple[float, int, Sleeper]] = []
        self._leader = Sleeper()
        self._here = threading.local()
        self._here.sleeper = self._leader
        self._threads: list[tuple[threading.Thread, Sleeper]] = []
        self._failure: BaseException | None = None
        self._stopped = False

    def time(self) -> float:
        """Return virtual seconds since the epoch. Replaces `time.time` and `time.monotonic`."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Wait for virtual seconds. Replaces `time.sleep`."""
        self._appoint(self.me, self._now + max(seconds, 0.0))
        self._hand_over()

    def wait(self) -> None:
        """Wait until another thread calls `wake`."""
        self._hand_over()

    def wake(self, sleeper: Sleeper) -> None:
        """Make a waiting thread due now, whatever it waits for. It continues once the caller waits."""
        self._appoint(sleeper, self._now)

    @property
    def me(self) -> Sleeper:
        """The running thread."""
        sleeper: Sleeper = self._here.sleeper
        return sleeper

    def start(self, work: Callable[[], None], name: str) -> None:
        """Start a thread now, in virtual time. It runs once the caller waits; its failure ends the simulation."""
        sleeper = Sleeper()

        def run() -> None:
            self._here.sleeper = sleeper
            sleeper.turn.acquire()
            try:
                if not self._stopped:
                    work()
            except StoppedError:
                pass
            except BaseException as failure:  # raised again in the leading thread
                self._failure = failure
                self.wake(self._leader)
            if not self._stopped:
                self._next().turn.release()

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append((thread, sleeper))
        self._appoint(sleeper, self._now)
        thread.start()

    def stop(self) -> None:
        """End every other thread at its current wait. Called by the leading thread at the end."""
        self._stopped = True
        for thread, sleeper in self._threads:
            sleeper.turn.release()
            thread.join()

    def _appoint(self, sleeper: Sleeper, moment: float) -> None:
        sleeper.number = next(self._numbers)
        heapq.heappush(self._appointments, (moment, sleeper.number, sleeper))

    def _next(self) -> Sleeper:
        while self._appointments:
            moment, number, sleeper = heapq.heappop(self._appointments)
            if sleeper.number == number:
                self._now = max(self._now, moment)
                return sleeper
        raise RuntimeError("every thread of the simulation waits for another one")

    def _hand_over(self) -> None:
        me = self.me
        self._check(me)
        follower = self._next()
        if follower is not me:
            follower.turn.release()
            me.turn.acquire()
        self._check(me)

    def _check(self, me: Sleeper) -> None:
        if me is not self._leader and self._stopped:
            raise StoppedError
        if me is self._leader and self._failure is not None:
            raise self._failure


class PerThread[V](dict[str, V]):
    """Dictionary with separate values per thread, as separate processes of the product have separate memory."""

    def get(self, key: str, default: Any = None) -> Any:
        """Return this thread's value."""
        return super().get(self._own(key), default)

    def __setitem__(self, key: str, value: V) -> None:
        super().__setitem__(self._own(key), value)

    @staticmethod
    def _own(key: str) -> str:
        return f"{threading.get_ident()} {key}"


@contextmanager
def governing(clock: VirtualClock, packages: Sequence[str]) -> Iterator[None]:
    """Make the loaded modules of `packages` use the virtual clock in the block.

    - Replaced: the modules' `time` and `datetime`.
    - Replaced: `time.time`, `time.monotonic` and `time.sleep` as default arguments of functions and methods.
    - Not replaced: AWS's library and all other installed packages keep real time.
    """
    roots = tuple(f"{package}." for package in packages)
    modules = [module for name, module in list(sys.modules.items()) if f"{name}.".startswith(roots)]
    with ExitStack() as stack:
        for module in modules:
            for name, value in list(vars(module).items()):
                if value is time:
                    stack.enter_context(patch.object(module, name, _time_of(clock)))
                elif value is datetime:
                    stack.enter_context(patch.object(module, name, _datetime_of(clock)))
            for function in _functions(module):
                _with_defaults(stack, function, clock)
        yield


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, FunctionType):
            yield value
        elif isinstance(value, type):
            yield from (each for each in vars(value).values() if isinstance(each, FunctionType))


def _with_defaults(stack: ExitStack, function: FunctionType, clock: VirtualClock) -> None:
    def virtual(value: Any) -> Any:
        if value is time.time or value is time.monotonic:
            return clock.time
        return clock.sleep if value is time.sleep else value

    if any(virtual(value) is not value for value in function.__defaults__ or ()):
        stack.enter_context(patch.object(function, "__defaults__", tuple(map(virtual, function.__defaults__ or ()))))
    if any(virtual(value) is not value for value in (function.__kwdefaults__ or {}).values()):
        replaced = {name: virtual(value) for name, value in (function.__kwdefaults__ or {}).items()}
        stack.enter_context(patch.object(function, "__kwdefaults__", replaced))


def _time_of(clock: VirtualClock) -> SimpleNamespace:
    return SimpleNamespace(time=clock.time, monotonic=clock.time, sleep=clock.sleep)


def _datetime_of(clock: VirtualClock) -> type[datetime]:
    class VirtualDatetimeMeta(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, datetime)

    class VirtualDatetime(datetime, metaclass=VirtualDatetimeMeta):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.fromtimestamp(clock.time(), tz)

    return VirtualDatetime
