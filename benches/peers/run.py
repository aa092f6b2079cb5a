#!/usr/bin/env python3
"""Runs yagura and its closest peers on the same input with the same rules, and prints a table.

    benches/peers/run.py --work DIR --events EVENTS.jsonl --rules RULES [--syslog SSHD.log]

The peers are installed into DIR, outside of the repository: rsigma 0.23.0 from crates.io, SEC
from Debian's packages. Runs are interleaved, so that a machine that slows down slows all of
them. CPU time is user + system time of the whole process, all its threads; what a run with a
single event takes (loading rules) is taken off on both sides. Needs Python 3 with PyYAML, cargo,
and for SEC the right to install packages.

Peers get their best: events for rsigma carry `product`, `category` and `service`, which it does
not derive from Channel and EventID, and `--logsource-routing` is on.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
RSIGMA_VERSION = "0.23.0"


def main():
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    yagura = build_yagura()
    if arguments.events:
        compare_sigma(arguments, yagura)
    if arguments.syslog:
        compare_syslog(arguments, yagura)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for peers and data")
    parser.add_argument("--events", type=pathlib.Path, help="Windows events, a JSON object a line")
    parser.add_argument("--rules", type=pathlib.Path, help="folder of Sigma rules for Windows")
    parser.add_argument("--syslog", type=pathlib.Path, help="lines of sshd")
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs of each")
    arguments = parser.parse_args()
    if not (arguments.events or arguments.syslog):
        parser.error("give --events with --rules, or --syslog")
    if arguments.events and not arguments.rules:
        parser.error("--events needs --rules")
    return arguments


def build_yagura():
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=REPOSITORY, check=True)
    return REPOSITORY / "target" / "release" / "yagura"


def install_rsigma(work):
    binary = work / "bin" / "rsigma"
    if not binary.exists():
        version = f"rsigma@{RSIGMA_VERSION}"
        subprocess.run(["cargo", "install", version, "--locked", "--root", work], check=True)
    return binary


def install_sec():
    if not shutil.which("sec"):
        subprocess.run(["apt-get", "install", "-y", "sec"], check=True)
    return shutil.which("sec")


# --- Sigma rules on Windows events ---------------------------------------------------------


def compare_sigma(arguments, yagura):
    rsigma = install_rsigma(arguments.work)
    routed = with_logsources(arguments.events, arguments.work / "events-with-logsources.jsonl")
    one = arguments.work / "one-event.jsonl"
    with open(routed, "rb") as events:
        one.write_bytes(events.readline())
    count = sum(1 for _ in open(routed, "rb"))

    def yagura_on(events):
        return [yagura, "scan", events, "--rules", arguments.rules, "--threads", "1",
                "--output", "jsonl", "--keep-going"]

    def rsigma_on(events):
        return [rsigma, "engine", "eval", "-r", arguments.rules, "-e", f"@{events}",
                "--output-format", "ndjson", "--logsource-routing"]

    # yagura reads the events as they are; a few more fields would only help rsigma.
    contenders = {
        "yagura, 1 thread": (yagura_on(arguments.events), yagura_on(one)),
        f"rsigma {RSIGMA_VERSION}": (rsigma_on(routed), rsigma_on(one)),
    }
    report(contenders, count, "events", arguments.runs)


def with_logsources(events, out):
    """Adds to each event the logsource that yagura's own tables give it."""
    import yaml

    tables = yaml.safe_load((REPOSITORY / "rules/taxonomy/windows.yml").read_text())["windows"]
    services = {}
    for service, channels in tables["services"].items():
        for channel in channels:
            services.setdefault(channel.lower(), service)
    categories = {}
    for category, ways in tables["categories"].items():
        for way in ways:
            channels = [c.lower() for c in way.get("channels", [])]
            channels += [c.lower() for c in tables["services"].get(way.get("service"), [])]
            for channel in channels:
                for event_id in way.get("ids", []):
                    categories.setdefault((channel, event_id), category)
    with open(events, encoding="utf-8") as lines, open(out, "w", encoding="utf-8") as target:
        for line in lines:
            event = json.loads(line)
            channel = str(event.get("Channel", "")).lower()
            found = {
                "product": "windows",
                "category": categories.get((channel, event.get("EventID"))),
                "service": services.get(channel),
            }
            event.update({key: value for key, value in found.items() if value})
            target.write(json.dumps(event, ensure_ascii=False) + "\n")
    return out


# --- syslog --------------------------------------------------------------------------------


def compare_syslog(arguments, yagura):
    sec = install_sec()
    rules = arguments.work / "sshd-rules"
    rules.mkdir(exist_ok=True)
    (rules / "failed.yml").write_text(
        "title: Failed password\n"
        "id: 3d1f6c0e-6a6e-4f52-9a0e-7b8f2c5d9e11\n"
        "logsource: {product: linux, service: sshd}\n"
        "detection: {sel: {action: failed, src_ip|exists: true}, condition: sel}\n"
    )
    (arguments.work / "failed.sec").write_text(
        "type=Single\nptype=RegExp\n"
        r"pattern=sshd\[\d+\]: Failed \S+ for (?:invalid user )?(\S+) from (\S+) port (\d+)"
        "\ndesc=failed $1 $2 $3\naction=none\n"
    )
    one = arguments.work / "one-line.log"
    with open(arguments.syslog, "rb") as lines:
        one.write_bytes(lines.readline())
    count = sum(1 for _ in open(arguments.syslog, "rb"))

    def yagura_on(lines):
        return [yagura, "scan", lines, "--rules", rules, "--threads", "1", "--count"]

    def sec_on(lines):
        return [sec, f"--conf={arguments.work}/failed.sec", f"--input={lines}",
                "--notail", "--quiet"]

    contenders = {
        "yagura, 1 thread": (yagura_on(arguments.syslog), yagura_on(one)),
        "SEC": (sec_on(arguments.syslog), sec_on(one)),
    }
    report(contenders, count, "lines", arguments.runs)


# --- measuring -----------------------------------------------------------------------------


def report(contenders, count, unit, runs):
    seconds = {name: [] for name in contenders}
    found = {}
    for _ in range(runs):
        for name, (command, load) in contenders.items():
            whole, found[name] = measure(command)
            loading, _ = measure(load)
            seconds[name].append(whole - loading)
    first = statistics.median(seconds[next(iter(seconds))])
    print(f"\n{count:,} {unit}, {runs} interleaved runs, median CPU seconds without loading rules")
    print(f"{'':20} {'CPU s':>8} {'min':>8} {'max':>8} {unit + '/s':>14} {'ratio':>7}  output lines")
    for name, values in seconds.items():
        median = statistics.median(values)
        print(
            f"{name:20} {median:8.3f} {min(values):8.3f} {max(values):8.3f} "
            f"{count / median:14,.0f} {median / first:7.1f}  {found[name]:,}"
        )


def measure(command):
    """CPU seconds of a command and the number of lines it wrote."""
    command = [str(part) for part in command]
    before = os.times()
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    after = os.times()
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr.decode(errors='replace')}")
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return used, result.stdout.count(b"\n")


if __name__ == "__main__":
    main()
