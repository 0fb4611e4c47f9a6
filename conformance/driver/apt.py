"""Debian packages that are only fetched and unpacked: this machine's own apt and dpkg learn nothing of them."""

import re

from .place import LONG, Unavailable, called, last_line
from .verdict import CONF

CONFIGURATION = """APT::Architecture "{1}";
APT::Architectures {{ "{1}"; }};
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Dir::State "{0}";
Dir::State::status "{0}/status";
Dir::Cache "{0}";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Post-Invoke-Stats;
#clear AptCli::Hooks;
"""
SOURCE = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian {} main\n"


class Apt:
    """With lists and a cache below a directory."""

    def __init__(self, directory, suite, architecture="amd64"):
        self.directory = directory
        for place in ("lists/partial", "archives/partial"):
            (directory / place).mkdir(parents=True)
        (directory / "status").touch()
        (directory / "conf").write_text(CONFIGURATION.format(directory, architecture), encoding="utf-8")
        (directory / "sources.list").write_text(SOURCE.format(suite), encoding="utf-8")
        self("apt-get", "-q", "update")

    def __call__(self, *words):
        # Not by APT_CONFIG, which is read before what the machine has, and its hooks.
        ours = [f"--config-file={self.directory}/conf"] if words[0].startswith("apt-") else []
        status, said = called(["env", f"--chdir={self.directory}", "LC_ALL=C", *words, *ours], LONG)
        if status:
            first = re.search(r"^[EW]: .*", said, re.M)  # the last one only says that there was one
            raise Unavailable(CONF, f"{words[0]}: {last_line(first[0] if first else said)}")
        return said

    def fetch(self, package):
        """The path of the file."""
        self("apt-get", "-q", "download", package)
        return next(self.directory.glob("*.deb"))

    def fetch_all(self, packages):
        """The paths of the files: of these, and of what they depend on."""
        self("apt-get", "-q", "--yes", "--download-only", "--no-install-recommends", "install", *packages)
        return sorted((self.directory / "archives").glob("*.deb"))

    def unpack(self, package, directory):
        self("dpkg-deb", "--extract", package, directory)

    def newest(self, pattern):
        """The package of that name; of several, "linux-image-6.18.*-amd64", that of the highest version."""
        prefix, star, suffix = pattern.partition("*")
        if not star:
            return pattern
        names = [name for name in self("apt-cache", "pkgnames", prefix).split() if name.endswith(suffix)]
        if not names:
            raise Unavailable(CONF, f"no package is called {pattern}")
        return max(names, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])

    def package_of_kernel(self, name):
        """From the package that names the newest one to that which has it: since Linux 6.19 that is a third."""
        name = self.newest(name)
        for _ in range(3):
            found = re.search(r"Depends: (linux-(?:image|binary)-\d\S+)", self("apt-cache", "depends", name))
            name = found[1] if found else name
        return name
