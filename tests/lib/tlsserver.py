"""A TLS server (OpenSSL, in Python) that echoes its input."""
import select
import socket
import ssl

from listening import Listening


def forward_to(port):
    """Returns a handler for Echo that terminates TLS for a plain server. One thread reads and writes, because OpenSSL does not allow two to use a
    connection at the same time: the client then lost the connection once in a while."""
    def forward(s):
        with socket.create_connection(("127.0.0.1", port)) as behind:
            other = {s: behind, behind: s}
            while True:
                for source in [s] if s.pending() else select.select(list(other), [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    other[source].sendall(data)
    return forward


class Echo(Listening):
    """Listens on `port`. options: client_ca (requests a client certificate), alpn, ciphers, abrupt (closes without close_notify)."""

    def __init__(self, certificate, client_ca=None, alpn=None, ciphers=None, abrupt=False, alone=False, handler=None, address="127.0.0.1"):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.set_ciphers((ciphers or "DEFAULT") + ":@SECLEVEL=0")
        self.context.load_cert_chain(certificate.alone if alone else certificate.chain, certificate.key)
        if client_ca:
            self.context.verify_mode = ssl.CERT_OPTIONAL
            self.context.load_verify_locations(client_ca)
        if alpn:
            self.context.set_alpn_protocols([alpn])
        self.names = []  # names that clients sent by SNI
        self.context.sni_callback = lambda s, name, c: self.names.append(name)
        self.abrupt, self.handler, self.clients = abrupt, handler or self.echo, []
        super().__init__(address)

    def talk(self, connection):
        connection.settimeout(60)
        with self.context.wrap_socket(connection, server_side=True) as s:
            self.clients.append(s.getpeercert(binary_form=True))
            self.handler(s)

    def echo(self, s):
        """Echoes up to one megabyte or one line, then ends TLS (unless `abrupt`)."""
        data = b""
        while not data.endswith(b"\n"):
            got = s.recv(65536)
            if not got:
                return
            data += got
        s.sendall(data)
        if not self.abrupt:
            s.unwrap()
