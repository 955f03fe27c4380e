"""A RESP server with scripted replies: resp-server.py REPLIES

REPLIES is a JSON list with one object for each connection; the last one is used for all others. An object contains, by the
command's name, the successive replies, of which the last one is repeated. "{port}" in a reply is this server's port, a
number is a bulk string of that size, and null is silence. The server prints its port first and exits when its standard
input ends.
"""

import json
import os
import socket
import sys
import threading


def commands(stream):
    while line := stream.readline():
        words = []
        for _ in range(int(line[1:])):
            size = int(stream.readline()[1:])
            words.append(stream.read(size + 2)[:-2])
        yield words


def serve(connection, replies, port):
    replies = {name: list(rest) for name, rest in replies.items()}
    with connection, connection.makefile("rb") as stream:
        try:
            for words in commands(stream):
                rest = replies.get(words[0].decode(), ["-ERR unknown command\r\n"])
                reply = rest.pop(0) if len(rest) > 1 else rest[0]
                if isinstance(reply, int):
                    connection.sendall(b"$%d\r\n%s\r\n" % (reply, b"x" * reply))
                elif reply is not None:
                    connection.sendall(reply.replace("{port}", str(port)).encode())
        except OSError:
            pass


def main():
    script = json.loads(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def accept():
        number = 0
        while True:
            connection, _ = listener.accept()
            replies = script[min(number, len(script) - 1)]
            threading.Thread(target=serve, args=(connection, replies, port), daemon=True).start()
            number += 1

    threading.Thread(target=accept, daemon=True).start()
    print(port, flush=True)
    sys.stdin.read()
    os._exit(0)


main()
