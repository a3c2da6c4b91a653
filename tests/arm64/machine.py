"""A 64-bit ARM machine, emulated by QEMU: Debian's kernel, the file system of its installer, and the appliance. QEMU's user-mode emulation is
faster, but has no seccomp; only this emulation runs workers in their sandbox."""
import json
import os
import re
import shlex
import subprocess

from services import Appliance, free_port, wait_for

DEBIAN = "/usr/lib/debian-installer/images/12/arm64/text/debian-installer/arm64/"
OUTSIDE = "10.0.2.2"  # the host's 127.0.0.1 in the machine
INSIDE = "10.0.2.15"
MEDIA = "/films"
PATIENCE = 600

# The init process. Its console shows the appliance's log and the kernel's records of refused system calls (audit), and accepts commands.
INIT = """#!/bin/sh
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
modprobe virtio_pci
modprobe virtio_net
ip link set lo up
until ip link set eth0 up 2>/dev/null; do :; done
ip addr add %s/24 dev eth0
ip route add default via %s
mkdir %s
. /appliance/environment
exec >/dev/console 2>&1
/appliance/wanzami </dev/null &
appliance=$!
while read -r line; do eval "$line"; done </dev/console &
wait $appliance
echo "the appliance ended with $?"
poweroff -f
""" % (INSIDE, OUTSIDE, MEDIA)


def archive(files):
    """Returns a cpio archive (newc) of (name, mode, content), which the kernel unpacks over the existing files."""
    out = b""
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")]):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


class Machine(Appliance):
    """The appliance in a machine; 127.0.0.1 in its variables becomes the host. Films are in MEDIA."""

    def __init__(self, folder, binary, **env):
        self.binary, self.initrd = binary, os.path.join(folder, "initrd")
        port = env.setdefault("PORT", free_port())
        super().__init__(folder, [
            "qemu-system-aarch64", "-M", "virt", "-cpu", "neoverse-n1", "-smp", "2", "-m", "1024", "-nodefaults", "-no-reboot", "-display", "none",
            "-serial", "stdio", "-kernel", DEBIAN + "linux", "-initrd", self.initrd,
            "-append", "console=ttyAMA0 rdinit=/appliance/init loglevel=6 panic=-1",
            "-netdev", "user,id=net,hostfwd=tcp:127.0.0.1:%s-%s:%s" % (port, INSIDE, port), "-device", "virtio-net-pci,netdev=net,romfile="], **env)

    def start(self):
        told = "".join("export %s=%s\n" % (k, shlex.quote(str(v).replace("127.0.0.1", OUTSIDE))) for k, v in self.env.items())
        with open(self.binary, "rb") as f:
            files = [("appliance", 0o40755, b""), ("appliance/init", 0o100755, INIT.encode()), ("appliance/environment", 0o100644, told.encode()),
                     ("appliance/wanzami", 0o100755, f.read())]
        with open(DEBIAN + "initrd.gz", "rb") as base, open(self.initrd, "wb") as f:
            f.write(base.read())
            f.write(bytes(-f.tell() % 4) + archive(files))
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=self.log, stderr=subprocess.STDOUT)
        return self

    def console(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def tell(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()

    def ask(self, command, pattern):
        """Sends a command to the console and waits for the pattern in its output. Returns the match."""
        before = len(self.console())
        self.tell(command)
        return wait_for(lambda: re.search(pattern, self.console()[before:]), "the output of " + command, PATIENCE)

    def wait_healthy(self):
        wait_for(self._up, "/health", PATIENCE)
        return self

    def log_lines(self):
        found = [json.loads(line) for line in self.console().splitlines() if line.startswith('{"')]
        return [line for line in found if "_aws" not in line]

    def complaints(self):
        """Returns the records of refused system calls."""
        return [line for line in self.console().splitlines(True) if "type=1326" in line]

    def stop(self):
        """Sends SIGTERM to the appliance; the machine powers off when it has ended. Returns the exit status."""
        self.tell("kill -TERM $appliance")
        self.process.wait(timeout=PATIENCE)
        return int(re.search("the appliance ended with ([0-9]+)", self.console())[1])
