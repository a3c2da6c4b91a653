"""An SMTP server that gives the replies of a session as a test wants them."""
import contextlib
import ssl
import threading

from listening import Listening
from services import run

STEPS = ["greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end of data"]
FINE = {"greeting": "220 ready", "HELO": "250 here", "STARTTLS": "220 go on", "AUTH": "235 welcome", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on",
        "end of data": "250 ok"}


class SmtpScript(Listening):
    """reply["RCPT"] = "550 no" replaces the reply to that step; "cut" closes the connection, as a reply 421 does, "silence" keeps it without a
    reply; with `patience` the usual reply comes after so many seconds. reply["between"] = "cut" closes the connection after a mail. With `kept`
    only further mails on a connection get these replies. Beside STEPS there are "HELO" and "second EHLO", that after STARTTLS; with `implicit` TLS is there from the
    first byte.
    `steps` has the steps of the last session, `mails` the number of mails. STARTTLS has the certificate in `folder`.
    `mechanisms` has those of AUTH; reply["AUTH LOGIN"] is the reply to that one. `tried` has all mechanisms that were used, `commands` the
    lines of MAIL and RCPT, `extensions` further lines of EHLO, `bytes` the size of the last mail. A mail to an address that begins with
    `slow_to` gets the reply to its end only after release(); `held` has the recipients whose mails wait so, `taken` those of accepted
    mails. `open` is the number of connections, `most` the highest so far."""

    def __init__(self, folder):
        self.reply, self.steps, self.mails, self.patience, self.over = {}, [], 0, None, threading.Event()
        self.mechanisms, self.tried, self.commands, self.extensions, self.bytes = "PLAIN", [], [], [], 0
        self.slow_to, self.held, self.taken, self.fast, self.open, self.most = None, [], [], threading.Event(), 0, 0
        self.kept, self.implicit, self.sessions, self.lock = False, False, 0, threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        super().__init__()

    def talk(self, client):
        self.steps = []
        self.connected(1)
        try:
            with contextlib.suppress(EOFError):
                self.session(self.context.wrap_socket(client, server_side=True) if self.implicit else client)
        finally:
            self.connected(-1)

    def connected(self, change):
        with self.lock:
            self.open += change
            self.sessions += change > 0
            self.most = max(self.most, self.open)

    def session(self, client):
        file, ehlo = client.makefile("rb"), "EHLO"
        self.fresh = True
        self.answer(client, "greeting")
        while line := file.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "STARTTLS" and self.answer(client, verb):
                client = self.context.wrap_socket(client, server_side=True)
                file, ehlo = client.makefile("rb"), "second EHLO"
            elif verb == "DATA" and self.answer(client, verb):
                self.bytes = 0
                while (part := file.readline()) != b".\r\n":
                    self.bytes += len(part) - part.startswith(b"..")
                self.hold(to)
                accepted = self.answer(client, "end of data")
                self.mails += accepted
                self.taken += [to] * accepted
                self.fresh = False
                if self.reply.get("between") == "cut":
                    return
            elif verb in ("EHLO", "HELO", "AUTH", "MAIL", "RCPT"):
                if verb == "AUTH":
                    self.sign_in(client, file, line.split()[1])
                elif verb in ("MAIL", "RCPT"):
                    self.commands.append(line)
                    to = line[line.index("<") + 1:line.index(">")]
                    self.answer(client, verb)
                else:
                    self.answer(client, ehlo if verb == "EHLO" else verb)
            elif verb in ("NOOP", "RSET"):
                client.sendall(b"250 ok\r\n")
            elif verb == "QUIT":
                client.sendall(b"221 bye\r\n")
                return

    def hold(self, to):
        if self.slow_to and to.startswith(self.slow_to) and not self.fast.is_set():
            self.held.append(to)
            self.fast.wait(60)

    def release(self):
        self.fast.set()

    def sign_in(self, client, file, mechanism):
        """Asks for what the mechanism needs, and replies."""
        self.tried.append(mechanism)
        for challenge in {"LOGIN": ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"], "CRAM-MD5": ["PDFAeC50ZXN0Pg=="]}.get(mechanism, [""]):
            client.sendall(b"334 " + challenge.encode() + b"\r\n")
            file.readline()
        self.answer(client, "AUTH", "AUTH " + mechanism)

    def answer(self, client, step, kind=None):
        """Sends the reply. Returns 1 if it is a good one."""
        self.steps.append(step)
        replies = {} if self.kept and self.fresh else self.reply
        reply = replies.get(kind, replies.get(step, FINE.get(step)))
        if step in ("EHLO", "second EHLO") and reply is None:
            reply = "\r\n".join("250-" + line for line in ["here", *self.extensions, *["AUTH " + self.mechanisms] * bool(self.mechanisms)]) + "\r\n250 " + ("8BITMIME" if isinstance(client, ssl.SSLSocket) else "STARTTLS")
        if reply == "silence":
            self.over.wait(self.patience or 60)
            reply = FINE[step] if self.patience else reply
        if reply in ("cut", "silence"):
            raise EOFError
        client.sendall(reply.encode() + b"\r\n")
        if reply.startswith("421"):
            raise EOFError
        return reply[0] in "23"

    def close(self):
        self.over.set()
        self.release()
        super().close()


def attempt(world, script, mail, seconds=60, to="a@x.test", before=None, **env):
    """Queues a mail and tries it once. Returns its fate in the words of the table, and its error. A mail to `before` is sent first, over the same
    connection."""
    world.rows("DELETE FROM wanzami.mail_outbox")
    script.sessions = script.mails = 0
    world.rows("UPDATE wanzami.mail_relay SET failures = 0, paused_until = '-infinity', alarmed = false, refused_to = NULL, refusal = NULL")
    for n, address in enumerate([before] * (before is not None) + [to]):
        world.rows("""INSERT INTO wanzami.mail_outbox (to_address, template, vars, next_attempt_at)
            VALUES (%s, 'welcome', '{"name": "A"}', now() - interval '1 second' + %s * interval '1 millisecond')""", (address, n))
    r = run("job", "run", "mail", **{**world.env, "SMTP_PORT": script.port, "SMTP_TLS": "required", "TLS_CA_FILE": mail.ca,
                                     "SMTP_COMMAND_TIMEOUT_SEC": seconds, "SMTP_DATA_TIMEOUT_SEC": seconds, **env})
    assert r.returncode == 0, r.stdout + r.stderr
    sent, failed, attempts, waiting, why = world.rows(
        "SELECT sent_at IS NOT NULL, failed_at IS NOT NULL, attempts, next_attempt_at > now(), last_error FROM wanzami.mail_outbox WHERE to_address = %s", (to,))[0]
    assert before is None or world.rows("SELECT sent_at IS NOT NULL, attempts FROM wanzami.mail_outbox WHERE to_address = %s", (before,)) == [(True, 1)]
    paused = world.rows("SELECT paused_until > now(), failures FROM wanzami.mail_relay")[0]
    assert attempts == 1 and (why is None) == sent and waiting
    assert paused in ((False, 0), (True, 1)) and not (paused[0] and (sent or failed))
    return ("is sent" if sent else "is given up" if failed else "waits, and the relay is paused" if paused[0] else "waits"), why
