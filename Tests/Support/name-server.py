#!/usr/bin/env python3
"""A name server on 127.0.0.1:53, for a network name space of a test's own: every name has the address 127.0.0.1.

Prints "ready". Ends when standard input does.
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
    # The name is that of the question, at offset 12; type A, class IN, one minute, four bytes.
    record = struct.pack("!HHHIH4s", 0xC00C, 1, 1, 60, 4, socket.inet_aton("127.0.0.1")) if is_address else b""
    server.sendto(head + query[12:end] + record, client)
