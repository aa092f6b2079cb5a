#!/usr/bin/env python3
"""Measures how the cost of an event grows with the number of rules.

    benches/growth.py [--sigma FOLDER...] [--events EVENTS.jsonl] [--runs 5]

Three sets of rules: ten of SigmaHQ's, all of SigmaHQ's, and 10,000 made by `made_rules.py`;
without --sigma, ten of the made ones instead, and those. Each run measures all sets one after
the other with `yagura bench --stage all --threads 1`, so that a machine that slows down slows
all of them, and gives ratios of its own; the medians over runs are reported.

Ends with 1 where an event with all of SigmaHQ's rules costs more than twice, or one with 10,000
rules more than three times, what it costs with ten.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import made_rules

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
FEW = 10
MADE = 10_000
RATIO_MAX = {"sigma": 2.0, "made": 3.0}
# Of input that is made, where none is given.
EVENTS_MADE = 40_000


def main():
    arguments = parse_arguments()
    yagura = arguments.binary or build_yagura()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        events = arguments.events or make_events(yagura, folder / "events.jsonl")
        made = folder / "rules"
        made_rules.write(made, MADE)
        runs = [measure_all(arguments, yagura, events, made, folder) for _ in range(arguments.runs)]
    sys.exit(report(runs))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sigma", type=pathlib.Path, nargs="+", metavar="FOLDER",
                        help="folders of SigmaHQ's rules")
    parser.add_argument("--events", type=pathlib.Path,
                        help="Windows events, a JSON object a line; made by `yagura gen` without")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--duration", default="3s", help="of each measurement")
    parser.add_argument("--binary", type=pathlib.Path, metavar="YAGURA",
                        help="a release build, instead of building one")
    return parser.parse_args()


def build_yagura():
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=REPOSITORY, check=True)
    return REPOSITORY / "target/release/yagura"


def make_events(yagura, path):
    kinds = "sysmon-nxlog,security-nxlog,powershell-nxlog"
    subprocess.run([yagura, "gen", "--kind", kinds, "--events", str(EVENTS_MADE), "--output", path],
                   check=True, stderr=subprocess.DEVNULL)
    return path


def measure_all(arguments, yagura, events, made, folder):
    """What an event costs with each set: name → (rules, seconds, load seconds, detections)."""
    def bench(rules, sweep):
        out = folder / "report.json"
        command = [yagura, "bench", events, "--rules", *rules, "--rules-sweep", sweep, "--stage",
                   "all", "--threads", "1", "--duration", arguments.duration, "--json", out,
                   "--allow-no-detections"]
        result = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if result.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stderr}")
        return json.loads(out.read_text())

    both = f"{FEW},all"
    if arguments.sigma:
        few, sigma = of_report(bench(arguments.sigma, both))
        return {"few": few, "sigma": sigma, "made": of_report(bench([made], "all"))[0]}
    few, made = of_report(bench([made], both))
    return {"few": few, "made": made}


def of_report(report):
    load = report["rules"]["load_seconds"]
    return [(m["rules"], cost(m), load, m["detections"]) for m in report["measurements"]]


def cost(measurement):
    """Processor time of an event, which others on the machine disturb least."""
    if measurement["cpu_event_ns"] is None:
        return 1 / measurement["events_per_second"]["median"]
    return measurement["cpu_event_ns"] * 1e-9


NAMES = {"few": "ten rules", "sigma": "all of SigmaHQ", "made": "made by chance"}


def report(runs):
    failed = 0
    print(f"{len(runs)} runs, one thread, processor time; medians. Ratios are those of one run each.\n")
    print("| rules | number | an event, µs of CPU | events/s | ratio (least to most) | at most | detections | load, s |")
    print("|---|---|---|---|---|---|---|---|")
    for name in runs[0]:
        rules, *_, detections = runs[0][name]
        seconds = statistics.median(run[name][1] for run in runs)
        ratios = sorted(run[name][1] / run["few"][1] for run in runs)
        load = "" if name == "few" else f"{statistics.median(run[name][2] for run in runs):.2f}"
        ratio, limit = statistics.median(ratios), RATIO_MAX.get(name)
        failed += limit is not None and ratio > limit
        print(f"| {NAMES[name]} | {rules:,} | {seconds * 1e6:.2f} | {1 / seconds:,.0f} | "
              f"{ratio:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {limit or ''} | {detections:,} | {load} |")
    if failed:
        print(f"\n{failed} above what is allowed")
    return 1 if failed else 0


if __name__ == "__main__":
    main()
