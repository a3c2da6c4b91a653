"""A DNS server whose records a test can change while it runs, like those of a managed database after a failover."""
import contextlib
import os
import random
import signal
import socket
import struct
import threading

from services import Server, wait_for


def address_for_names():
    """Returns a loopback IP address on which no other process of the test run listens at port 53."""
    return "127.%d.%d.53" % (random.randrange(1, 255), random.randrange(1, 255))


class NameServer(Server):
    """dnsmasq at `address`, a loopback IP address, on port 53. It answers for the names under `domain` that point() has set."""

    name, domain = "names", "wanzami.test"

    def __init__(self):
        super().__init__()
        self.address = address_for_names()
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
        """Sets the A record of host.domain and returns the full name."""
        name = "%s.%s" % (host, self.domain)
        self.hosts[name] = address
        self._write()
        os.kill(self.processes[0].pid, signal.SIGHUP)
        wait_for(lambda: self.ask(name) == address, "%s to be %s" % (name, address))
        return name

    def ask(self, name):
        """Returns the first IP address of a name, or None."""
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


class SilentNameServer:
    """Receives queries and answers none of them until speak(); then every name resolves to 127.0.0.1."""

    def __init__(self):
        self.address = address_for_names()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 53))
        self.held, self.asked, self.speaking = [], set(), False
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                question, sender = self.socket.recvfrom(512)
                self.held.append((question, sender))
                self.asked.add(self._name(question))
                if self.speaking:
                    self.speak()

    @staticmethod
    def _name(question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        return ".".join(labels)

    def speak(self):
        self.speaking = True
        with contextlib.suppress(IndexError):  # the listening thread and the test may empty the list at the same time
            while True:
                self._answer(*self.held.pop())

    def _answer(self, question, sender):
        address = question[-3] == 1  # type A; other types get no record
        answer = struct.pack("!HHHIH4s", 0xc00c, 1, 1, 60, 4, socket.inet_aton("127.0.0.1")) if address else b""
        self.socket.sendto(question[:2] + struct.pack("!HHHHH", 0x8180, 1, address, 0, 0) + question[12:] + answer, sender)

    def close(self):
        self.socket.close()
