#!/usr/bin/env python3
"""The AWS CLI as a server on 127.0.0.1 that prints its port and exits when its standard input ends.

Starting `aws` takes a second, mostly for imports. This process imports everything once and forks for each request, so that
each command still runs in a separate process: {"arguments": [...], "environment": {...}, "folder": "..."} returns
{"status": 0, "output": "...", "notes": "..."}.
"""
import http.server
import json
import os
import socketserver
import sys
import tempfile
import threading

import awscli.clidriver
# Commands import these on demand.
import awscli.customizations.s3.subcommands
import botocore.endpoint
import botocore.httpsession
import botocore.parsers
import botocore.serialize

# The folder of the service models, which the first import sets.
DATA = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}

# The developer's settings do not affect the commands: each has only the environment of its request.
os.environ.clear()
os.environ.update(DATA, HOME="/nonexistent")
driver = awscli.clidriver.create_clidriver()


def run(request):
    """Runs one command in a forked process."""
    os.environ.clear()
    os.environ.update(DATA | request["environment"])
    os.chdir(request["folder"])
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as notes:
        os.dup2(output.fileno(), 1)
        os.dup2(notes.fileno(), 2)
        try:
            status = driver.main(request["arguments"])
        except SystemExit as exit:
            status = exit.code if isinstance(exit.code, int) else 1
        sys.stdout.flush()
        sys.stderr.flush()
        texts = []
        for file in (output, notes):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return {"status": status or 0, "output": texts[0], "notes": texts[1]}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(run(request)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class Server(socketserver.ForkingMixIn, http.server.HTTPServer):
    max_children = 64


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
