"""The line between a site and a server: it can be cut, mended, or go silent."""

import socket
import threading
from contextlib import suppress


class Line:
    """Forwards a port of its own to ``target`` on this machine."""

    def __init__(self, target):
        self._target = target
        self._sockets = []
        self._lock = threading.Lock()
        self._listener = self._listen(0)
        self.port = self._listener.getsockname()[1]
        self._silent = False

    def cut(self):
        """Connections end; new ones are refused."""
        with self._lock:
            for each in (self._listener, *self._sockets):
                _end(each)
            self._sockets.clear()

    def mend(self):
        self.cut()
        self._silent = False
        self._listener = self._listen(self.port)

    def silence(self):
        """New connections are accepted, and nobody answers."""
        self.mend()
        self._silent = True

    def _listen(self, port):
        listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.append(near)
            if not self._silent:
                far = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._sockets.append(far)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source, sink):
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _end(source)
    _end(sink)


def _end(each):
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in it
    each.close()
