"""HAProxy as an Application Load Balancer."""
import json
import os
import pathlib
import socket
import subprocess

from services import ROOT, free_port, listening, wait_for

PACE = 20  # health checks run this many times as often as on AWS

HAPROXY = """
global
	stats socket %(folder)s/haproxy.sock mode 600 level admin
defaults
	mode http
	timeout connect 5s
	timeout client %(idle)ss
	timeout server %(idle)ss
	timeout check %(patience)ss
	retries 0
	option forwardfor
	http-reuse safe
%(redirect)sfrontend front
	bind 127.0.0.1:%(port)d %(tls)s
	http-request set-header X-Forwarded-Proto %(scheme)s
	http-request set-header X-Forwarded-Port %(port)d
	default_backend tasks
backend tasks
	balance leastconn
	option httpchk
	http-check send meth GET uri %(path)s ver HTTP/1.1 hdr Host tasks hdr User-Agent ELB-HealthChecker/2.0
	http-check expect status %(code)s
	default-server check inter %(interval)dms rise %(rise)d fall %(fall)d
"""

REDIRECT = """frontend plain
	bind 127.0.0.1:%(plain)d
	http-request redirect location https://127.0.0.1:%(port)d%%[capture.req.uri] code 301
"""


def target_group():
    with open(os.path.join(ROOT, "ecs-taskdefs/network/target-group.json")) as f:
        return json.load(f)


class Balancer:
    """The health check is that of the target group, with a shorter interval; no retries, because an ALB makes none. With `authority` it serves
    HTTPS with a certificate of that CA and redirects plain HTTP. A task is identified by its port."""

    def __init__(self, folder, ports, port=None, target=None, idle=60, authority=None):
        self.folder, self.port, self.plain = folder, port or free_port(), free_port()
        target, values = target or target_group(), {"folder": folder, "port": self.port, "plain": self.plain, "idle": idle}
        if authority:
            leaf = authority.issue("127.0.0.1", "localhost")
            with open(folder + "/balancer.pem", "wb") as f:
                for path in (leaf.chain, leaf.key):
                    f.write(pathlib.Path(path).read_bytes())
            values.update(redirect=REDIRECT % values, tls="ssl crt %s/balancer.pem" % folder, scheme="https")
        else:
            values.update(redirect="", tls="", scheme="http")
        self.url = "%s://127.0.0.1:%d" % (values["scheme"], self.port)
        with open(folder + "/haproxy.cfg", "w") as f:
            f.write(HAPROXY % {**values, "path": target["HealthCheckPath"], "code": target["Matcher"]["HttpCode"],
                               "patience": target["HealthCheckTimeoutSeconds"], "interval": target["HealthCheckIntervalSeconds"] * 1000 // PACE,
                               "rise": target["HealthyThresholdCount"], "fall": target["UnhealthyThresholdCount"]})
            f.writelines("\tserver t%d 127.0.0.1:%d\n" % (port, port) for port in ports)
        self.process = subprocess.Popen(["haproxy", "-q", "-f", folder + "/haproxy.cfg"], stdin=subprocess.DEVNULL)
        wait_for(lambda: listening(self.port), "haproxy")

    def rows(self):
        """Returns HAProxy's statistics of each task, by port."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.folder + "/haproxy.sock")
            s.sendall(b"show stat\n")
            head, *lines = b"".join(iter(lambda: s.recv(65536), b"")).decode().lstrip("# ").splitlines()
        found = [dict(zip(head.split(","), line.split(","))) for line in lines if line.startswith("tasks,t")]
        return {int(row["svname"][1:]): row for row in found}

    def up(self):
        """Returns the ports of the tasks that pass their health check."""
        return {port for port, row in self.rows().items() if row["status"] == "UP"}

    def down(self, port):
        """Returns whether a task gets no more requests. A task gets requests until enough health checks have failed."""
        return self.rows()[port]["status"].startswith("DOWN")

    def requests(self, port):
        """Returns the number of requests sent to a task."""
        return int(self.rows()[port]["stot"])

    def close(self):
        self.process.kill()
        self.process.wait()
