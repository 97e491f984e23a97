"""A real SMTP server on loopback, which refuses the recipients that a test names."""

import socketserver
import threading
from contextlib import contextmanager
from email import message_from_bytes


class PostOffice(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, *refused):
        super().__init__(("127.0.0.1", 0), _Session)
        self.refused = refused
        self.letters = []


class _Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self.say("220 here")
        to = []
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "RCPT":
                address = line[line.index("<") + 1 : line.index(">")]
                if address in self.server.refused:
                    self.say("550 no such person")
                    continue
                to.append(address)
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                body = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    body += part
                self.server.letters.append((to, message_from_bytes(body)))
                to = []
                self.say("250 ok")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@contextmanager
def post_office(*refused):
    with PostOffice(*refused) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
