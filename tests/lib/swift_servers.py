"""Runs the four servers of OpenStack Swift, each in a process forked from one that has loaded Swift.
usage: swift_servers.py FOLDER PORT…: the folder of KIND.conf, and the ports of the account, container and object servers"""
# Eventlet patches first: once Swift is loaded, run_wsgi() would do it, with a collection of all garbage for each lock that exists by then (1.7 s).
import eventlet.patcher
eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

import ctypes
import os
import signal
import socket
import sys

import pkg_resources  # noqa: F401: PasteDeploy looks for the servers' classes with it
from swift.account import server as account  # noqa: F401
from swift.common.ring import RingBuilder
from swift.common.wsgi import run_wsgi
from swift.container import server as container  # noqa: F401
from swift.obj import server as objects
from swift.proxy import server as proxy  # noqa: F401

PR_SET_PDEATHSIG = 1  # linux/prctl.h: the process gets a signal when its parent dies
KINDS = ("account", "container", "object")


def make_ring(path, port):
    b = RingBuilder(2, 1, 1)
    b.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "device": "disk", "weight": 1.0,
               "replication_ip": "127.0.0.1", "replication_port": port, "meta": ""})
    b.rebalance()
    b.get_ring().save(path)


def serve(folder, kind):
    if os.fork():
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    more = {"global_conf_callback": objects.global_conf_callback} if kind == "object" else {}
    os._exit(run_wsgi("%s/%s.conf" % (folder, kind), kind + "-server", verbose=True, **more))


def listening(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def main(folder, ports):
    for kind, port in zip(KINDS, ports):
        if not os.path.exists("%s/%s.ring.gz" % (folder, kind)):
            make_ring("%s/%s.ring.gz" % (folder, kind), port)
        serve(folder, kind)
    # The proxy comes last: without its storage servers it would report that a bucket does not exist.
    while not all(listening(port) for port in ports):
        if os.waitpid(-1, os.WNOHANG)[0]:
            sys.exit("a storage server has ended")
        signal.sigtimedwait([signal.SIGCHLD], 0.01)  # not time.sleep(), which libfaketime breaks
    serve(folder, "proxy")
    sys.exit("process %d has ended" % os.wait()[0])


main(sys.argv[1], [int(port) for port in sys.argv[2:]])
