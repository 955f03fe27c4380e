#!/usr/bin/env python3
"""A receiver of webhooks on 127.0.0.1 that fails as its path says, and records accepted requests.

    POST /SCRIPT/...   SCRIPT is a list of steps separated by dashes, one for each request, and then 200 always:
                       a status; a status with a value of Retry-After, as in 429:1; "cut" closes the connection without a
                       response; "torn" within its head; "half" within its body; "lost" accepts the body and closes the
                       connection; "slow" sends nothing until the client closes; "stall" sends nothing after the
                       head; "huge200", "huge422" and so on have a body of 40 MiB; "endless200" and so on an endless one
    GET /_taken        a JSON list of requests with a status of 2xx or "lost": path, headers, body, answered

It prints its port and exits when its standard input ends.
"""
import json
import os
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
requests = Counter()
taken = []


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", retry_after=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            self.answer(200, json.dumps(taken).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        with lock:
            number = requests[self.path]
            requests[self.path] += 1
        steps = self.path.split("/")[1].split("-")
        step = steps[number] if number < len(steps) else "200"
        status, _, retry_after = step.partition(":")
        kind = status.rstrip("0123456789")
        number = status[len(kind):] or "200"
        is_answered = number.startswith("2") and kind in ("", "half", "stall", "huge", "endless")
        if is_answered or step == "lost":
            with lock:
                taken.append({
                    "path": self.path, "headers": dict(self.headers), "body": body, "answered": is_answered})
        if step in ("cut", "lost"):
            self.close_connection = True
        elif step == "torn":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            self.close_connection = True
        elif step == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            self.close_connection = True
        elif step == "stall":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            self.rfile.read(1)
            self.close_connection = True
        elif kind in ("huge", "endless"):
            self.close_connection = True
            size = 40 << 20 if kind == "huge" else 1 << 50
            self.wfile.write(f"HTTP/1.1 {number} X\r\nContent-Length: {size}\r\n\r\n".encode())
            try:
                for _ in range(size >> 16):
                    self.wfile.write(b"x" * (1 << 16))
            except OSError:
                pass
        elif step == "slow":
            self.rfile.read(1)
            self.close_connection = True
        else:
            self.answer(int(status), retry_after=retry_after or None)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(server.server_port, flush=True)
    server.serve_forever()


main()
