"""A wire between a page and the server that can be cut and joined again."""

import socket
import threading
from contextlib import suppress


class Wire:
    """Listens on a free port of this machine and passes bytes on to `to` (host, port), both ways."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._pairs: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.join()

    def join(self) -> None:
        """Lets connections through, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Ends every connection and refuses new ones."""
        listener, self._listener = self._listener, None
        with self._lock:
            ends, self._pairs = self._pairs, set()
        for one in (listener, *ends):
            if one is not None:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._to)
            except OSError:
                return
            with self._lock:
                self._pairs |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        with self._lock:
            self._pairs -= {source, target}
