#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The jobs of `benchmarks/device` done by other libraries, on the same GPU.

    python3 benchmarks/peers/device.py torch [--only mlp] [--device cpu --smoke]

Installs nothing. Prints a line of JSON for each record, as our programs do, under the same names
but for the contender; what cannot run is a line with an error. A job that is not done after
`--patience` seconds (compiling takes long) is given up.
"""

import argparse
import importlib
import json
import signal
import sys
import time


class OutOfPatience(Exception):
    pass


def times_of(run, finish, seconds, smoke):
    """Seconds of a call, a sample each: as many calls as take two milliseconds."""
    def sample(calls):
        finish(None)
        start = time.perf_counter()
        for _ in range(calls):
            last = run()
        finish(last)
        return (time.perf_counter() - start) / calls

    once = sample(1)
    if not smoke and once < 2:
        sample(1)
        once = sample(1)
    calls = 1 if smoke else max(1, min(10000, int(2e-3 / max(once, 1e-9))))
    least, most = (1, 1) if smoke else (5, 31) if once < seconds else (2, 2)
    times = []
    while len(times) < least or (len(times) < most and sum(times) * calls < seconds):
        times.append(sample(calls))
    return times


def measure(library, make, how):
    def give_up(*_):
        raise OutOfPatience(f"not done after {how.patience} s")
    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, how.patience, 5)  # again, should a compiler swallow it
    try:
        return times_of(make(), library.finish, how.seconds, how.smoke)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def say(**line):
    print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", choices=("torch", "jax"))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--smoke", action="store_true", help="small sizes: does it run?")
    parser.add_argument("--seconds", type=float, default=.5, help="of measuring a record")
    parser.add_argument("--patience", type=int, default=60, help="seconds for a record, all in all")
    parser.add_argument("--only", default="", help="records whose name contains this")
    parser.add_argument("--done", help="a file of names, one a line, that are not measured again")
    how = parser.parse_args()
    done = set(open(how.done, encoding="utf-8").read().splitlines()) if how.done else set()
    try:
        library = importlib.import_module(f"device_{how.library}")
        library.set_up(how.device)
    except Exception as e:
        say(peer=how.library, error=str(e).splitlines()[0] if str(e) else type(e).__name__)
        sys.exit(1)
    say(**library.describe(how.device))
    for name, why in library.ABSENT.items():
        say(peer=name, error=why)
    failed = False
    for name, operations, make in library.jobs(how.device, how.smoke):
        if how.only not in name or name in done:
            continue
        try:
            say(name=name, operations=operations, times=measure(library, make, how))
        except Exception as e:
            text = str(e).strip().splitlines()
            say(name=name, error=f"{type(e).__name__}: {text[0] if text else ''}"[:200])
            failed = True
        library.clear()
    sys.exit(failed)


if __name__ == "__main__":
    main()
