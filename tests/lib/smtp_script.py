"""An SMTP server that gives the replies of a session as a test wants them."""
import contextlib
import ssl
import threading

from listening import Listening

STEPS = ["greeting", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "end of data"]
FINE = {"greeting": "220 ready", "STARTTLS": "220 go on", "AUTH": "235 welcome", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on",
        "end of data": "250 ok"}


class SmtpScript(Listening):
    """reply["RCPT"] = "550 no" replaces the reply to that step; "cut" closes the connection, "silence" keeps it without a reply; with
    `patience` the usual reply comes after so many seconds.
    `steps` has the steps of the last session, `mails` the number of mails. STARTTLS has the certificate in `folder`."""

    def __init__(self, folder):
        self.reply, self.steps, self.mails, self.patience, self.over = {}, [], 0, None, threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        super().__init__()

    def talk(self, client):
        self.steps = []
        with contextlib.suppress(EOFError):
            self.session(client)

    def session(self, client):
        file = client.makefile("rb")
        self.answer(client, "greeting")
        while line := file.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb == "STARTTLS" and self.answer(client, verb):
                client = self.context.wrap_socket(client, server_side=True)
                file = client.makefile("rb")
            elif verb == "DATA" and self.answer(client, verb):
                while file.readline() != b".\r\n":
                    pass
                self.mails += self.answer(client, "end of data")
            elif verb in ("EHLO", "HELO", "AUTH", "MAIL", "RCPT"):
                if verb == "AUTH" and len(line.split()) == 2:
                    client.sendall(b"334 \r\n")
                    file.readline()
                self.answer(client, "EHLO" if verb == "HELO" else verb)
            elif verb == "QUIT":
                client.sendall(b"221 bye\r\n")
                return

    def answer(self, client, step):
        """Sends the reply. Returns 1 if it is a good one."""
        self.steps.append(step)
        reply = self.reply.get(step, FINE.get(step))
        if step == "EHLO" and reply is None:
            reply = "250-here\r\n250-AUTH PLAIN\r\n250 " + ("8BITMIME" if isinstance(client, ssl.SSLSocket) else "STARTTLS")
        if reply == "silence":
            self.over.wait(self.patience or 60)
            reply = FINE[step] if self.patience else reply
        if reply in ("cut", "silence"):
            raise EOFError
        client.sendall(reply.encode() + b"\r\n")
        return reply[0] in "23"

    def close(self):
        self.over.set()
        super().close()
