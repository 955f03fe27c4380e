#!/usr/bin/env python3
"""An HTTP proxy on 127.0.0.1 that injects faults in front of the server named by its argument.

It prints its port and exits when its standard input ends. `POST /_control/faults` sets the probability of each fault,
0 to 1, and `GET /_control/faults` returns the number of times that each fault has occurred:

throttle   503 with the service's own error; the call is not processed
drop       the connection closes; the call is not processed
stall      the response is delayed by two seconds
lost       the call is processed, and the connection closes without a response
lie        the call is processed, and half of the response is sent
"""
import http.client
import http.server
import json
import os
import random
import sys
import threading
import time

target = sys.argv[1].removeprefix("http://")
shares, counts, lock = {}, {}, threading.Lock()
dice = random.Random(1)


def fault():
    with lock:
        roll = dice.random()
        for kind, share in shares.items():
            roll -= share
            if roll < 0:
                counts[kind] = counts.get(kind, 0) + 1
                return kind
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body, cut=False):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut

    def do_GET(self):
        self.handle_call()

    def do_POST(self):
        self.handle_call()

    def do_PUT(self):
        self.handle_call()

    def handle_call(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/_control/faults":
            if self.command == "POST":
                with lock:
                    shares.clear()
                    shares.update(json.loads(body))
            return self.answer(200, [], json.dumps(counts).encode())
        kind = fault()
        if kind == "throttle":
            words = b'{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}'
            return self.answer(503, [("Content-Type", "application/x-amz-json-1.0")], words)
        if kind == "drop":
            self.close_connection = True
            return None
        if kind == "stall":
            time.sleep(2)
        connection = http.client.HTTPConnection(target)
        connection.request(self.command, self.path, body, {**self.headers, "Connection": "close"})
        response = connection.getresponse()
        data = response.read()
        if kind == "lost":
            self.close_connection = True
            return None
        return self.answer(response.status, response.getheaders(), data, cut=kind == "lie")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that is killed says nothing about this server


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
