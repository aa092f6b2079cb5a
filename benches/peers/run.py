#!/usr/bin/env python3
"""Runs yagura and its closest peers on the same input with the same rules, and prints tables.

    benches/peers/run.py --work DIR --events EVENTS.jsonl --rules RULES... [--syslog SSHD.log]

The peers are installed into DIR, outside of the repository: rsigma 0.23.0 from crates.io; SEC
comes from Debian's packages. Runs are interleaved, so that a machine that slows down slows all
of them; medians are reported. Needs Python 3 with PyYAML, cargo, and for SEC the right to
install packages.

Times are processor time, user + system, of the whole process with all its threads, and elapsed
time. What a run with a single event takes is told as the time to load, and taken off the others.
Memory is the highest resident set of a process.

Peers get their best: events for rsigma carry `product`, `category` and `service`, which it does
not derive from Channel and EventID, and `--logsource-routing` is on. SEC and, on syslog, rsigma
have one rule; SEC's takes account, address and port out of the line, rsigma's only looks for a
text.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
RSIGMA_VERSION = "0.23.0"
UNREPEATED_EVENTS = 80_000


def main():
    arguments = parse_arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    yagura = arguments.binary or build_yagura()
    if arguments.rules:
        rsigma = install_rsigma(arguments.work)
        if arguments.events:
            compare_sigma(arguments, yagura, rsigma, arguments.events, "recorded")
        unrepeated = make_unrepeated(arguments.work, yagura)
        compare_sigma(arguments, yagura, rsigma, unrepeated, "values that hardly repeat")
    if arguments.syslog:
        compare_syslog(arguments, yagura)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for peers and data")
    parser.add_argument("--events", type=pathlib.Path, help="Windows events, a JSON object a line")
    parser.add_argument("--rules", type=pathlib.Path, nargs="+", help="folders of Sigma rules for Windows")
    parser.add_argument("--syslog", type=pathlib.Path, help="lines of sshd")
    parser.add_argument("--runs", type=int, default=5, help="interleaved runs of each")
    parser.add_argument("--binary", type=pathlib.Path, metavar="YAGURA",
                        help="a release build, instead of building one")
    arguments = parser.parse_args()
    if not (arguments.rules or arguments.syslog):
        parser.error("give --rules, or --syslog, or both")
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


def compare_sigma(arguments, yagura, rsigma, events, what):
    work = arguments.work
    routed = with_logsources(events, work / f"{events.stem}-with-logsources.jsonl")
    one, one_routed = first_line(events, work / "one.jsonl"), first_line(routed, work / "one-routed.jsonl")
    rules = one_folder(arguments.rules, work / "rules")

    def yagura_on(events, threads):
        return [yagura, "scan", events, "--rules", rules, "--threads", str(threads),
                "--output", "jsonl", "--keep-going"]

    def rsigma_on(events):
        return [rsigma, "engine", "eval", "-r", rules, "-e", f"@{events}",
                "--output-format", "ndjson", "--logsource-routing"]

    # yagura reads the events as they are; a few more fields would only help rsigma.
    contenders = [
        Contender("yagura, 1 thread", yagura_on(events, 1), yagura_on(one, 1)),
        Contender("yagura, 2 threads", yagura_on(events, 2), yagura_on(one, 2)),
        Contender(f"rsigma {RSIGMA_VERSION}", rsigma_on(routed), rsigma_on(one_routed)),
    ]
    report(contenders, f"Windows events, {what}", events, arguments.runs)


def one_folder(folders, whole):
    """A folder with links to all; rsigma takes one path."""
    shutil.rmtree(whole, ignore_errors=True)
    whole.mkdir()
    for number, folder in enumerate(folders):
        shutil.copytree(folder.resolve(), whole / f"{number}-{folder.name}")
    return whole


def first_line(path, out):
    with open(path, "rb") as lines:
        out.write_bytes(lines.readline())
    return out


def make_unrepeated(work, yagura):
    out = work / "unrepeated.jsonl"
    command = [yagura, "gen", "--kind", "sysmon-nxlog,security-nxlog,powershell-nxlog", "--repeat",
               "0", "--events", str(UNREPEATED_EVENTS), "--seed", "1", "--output", out]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return out


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

SEC_PATTERN = r"sshd\[\d+\]: Failed \S+ for (?:invalid user )?(\S+) from (\S+) port (\d+)"


def compare_syslog(arguments, yagura):
    sec = install_sec()
    work = arguments.work
    by_field = write_rule(work / "sshd-rules", "{message|startswith: 'Failed ', src_ip|exists: true}")
    by_text = write_rule(work / "sshd-text-rules", "['Failed password for', 'Failed none for']")
    one = first_line(arguments.syslog, work / "one-line.log")

    def yagura_on(lines, threads):
        return [yagura, "scan", lines, "--rules", by_field, "--threads", str(threads),
                "--format", "syslog", "--output", "jsonl"]

    def rsigma_on(lines):
        return [arguments.work / "bin" / "rsigma", "engine", "eval", "-r", by_text, "-e",
                f"@{lines}", "--input-format", "plain", "--output-format", "ndjson"]

    def sec_on(lines):
        # As yagura and rsigma do, it writes a line for each that it finds.
        found = work / "sec.found"
        conf = work / "failed.sec"
        conf.write_text(f"type=Single\nptype=RegExp\npattern={SEC_PATTERN}\n"
                        f"desc=failed $1 $2 $3\naction=write {found} %s\n")
        return [sec, f"--conf={conf}", f"--input={lines}", "--notail", "--quiet"]

    contenders = [
        Contender("yagura, 1 thread", yagura_on(arguments.syslog, 1), yagura_on(one, 1)),
        Contender("yagura, 2 threads", yagura_on(arguments.syslog, 2), yagura_on(one, 2)),
        Contender(sec_version(sec), sec_on(arguments.syslog), sec_on(one), work / "sec.found"),
    ]
    if (work / "bin" / "rsigma").exists():
        contenders.append(Contender(f"rsigma {RSIGMA_VERSION}, text only",
                                    rsigma_on(arguments.syslog), rsigma_on(one)))
    report(contenders, "lines of sshd, one rule", arguments.syslog, arguments.runs)


def write_rule(folder, selection):
    folder.mkdir(exist_ok=True)
    (folder / "failed.yml").write_text(
        "title: Failed password\n"
        "id: 3d1f6c0e-6a6e-4f52-9a0e-7b8f2c5d9e11\n"
        "logsource: {product: linux, service: sshd}\n"
        f"detection: {{sel: {selection}, condition: sel}}\n"
    )
    return folder


def sec_version(sec):
    text = subprocess.run([sec, "--version"], capture_output=True, text=True).stdout
    return f"SEC {text.split()[-1] if not text else text.splitlines()[0].split()[-1]}"


# --- measuring -----------------------------------------------------------------------------


class Contender:
    """A command on the whole input, the same on one event, and what their runs took. Findings
    are lines of `found`, or else of standard output."""

    def __init__(self, name, whole, load, found=None):
        self.name, self.found = name, found
        self.whole, self.load = [str(part) for part in whole], [str(part) for part in load]
        self.wholes, self.loads = [], []

    def run(self):
        self.loads.append(measure(self.load, self.found))
        self.wholes.append(measure(self.whole, self.found))

    def seconds(self, clock):
        """Of each run, without loading; never 0, since the clock of the kernel has steps."""
        return [max(getattr(whole, clock) - getattr(load, clock), 1e-3)
                for whole, load in zip(self.wholes, self.loads)]


class Run:
    def __init__(self, cpu, elapsed, peak_bytes, findings):
        self.cpu, self.elapsed, self.peak_bytes, self.findings = cpu, elapsed, peak_bytes, findings


def measure(command, found):
    if found:
        found.unlink(missing_ok=True)
    # Into files: a reader at the other end of a pipe would want the processor as well.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        elapsed = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            err.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{err.read().decode(errors='replace')}")
        findings = count_detections(out) if found is None else count_lines_of(found)
    return Run(usage.ru_utime + usage.ru_stime, elapsed, usage.ru_maxrss * 1024, findings)


def count_detections(file):
    """A line each; of yagura, which also tells incidents and a summary, those of that kind."""
    file.seek(0)
    first = file.readline()
    file.seek(0)
    kinds = first.startswith(b'{"kind":')
    return sum(1 for line in file if not kinds or line.startswith(b'{"kind":"detection"'))


def count_lines(file):
    file.seek(0)
    return sum(1 for _ in file)


def count_lines_of(path):
    if not path.exists():
        return 0
    with open(path, "rb") as file:
        return count_lines(file)


def report(contenders, what, path, runs):
    with open(path, "rb") as file:
        count = count_lines(file)
    for _ in range(runs):
        for contender in contenders:
            contender.run()
    median = statistics.median
    first = contenders[0]
    print(f"\n{count:,} {what}, {path.stat().st_size / 1e6:,.0f} MB; {runs} interleaved runs, medians\n")
    print("| | CPU s (least to most) | CPU, to the first | elapsed s | a second, elapsed | "
          "to the first | load, CPU s | peak memory, MB | detections |")
    print("|---|---|---|---|---|---|---|---|---|")
    for contender in contenders:
        cpu, elapsed = contender.seconds("cpu"), contender.seconds("elapsed")
        cpu_ratio = median(c / f for c, f in zip(cpu, first.seconds("cpu")))
        rate_ratio = median(f / e for e, f in zip(elapsed, first.seconds("elapsed")))
        load = median(run.cpu for run in contender.loads)
        peak = max(run.peak_bytes for run in contender.wholes)
        print(f"| {contender.name} | {median(cpu):.3f} ({min(cpu):.3f} to {max(cpu):.3f}) | "
              f"{cpu_ratio:.2f} | {median(elapsed):.3f} | {count / median(elapsed):,.0f} | "
              f"{rate_ratio:.2f} | {load:.2f} | {peak / 1e6:.0f} | {contender.wholes[-1].findings:,} |",
              flush=True)


if __name__ == "__main__":
    main()
