"""A name server of the tests' own, whose names may be given other addresses while it runs, as those of a managed database are."""
import contextlib
import os
import random
import signal
import socket
import struct

from services import Server, wait_for


class NameServer(Server):
    """dnsmasq at an `address` of loopback, on the port where a container asks. It knows the names under `domain` that point() gave it."""

    name, domain = "names", "wanzami.test"

    def __init__(self):
        super().__init__()
        self.address = "127.%d.%d.53" % (random.randrange(1, 255), random.randrange(1, 255))
        self.hosts = {}
        self._write()
        self.start()

    def _write(self):
        path = self.folder + "/hosts"
        with open(path + ".new", "w") as f:
            f.writelines("%s %s\n" % (address, name) for name, address in {**self.hosts, "here." + self.domain: self.address}.items())
        os.rename(path + ".new", path)

    def commands(self):
        return [["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--log-facility=-",
                 "--no-resolv", "--no-hosts", "--no-poll", "--bind-interfaces", "--listen-address=" + self.address,
                 "--local=/%s/" % self.domain, "--addn-hosts=" + self.folder + "/hosts"]]

    def point(self, host, address):
        """Gives host.domain an address; its whole name."""
        name = "%s.%s" % (host, self.domain)
        self.hosts[name] = address
        self._write()
        os.kill(self.processes[0].pid, signal.SIGHUP)
        wait_for(lambda: self.ask(name) == address, "%s to be %s" % (name, address))
        return name

    def ask(self, name):
        """The first address of a name, or None."""
        question = struct.pack("!HHHHHH", 1, 0x100, 1, 0, 0, 0) + b"".join(bytes([len(w)]) + w.encode() for w in name.split(".")) + b"\0\0\1\0\1"
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.connect((self.address, 53))
            s.send(question)
            answer = s.recv(4096)
            if struct.unpack("!H", answer[6:8])[0]:
                return socket.inet_ntoa(answer[len(question) + 12:len(question) + 16])
        return None

    def answers(self):
        return self.ask("here." + self.domain) == self.address
