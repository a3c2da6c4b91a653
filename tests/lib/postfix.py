"""A real Postfix with a configuration, directories and a port of its own. It accepts mail and discards it."""
import os
import shutil
import subprocess
import tempfile

from services import free_port, wait_for

MAIN = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.test
mydestination =
mynetworks =
virtual_mailbox_domains = x.test
virtual_mailbox_maps = inline:{{ ada@x.test=ada }}
virtual_transport = discard
default_transport = discard
smtpd_sasl_auth_enable = yes
smtpd_sasl_local_domain = relay.test
smtpd_soft_error_limit = 100
smtpd_hard_error_limit = 100
"""
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""
SASL = "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: %s/sasldb2\nmech_list: %s\n"


def available():
    """Postfix needs root to start, as its processes have a user of their own."""
    return os.getuid() == 0 and all(shutil.which(p, path="/usr/sbin") for p in ("postfix", "saslpasswd2"))


class Postfix:
    user, password = "mailer", "a-password-of-postfix"

    def __init__(self, mechanisms="PLAIN LOGIN"):
        self.folder, self.port = tempfile.mkdtemp(prefix="wanzami-postfix-"), free_port()
        os.chmod(self.folder, 0o755)
        for name, text in (("main.cf", MAIN), ("master.cf", MASTER)):
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text.format(folder=self.folder, port=self.port))
        for name in ("queue", "data", "sasl"):
            os.mkdir(os.path.join(self.folder, name))
        with open(self.folder + "/sasl/smtpd.conf", "w") as f:
            f.write(SASL % (self.folder, mechanisms))
        shutil.chown(self.folder + "/data", "postfix")
        subprocess.run(["/usr/sbin/saslpasswd2", "-p", "-c", "-f", self.folder + "/sasldb2", "-u", "relay.test", self.user],
                       input=self.password.encode(), check=True)
        shutil.chown(self.folder + "/sasldb2", "postfix")
        self.command("postfix", "start")

    def command(self, name, *args):
        r = subprocess.run(["/usr/sbin/" + name, "-c", self.folder, *args], capture_output=True, text=True, timeout=120)
        assert r.returncode == 0, r.stdout + r.stderr

    def set(self, **settings):
        """Changes the configuration; later connections have it."""
        self.command("postconf", "-e", *("%s=%s" % s for s in settings.items()))
        self.command("postfix", "reload")

    def log(self):
        with open(self.folder + "/log") as f:
            return f.read()

    def delivered(self, address):
        """Waits until Postfix has delivered a mail to that e-mail address."""
        wait_for(lambda: [line for line in self.log().splitlines() if "to=<%s>" % address in line and "status=sent" in line], "Postfix to deliver", 60)

    def env(self):
        return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": self.port, "SMTP_USER": self.user + "@relay.test", "SMTP_PASS": self.password}

    def close(self):
        subprocess.run(["/usr/sbin/postfix", "-c", self.folder, "abort"], capture_output=True, timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)
