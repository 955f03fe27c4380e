#!/usr/bin/env python3
"""A name server on 127.0.0.1:53, for a test's own network namespace: every name has the address 127.0.0.1.

It prints "ready" and exits when its standard input ends.
"""
import os
import socket
import struct
import sys
import threading

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    end = query.index(b"\0", 12) + 5  # the name ends with an empty label; type and class follow
    is_address = query[end - 4 : end - 2] == b"\0\1"
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_address), 0, 0)
    # The name of the question, at offset 12; type A, class IN, one minute, four bytes.
    record = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 60, 4, socket.inet_aton("127.0.0.1")) if is_address else b""
    server.sendto(head + query[12:end] + record, client)
