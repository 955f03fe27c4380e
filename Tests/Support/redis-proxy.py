"""A proxy in front of a Redis server that rejects SCRIPT, as twemproxy and Envoy do: redis-proxy.py PORT

It forwards other commands to 127.0.0.1:PORT one by one, and returns the replies. PORT can be the path of a file that
contains it, which is read for each connection, like a name lookup. It prints its own port first and exits when its
standard input ends.
"""

import os
import socket
import sys
import threading


def command(stream):
    """Returns the bytes of the next command and its first word; nothing at the end."""
    head = line = stream.readline()
    name = b""
    for number in range(int(line[1:]) if line else 0):
        line = stream.readline()
        word = stream.read(int(line[1:]) + 2)
        head += line + word
        name = name or word[:-2].upper()
    return head, name


def reply(stream):
    """Returns the bytes of the next reply."""
    line = stream.readline()
    kind, text = line[:1], line[1:-2]
    if kind == b"$" and text != b"-1":
        return line + stream.read(int(text) + 2)
    if kind == b"*" and text != b"-1":
        return line + b"".join(reply(stream) for _ in range(int(text)))
    return line


def serve(client, port):
    with client, socket.create_connection(("127.0.0.1", port)) as server:
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        incoming, replies = client.makefile("rb"), server.makefile("rb")
        # One entry for each command, in order: whether the server replies to it.
        order, ready = [], threading.Condition()

        def answer():
            try:
                pass_replies()
            except (OSError, ValueError):
                # One of the two has closed its connection; the other must notice.
                end_client()

        def end_client():
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

        def pass_replies():
            while True:
                with ready:
                    ready.wait_for(lambda: order)
                    is_passed = order.pop(0)
                if is_passed is None:
                    return
                text = reply(replies) if is_passed else b"-ERR unsupported command\r\n"
                if not text:
                    return end_client()
                client.sendall(text)

        def note(entry):
            with ready:
                order.append(entry)
                ready.notify()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            while True:
                text, name = command(incoming)
                if not text:
                    break
                if name == b"SCRIPT":
                    note(False)
                else:
                    server.sendall(text)
                    note(True)
        except (OSError, ValueError):
            pass
        note(None)


def target():
    if sys.argv[1].isdigit():
        return int(sys.argv[1])
    with open(sys.argv[1]) as file:
        return int(file.read())


def main():
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=run, args=(client,), daemon=True).start()

    def run(client):
        try:
            serve(client, target())
        except OSError:
            client.close()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()
