"""A real Exim with a configuration, directories and a port of its own. It accepts mail and writes it to a file."""
import os
import pwd
import shutil
import socket
import subprocess
import tempfile

from services import free_port, wait_for

BINARY = "/opt/wanzami-test/exim4-daemon-light/usr/sbin/exim4"  # build/setup.sh
CONFIG = """exim_path = {binary}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
primary_hostname = relay.test
host_lookup =
rfc1413_hosts =
keep_environment =
deliver_drop_privilege = true
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
smtp_accept_max_nonmail = 1000
message_size_limit = {{if exists{{{folder}/small}}{{1K}}{{10M}}}}
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny condition = {{if exists{{{folder}/limit}}}}
       message = Domain wanzami.example has exceeded the max emails per hour (100/100 (100%)) allowed. Message discarded.
  require message = relay not permitted
          condition = {{if or{{{{eq{{$domain}}{{x.test}}}}{{def:sender_host_authenticated}}}}}}
  accept verify = recipient
begin routers
local:
  driver = accept
  domains = x.test
  local_parts = ada
  transport = file
unknown:
  driver = redirect
  domains = x.test
  allow_fail
  data = :fail: Unknown user
others:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = {folder}/spool/mails
  envelope_to_add
  return_path_add
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {{if and{{{{eq{{$auth2}}{{{user}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = {{if and{{{{eq{{$auth1}}{{{user}}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = {{if eq{{$auth1}}{{{user}}}{{{password}}}fail}}
  server_set_id = $auth1
"""


def available():
    """Exim needs root to start, and the user that its package makes."""
    return os.getuid() == 0 and os.access(BINARY, os.X_OK) and any(p.pw_name == "Debian-exim" for p in pwd.getpwall())


class Exim:
    """With say("limit") it refuses every recipient for a quota, with say("small") mail of more than 1 KB, until accept()."""

    user, password = "mailer", "a-password-of-exim"

    def __init__(self):
        self.folder, self.port = tempfile.mkdtemp(prefix="wanzami-exim-"), free_port()
        os.chmod(self.folder, 0o755)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.folder + "/key.pem", "-out", self.folder + "/cert.pem",
                        "-days", "2", "-subj", "/CN=relay.test"], check=True, stderr=subprocess.DEVNULL)
        for name in ("spool", "log", "key.pem", "cert.pem"):
            path = os.path.join(self.folder, name)
            if "." not in name:
                os.mkdir(path)
            shutil.chown(path, "Debian-exim", "Debian-exim")
        with open(self.folder + "/conf", "w") as f:
            f.write(CONFIG.replace("= {{if", "= ${{if").format(binary=BINARY, folder=self.folder, port=self.port, user=self.user, password=self.password))
        self.process = subprocess.Popen([BINARY, "-C", self.folder + "/conf", "-bdf", "-q1m"])
        wait_for(self.answers, "Exim to listen", 60)

    def answers(self):
        assert self.process.poll() is None, self.log()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def say(self, name):
        open(os.path.join(self.folder, name), "w").close()

    def accept(self):
        for name in ("limit", "small"):
            if os.path.exists(os.path.join(self.folder, name)):
                os.remove(os.path.join(self.folder, name))

    def log(self):
        text = ""
        for name in ("main", "panic"):
            path = os.path.join(self.folder, "log", name)
            if os.path.exists(path):
                with open(path) as f:
                    text += f.read()
        return text

    def delivered(self, address):
        """Waits until Exim has delivered a mail to that e-mail address, and returns the line of its reception."""
        def line():
            return [part for part in self.log().splitlines() if "=> " in part and address in part]
        wait_for(line, "Exim to deliver", 60)
        received = line()[0].split()[2]
        return next(part for part in self.log().splitlines() if " %s <= " % received in part)

    def env(self):
        return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": self.port, "SMTP_USER": self.user, "SMTP_PASS": self.password}

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)
