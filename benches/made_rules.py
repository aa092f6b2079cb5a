"""Writes any number of Sigma rules for Windows, made by chance from a fixed seed.

They are made like the rules that people share: mostly `process_creation`, then registry, file,
image load and network events and a few channels; names of programs that many rules share, next
to literals that only one has; one selection or a few, some with a filter; now and then an
expression, numbers, hashes. The words are syllables strung together, so that nothing is taken
from anybody's rules and every literal looks like a text.

    benches/made_rules.py FOLDER [--count 10000] [--seed 1]
"""

import argparse
import pathlib
import random
import uuid

SYLLABLES = ("ba be bi bo bu da de di do du fa fe ga ge go gu ha he ho ka ke ki ko ku la le li lo "
             "lu ma me mi mo mu na ne ni no nu pa pe pi po pu ra re ri ro ru sa se si so su ta te "
             "ti to tu va ve vi vo za ze zi zo").split()

# Programs of Windows that rules name again and again, the most common ones first.
PROGRAMS = ("powershell pwsh cmd rundll32 regsvr32 mshta wscript cscript certutil schtasks reg sc "
            "net net1 wmic bitsadmin msiexec msbuild installutil regasm regsvcs vssadmin wbadmin "
            "bcdedit wevtutil nltest whoami ipconfig systeminfo tasklist taskkill netsh forfiles "
            "pcalua cmstp control explorer winword excel outlook powerpnt w3wp sqlservr svchost "
            "services lsass spoolsv dllhost conhost werfault curl tar ping robocopy xcopy icacls "
            "takeown attrib findstr cipher makecab expand esentutl ntdsutil dsquery adfind "
            "procdump psexec hh odbcconf mavinject bash wsl python node java").split()

FOLDERS = (r"\Windows\System32", r"\Windows\SysWOW64", r"\Windows\Temp", r"\Users\Public",
           r"\ProgramData", r"\AppData\Local\Temp", r"\AppData\Roaming", r"\Downloads",
           r"\Program Files", r"\Program Files (x86)", r"\PerfLogs", r"\$Recycle.Bin")

REGISTRY = (r"\SOFTWARE\Microsoft\Windows\CurrentVersion", r"\SYSTEM\CurrentControlSet\Services",
            r"\SYSTEM\CurrentControlSet\Control", r"\Software\Policies\Microsoft",
            r"\SOFTWARE\Microsoft\Windows NT\CurrentVersion", r"\Software\Classes")

LEVELS = ("low", "medium", "medium", "high", "high", "critical")


class Maker:
    """Makes one rule after the other. Draws by `random()` alone, whose sequence for a seed is
    the same in all versions of Python; those of `choice` and the like are not."""

    def __init__(self, seed):
        self._random = random.Random(seed).random

    def below(self, n):
        return int(self._random() * n)

    def one_of(self, items):
        return items[self.below(len(items))]

    def common(self, items):
        """The front ones more often: the square of an even draw."""
        return items[int(self._random() ** 2 * len(items))]

    def chance(self, share):
        return self._random() < share

    def word(self):
        return "".join(self.one_of(SYLLABLES) for _ in range(2 + self.below(3)))

    def hexadecimal(self, digits):
        return "".join("0123456789abcdef"[self.below(16)] for _ in range(digits))

    def program(self):
        """Two in three are programs that come with Windows."""
        return (self.common(PROGRAMS) if self.chance(0.67) else self.word()) + ".exe"

    def file(self):
        return f"{self.one_of(FOLDERS)}\\{self.word()}.{self.one_of(('exe', 'dll', 'ps1', 'bat', 'tmp'))}"

    def option(self):
        shape = self.below(5)
        if shape == 0:
            return f" /{self.word()}"
        if shape == 1:
            return f" -{self.word()} "
        if shape == 2:
            return f"{self.word()}.{self.one_of(('dll', 'ps1', 'vbs', 'hta', 'txt'))}"
        if shape == 3:
            return f"{self.word()}-{self.word()}"
        return f"{self.word()}={self.word()}"

    def some(self, make, most):
        return [make() for _ in range(1 + int(self._random() ** 2 * most))]


# --- what a rule of a logsource looks for --------------------------------------------------


def process(m):
    image = {"Image|endswith": ["\\" + p for p in m.some(m.program, 4)]}
    if m.chance(0.3):
        # As most rules do: the name on disk, or the one that it was built with.
        image = [image, {"OriginalFileName": m.some(m.program, 2)}]
    found = {"selection_img": image}
    if m.chance(0.85):
        options = m.some(m.option, 8)
        if m.chance(0.04):
            found["selection_cli"] = {"CommandLine|re": [rf"{m.word()}\s+[-/]{m.word()}[0-9]{{1,3}}"]}
        elif m.chance(0.03):
            found["selection_cli"] = {"CommandLine|contains|windash": [f" -{m.word()}"]}
        elif len(options) > 1 and m.chance(0.35):
            found["selection_cli"] = {"CommandLine|contains|all": options}
        else:
            found["selection_cli"] = {"CommandLine|contains": options}
    if m.chance(0.2):
        found["selection_parent"] = {"ParentImage|endswith": ["\\" + m.program()]}
    if m.chance(0.05):
        found["selection_hash"] = {"Hashes|contains": [f"IMPHASH={m.hexadecimal(32)}"]}
    return found


def registry(m):
    found = {"selection": {"TargetObject|contains": [f"{m.one_of(REGISTRY)}\\{m.word()}"]}}
    if m.chance(0.5):
        found["selection"]["Details"] = ["DWORD (0x%08x)" % m.below(4), m.word()]
    return found


def file_event(m):
    return {"selection": {m.one_of(("TargetFilename|endswith", "TargetFilename|contains")):
                          m.some(m.file, 6)}}


def image_load(m):
    return {"selection": {"ImageLoaded|endswith": [f"\\{m.word()}.dll" for _ in range(1 + m.below(6))]}}


def network(m):
    selection = {"Initiated": "true", "Image|endswith": "\\" + m.program()}
    if m.chance(0.5):
        selection["DestinationHostname|endswith"] = [f".{m.word()}.example"]
    elif m.chance(0.5):
        selection["DestinationPort"] = [1024 + m.below(60_000), 1024 + m.below(60_000)]
    else:
        selection["DestinationIp|cidr"] = [f"198.18.{m.below(256)}.0/24"]
    return {"selection": selection}


def pipe(m):
    return {"selection": {"PipeName|startswith": [f"\\{m.word()}"]}}


def process_access(m):
    return {"selection": {"TargetImage|endswith": "\\" + m.program(),
                          "GrantedAccess|endswith": [m.hexadecimal(2), m.hexadecimal(4)]}}


def script(m):
    return {"selection": {"ScriptBlockText|contains": m.some(m.option, 6)}}


def security(m):
    return {"selection": {"EventID": 4600 + m.below(500),
                          m.one_of(("ServiceName", "ObjectName|contains", "SubjectUserName|endswith")):
                          m.some(m.word, 4)}}


def system(m):
    return {"selection": {"Provider_Name": "Service Control Manager", "EventID": 7045,
                          "ImagePath|contains": m.some(m.option, 3)}}


# Logsource, what it looks for, how many in a hundred.
KINDS = (
    ({"category": "process_creation"}, process, 52),
    ({"category": "registry_set"}, registry, 10),
    ({"category": "file_event"}, file_event, 9),
    ({"category": "ps_script"}, script, 7),
    ({"service": "security"}, security, 7),
    ({"category": "image_load"}, image_load, 5),
    ({"category": "network_connection"}, network, 3),
    ({"service": "system"}, system, 3),
    ({"category": "pipe_created"}, pipe, 2),
    ({"category": "process_access"}, process_access, 2),
)


def rule(m, number):
    """A rule as a tree of plain values."""
    at = m.below(sum(share for *_, share in KINDS))
    for logsource, make, share in KINDS:
        if at < share:
            break
        at -= share
    detection = make(m)
    condition = next(iter(detection)) if len(detection) == 1 else "all of selection*"
    if m.chance(0.25):
        field = {"process_creation": "ParentImage", "registry_set": "Image", "file_event": "Image",
                 "image_load": "Image", "network_connection": "Image"}.get(logsource.get("category"))
        if field:
            detection["filter_main"] = {f"{field}|endswith": "\\" + m.program()}
            condition += " and not filter_main"
    detection["condition"] = condition
    return {
        "title": f"Made rule {number}: {m.word()} {m.word()}",
        "id": str(uuid.UUID(m.hexadecimal(32), version=4)),
        "status": "test",
        "logsource": {"product": "windows", **logsource},
        "detection": detection,
        "level": m.one_of(LEVELS),
    }


def yaml(value, indent=""):
    """YAML of mappings, lists and scalars, which is all that a rule has."""
    if isinstance(value, dict):
        return "".join(f"{indent}{key}:{nested(one, indent)}" for key, one in value.items())
    return "".join(f"{indent}-{nested(one, indent)}" for one in value)


def nested(value, indent):
    if isinstance(value, (dict, list)):
        return "\n" + yaml(value, indent + "    ")
    if isinstance(value, str):
        return " '" + value.replace("'", "''") + "'\n"
    return f" {value}\n"


def write(folder, count, seed=1):
    """Writes `count` rules into `folder`, a file each."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    maker = Maker(seed)
    for number in range(count):
        (folder / f"{number:05}.yml").write_text(yaml(rule(maker, number)), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.folder, arguments.count, arguments.seed)


if __name__ == "__main__":
    main()
