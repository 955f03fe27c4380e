#!/usr/bin/env python3
"""A small HTTP(S) server on 127.0.0.1 whose responses depend on the path.

Usage: http-server.py [CERTIFICATE KEY]

It prints its port, then "hanging" for each request to /hang, and exits when its standard input ends, so that it does not
outlive the test.
"""
import os
import socket
import ssl
import sys
import threading

connections = 0


def say(word):
    print(word, flush=True)


def answer(body, *head):
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *head]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def serve(client, tls):
    with client:
        if tls:
            client = tls.wrap_socket(client, server_side=True)
        with client, client.makefile("rb") as reader:
            while respond(client, reader):
                pass


def respond(client, reader):
    """Responds to one request; returns whether the connection stays open."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline()
        if not line:
            return False
        head += line
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    body = reader.read(length)
    path = head.split(b" ")[1].decode()

    if path == "/connections":
        client.sendall(answer(str(connections).encode()))
    elif path == "/head":
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
    elif path == "/chunked":
        client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n7\r\n second\r\n")
        client.sendall(b"0\r\nX-Trailer: late\r\n\r\n")
    elif path == "/endless":
        client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            client.sendall(b"400\r\n" + b"x" * 0x400 + b"\r\n")
    elif path == "/headers":
        client.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            client.sendall(b"X-Header: " + b"x" * 0x400 + b"\r\n")
    elif path == "/torn":
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
        return False
    elif path == "/early":
        client.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n")
        return False
    elif path == "/interim":
        client.sendall(b"HTTP/1.1 103 Early Hints\r\nX-Early: yes\r\n\r\n" + answer(b"", "X-Late: yes", "X-MiXed:  a b "))
    elif path == "/redirect":
        client.sendall(b"HTTP/1.1 302 Found\r\nLocation: /echo\r\nContent-Length: 0\r\n\r\n")
    elif path == "/cut":
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort")
        return False
    elif path == "/hang":
        say("hanging")
        reader.read(1)
        return False
    else:
        client.sendall(answer(head + body))
    return True


def main():
    global connections
    tls = None
    if len(sys.argv) == 3:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(sys.argv[1], sys.argv[2])
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    # Requests that clients abort on purpose are not logged.
    threading.excepthook = lambda failure: None
    say(listener.getsockname()[1])
    while True:
        client, _ = listener.accept()
        connections += 1
        threading.Thread(target=serve, args=(client, tls), daemon=True).start()


main()
