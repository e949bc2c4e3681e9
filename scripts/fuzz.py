"""Run random programs: ``python scripts/fuzz.py --seed 0 --count 1000``, or ``make fuzz SEED=0 COUNT=1000``.

Prints every failing seed with its program, made small, as Python that runs. The exit status is 1 if anything failed.
"""

import argparse
import sys
import time
from collections import Counter

from edgewise.testing.fuzz.arguments import misuse
from edgewise.testing.fuzz.campaign import campaign


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    parser.add_argument("--calls", type=int, default=None, help="how many calls with bad arguments; as many by default")
    options = parser.parse_args()
    refused: Counter[str] = Counter()
    failed, begin = 0, time.perf_counter()
    for number, failure in enumerate(campaign(range(options.seed, options.seed + options.count), refused), 1):
        if failure is not None:
            failed += 1
            print(
                f"# seed {failure.seed}, {failure.check}: {failure.kind}: {failure.message}\n{failure.script}",
                flush=True,
            )
        if number % 1000 == 0:
            print(f"# {number} programs, {failed} failed, {time.perf_counter() - begin:.0f} s", flush=True)
    calls = options.count if options.calls is None else options.calls
    wrong = 0
    for finding in misuse(range(options.seed, options.seed + calls)):
        if finding is not None:
            wrong += 1
            print(f"# seed {finding.seed}: {finding}", flush=True)
    for message, times in refused.most_common(20):
        print(f"# refused {times} times: {message}")
    spent = time.perf_counter() - begin
    print(f"# {options.count} programs from seed {options.seed}: {failed} failed")
    print(f"# {calls} calls with bad arguments: {wrong} differ from NumPy")
    print(f"# {spent:.0f} s")
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
