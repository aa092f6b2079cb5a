#!/usr/bin/env python3
"""Counts the instructions that an event costs, and compares them with recorded figures.

    benches/instructions.py [--sigma FOLDER...] [--record] [--binary YAGURA]

Runs `yagura scan --threads 1 --count` under callgrind on inputs that `yagura gen` makes from
fixed seeds, each with N events and with 2N. The difference is what N events cost: loading rules,
starting threads and filling the first caches are in both and fall out. No clock is read, so the
figures hold on a busy machine, and a change of a few per cent shows.

Ends with 1 where a figure is more than 3 % above the recorded one. What a figure depends on
besides yagura (the compiler, the processor's vector instructions, valgrind) is recorded with it;
where that differs, figures are shown but not judged.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
RECORDED = pathlib.Path(__file__).with_suffix(".json")
TOLERANCE = 0.03

# Kind of `yagura gen` → N. So many events that filling memos is over within the first N, where
# values repeat, and that a run stays below ten seconds.
INPUTS = {
    "sysmon-json": 8_000,
    "windows-xml": 8_000,
    "sshd": 30_000,
}
SEED = 1
PACK = REPOSITORY / "rules/packs/demo"


def main():
    arguments = parse_arguments()
    if not shutil.which("valgrind"):
        sys.exit("valgrind is needed (apt-get install valgrind)")
    yagura = arguments.binary or build_yagura()
    rule_sets = {"demo pack": [PACK]}
    if arguments.sigma:
        rule_sets["SigmaHQ"] = arguments.sigma
    conditions = look_at_conditions()
    with tempfile.TemporaryDirectory() as folder:
        inputs = {kind: make_input(yagura, kind, n, pathlib.Path(folder)) for kind, n in INPUTS.items()}
        figures = {
            name: {kind: instructions_per_event(yagura, files, rules, INPUTS[kind])
                   for kind, files in inputs.items()}
            for name, rules in rule_sets.items()
        }
    if arguments.record:
        record(figures, conditions)
    sys.exit(compare(figures, conditions))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sigma", type=pathlib.Path, nargs="+", metavar="FOLDER",
                        help="folders of Sigma rules, measured beside the demo pack")
    parser.add_argument("--record", action="store_true",
                        help="write the figures to benches/instructions.json")
    parser.add_argument("--binary", type=pathlib.Path, metavar="YAGURA",
                        help="a release build, instead of building one")
    return parser.parse_args()


def build_yagura():
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=REPOSITORY, check=True)
    return REPOSITORY / "target/release/yagura"


def make_input(yagura, kind, events, folder):
    """Files with N and with 2N events; the first is the beginning of the second."""
    twice = folder / f"{kind}.twice"
    subprocess.run([yagura, "gen", "--kind", kind, "--events", str(2 * events), "--seed",
                    str(SEED), "--output", twice], check=True, stderr=subprocess.DEVNULL)
    once = folder / f"{kind}.once"
    with open(twice, "rb") as lines, open(once, "wb") as out:
        out.writelines(line for _, line in zip(range(events), lines))
    return once, twice


def instructions_per_event(yagura, files, rules, events):
    once, twice = (instructions(yagura, file, rules) for file in files)
    return (twice - once) / events


def instructions(yagura, file, rules):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", yagura, "scan",
               file, "--rules", *rules, "--threads", "1", "--count", "--keep-going"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # With --keep-going rules that were refused still end with a code of their own.
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if not collected or "events (" not in result.stderr:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{result.stderr}")
    return int(collected.group(1))


def look_at_conditions():
    """What figures depend on besides yagura's own code."""
    first_line = lambda *command: subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    return {
        "rustc": first_line("rustc", "--version"),
        "valgrind": first_line("valgrind", "--version"),
        "machine": os.uname().machine,
        "vectors": vector_instructions(),
    }


def vector_instructions():
    """The widest that valgrind lets a program see: code picks its way by it at run time."""
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return "unknown"
    return next((name for name in ("avx2", "sse4_2", "asimd") if name in flags), "none")


def record(figures, conditions):
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    kept = recorded.get("instructions_per_event", {}) if recorded.get("with") == conditions else {}
    kept.update({name: {kind: round(figure) for kind, figure in of.items()}
                 for name, of in figures.items()})
    RECORDED.write_text(json.dumps({"with": conditions, "instructions_per_event": kept}, indent=2) + "\n")


def compare(figures, conditions):
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    before = recorded.get("instructions_per_event", {})
    above = 0
    print(f"{'rules':12} {'input':14} {'instructions an event':>22} {'recorded':>10} {'change':>8}")
    for name, of in figures.items():
        for kind, figure in of.items():
            then = before.get(name, {}).get(kind)
            change = figure / then - 1 if then else None
            above += change is not None and change > TOLERANCE
            print(f"{name:12} {kind:14} {figure:22,.0f} {then or '-':>10} "
                  f"{'-' if change is None else format(change, '+8.1%'):>8}")
    if recorded.get("with") != conditions:
        print(f"not judged: recorded with {recorded.get('with')}, measured with {conditions}")
        return 0
    if above:
        print(f"{above} above the recorded figure by more than {TOLERANCE:.0%}: find out why, or "
              "run again with --record and say so in the commit")
    return 1 if above else 0


if __name__ == "__main__":
    main()
