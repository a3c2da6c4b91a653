"""Containers of the product's image, started by podman as ECS starts tasks. Images, containers and configuration are in a temporary folder.
Needs root, because a container uses the host's network."""
import contextlib
import os
import shutil
import subprocess
import tempfile

from services import ROOT, Appliance, clean_environment, wait_for

IMAGE = os.path.join(ROOT, "out", "wanzami-image.tar")
RUNTIMES = ("runc", "crun")

CONTAINERS = """
[containers]
log_driver = "none"
http_proxy = false
[engine]
runtime = "%(runtime)s"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
tmp_dir = "%(folder)s/tmp"
"""

STORAGE = """
[storage]
driver = "vfs"
graphroot = "%(folder)s/root"
runroot = "%(folder)s/run"
"""


class Podman:
    """podman with the image in a separate storage, and the first of the RUNTIMES that can run it on this machine."""

    def __init__(self):
        if os.getuid() != 0:
            raise AssertionError("container tests need root")
        if not os.path.exists(IMAGE):
            raise AssertionError("no container image; run ./build.sh image")
        self.folder = tempfile.mkdtemp(prefix="wanzami-podman-")
        self.env = clean_environment(CONTAINERS_CONF=self.folder + "/containers.conf", CONTAINERS_STORAGE_CONF=self.folder + "/storage.conf")
        self._write("storage.conf", STORAGE)
        said = []
        for runtime in filter(shutil.which, RUNTIMES):
            self._write("containers.conf", CONTAINERS, runtime)
            self.image = self("load", "--quiet", "--input", IMAGE).split()[-1]
            r = subprocess.run(self.command(["--memory=64m", "--cap-drop=all", "--ulimit=nofile=1024:1024"], "--version"), env=self.env,
                               capture_output=True, text=True, timeout=300)
            if r.returncode == 0:
                return
            said.append("%s: %s" % (runtime, r.stderr.strip()))
        self.close()
        raise AssertionError("cannot run a container:\n" + ("\n".join(said) or "neither %s nor %s is installed" % RUNTIMES))

    def _write(self, name, text, runtime=None):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text % {"folder": self.folder, "runtime": runtime})

    def __call__(self, *words):
        """Runs a podman command, which must succeed, and returns its output."""
        r = subprocess.run(["podman", *words], env=self.env, capture_output=True, text=True, timeout=300)
        assert r.returncode == 0, (words, r.stderr)
        return r.stdout

    def command(self, options, *words):
        """Returns the command line that runs the image in the foreground. It sets the process limit, because podman would raise it to the
        host's, for which it may lack the permission; it disables the health check, which needs systemd."""
        return ["podman", "run", "--rm", "--network=host", "--no-healthcheck", "--ulimit=nproc=4096:4096", *options, self.image, *words]

    def close(self):
        with contextlib.suppress(AssertionError):
            self("rm", "--all", "--force", "--time=0")
            self("rmi", "--all", "--force")
        subprocess.run("grep -o '%s[^ ]*' /proc/mounts | sort -r | xargs -r umount" % self.folder, shell=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def limits(task):
    """Returns the resource limits of a task definition as podman options."""
    c, = task["containerDefinitions"]
    assert c["readonlyRootFilesystem"]
    return ["--memory=%sm" % task["memory"], "--user=" + c["user"], "--read-only", "--read-only-tmpfs=false", "--stop-timeout=%d" % c["stopTimeout"],
            *("--cap-drop=" + name.lower() for name in c["linuxParameters"]["capabilities"]["drop"]),
            *("--ulimit=%s=%d:%d" % (u["name"], u["softLimit"], u["hardLimit"]) for u in c["ulimits"])]


class Container(Appliance):
    """A task: the appliance in a container with the limits and variables of its task definition. Values of variables are not on the command
    line."""

    def __init__(self, podman, folder, task, dns, words=(), **env):
        self.podman, self.options, self.words = podman, limits(task) + ["--dns=" + dns], words
        c, = task["containerDefinitions"]
        self.check = c["healthCheck"]["command"]
        super().__init__(folder, **{**{v["name"]: v["value"] for v in c["environment"]}, **env})

    def start(self):
        self.name = "wanzami-%d" % self.port
        self.process = subprocess.Popen(self.podman.command([*self.options, "--name=" + self.name, *("--env=" + name for name in self.env)], *self.words),
                                        env={**clean_environment(**self.env), **self.podman.env}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT)
        return self

    def probe(self):
        """Runs the container's health check in the container, as ECS does. Returns whether it passes."""
        kind, *words = self.check
        assert kind == "CMD"
        return subprocess.run(["podman", "exec", self.name, *words], env=self.podman.env, capture_output=True, timeout=60).returncode == 0

    def kill(self):
        """Sends SIGKILL to the container. Repeats until podman has ended, because a starting container cannot be killed yet."""
        def gone():
            if self.process.poll() is None:
                subprocess.run(["podman", "kill", self.name], env=self.podman.env, capture_output=True, timeout=60)
            return self.process.poll() is not None
        wait_for(gone, "the end of " + self.name)
