"""A process with one subject: `python -m _bench.child SUBJECT socket|device PATH`.

Reads "SCENARIO CALLS" lines, answers each with the seconds that took, or
"missing WHY". Processes of their own, so that nobody's threads, garbage or
environment slow another.
"""

from __future__ import annotations

import gc
import sys
import time

from _bench.subjects import SUBJECTS, Missing


def main(name: str, kind: str, path: str) -> None:
    try:
        subject = SUBJECTS[name](kind, path)
    except Missing as error:
        print(f"missing {error}", flush=True)
        return
    print("ready", flush=True)
    # A collection at a bad moment is nobody's speed. Garbage in cycles stays between turns.
    gc.disable()
    for line in sys.stdin:
        scenario, calls = line.split()
        do = getattr(subject, scenario, None)
        if do is None:
            print(f"missing {name} has no {scenario}", flush=True)
            continue
        try:
            gc.collect()
            begun = time.perf_counter()
            do(int(calls))
            seconds = time.perf_counter() - begun
        except Exception as error:
            print(f"missing {name} fails at {scenario}: {type(error).__name__}: {error}", flush=True)
            continue
        print(repr(seconds), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    # Rivals' threads and handles need not be ended in good order.
    import os

    os._exit(0)
