"""way.py: a way to a server that can be cut: a port here, all that comes is passed on to a socket.

What goes by is counted as the round trips that it makes: how often a client speaks after it was
answered. A cut is of two kinds. `cut()`: both ends of every connection are closed and new ones are
refused, as when a machine restarts. `freeze()`: everything is accepted and nothing passed on, as
when something on the way has lost its mind: nobody but a clock can tell. `mend()` ends either; what
was frozen is dropped then.
"""

import selectors
import socket
import threading


class Way:
    def __init__(self, to):
        self.to = to  # the path of a UNIX socket
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.other = {}  # an end of a connection -> the other one
        self.clients = set()
        self.speaks = {}  # a client's end -> whether it was the last to speak
        self.is_cut = self.is_frozen = self.is_over = False
        self.round_trips = 0
        self.trap = None  # (bytes, what to do, whether they are passed on)
        self.selector = selectors.DefaultSelector()
        self.listener.setblocking(False)
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def close(self):
        self.is_over = True
        self.thread.join()
        self.drop()
        self.listener.close()
        self.selector.close()

    def cut(self):
        with self.lock:
            self.is_cut = True
            self.drop()

    def freeze(self):
        self.is_frozen = True

    def mend(self):
        with self.lock:
            if self.is_frozen:
                self.drop()
            self.is_cut = self.is_frozen = False

    def when(self, words, do, passed_on):
        """At the next piece from a client that has these bytes: cut or freeze, once."""
        self.trap = (words, do, passed_on)

    def drop(self):
        for end in list(self.other):
            if end in self.other:
                self.drop_one(end)

    def drop_one(self, end):
        other = self.other.pop(end)
        self.other.pop(other, None)
        for one in end, other:
            self.selector.unregister(one)
            self.clients.discard(one)
            self.speaks.pop(one, None)
            # At once, with a reset: what was on its way is lost.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            one.close()

    def accept(self):
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        if self.is_cut:
            client.close()
            return
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.to)
        except OSError:
            server.close()
            client.close()
            return
        self.other[client], self.other[server] = server, client
        self.clients.add(client)
        for end in client, server:
            self.selector.register(end, selectors.EVENT_READ)

    def pass_on(self, end):
        try:
            piece = end.recv(1 << 16)
        except OSError:
            piece = b""
        if not piece:
            self.drop_one(end)
            return
        is_client = end in self.clients
        client = end if is_client else self.other[end]
        if is_client and not self.speaks.get(client):
            self.round_trips += 1
        self.speaks[client] = is_client
        if is_client and self.trap and self.trap[0] in piece:
            _, do, passed_on = self.trap
            self.trap = None
            if passed_on:
                self.other[end].sendall(piece)
                self.other[end].recv(1, socket.MSG_PEEK)  # it is answered: the server has done it
            if do == "cut":
                self.is_cut = True
                self.drop()
            else:
                self.is_frozen = True
            return
        if self.is_frozen:
            return
        try:
            self.other[end].sendall(piece)
        except OSError:
            self.drop_one(end)

    def work(self):
        while not self.is_over:
            for key, _ in self.selector.select(timeout=0.05):
                with self.lock:
                    if key.fileobj is self.listener:
                        self.accept()
                    elif key.fileobj in self.other:
                        self.pass_on(key.fileobj)
