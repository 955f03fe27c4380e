"""HTTP: the Data API's JSON protocol, faults, and the interface for tests.

POST /_control/faults    {"operation", "kind", "times", "probability", "seed"}: a fault of the next calls of the operation
    throttle, 500, error (`code`, `message`), drop (before the call), lost (after it, without a response)
    slow (`milliseconds`) and fails (`message`): the statement is slow or fails; in a batch, before the statement with the
    number `statement`, otherwise before all of them, and in the last one
    alters (`members`): replaces members of the response; null removes one
POST /_control/settings  {"readsEscapes", "waits", "activeLimit", "s3", "isolation", "user"}; s3 is the endpoint that COPY
    reads from, isolation that of transactions, and user the one that statements run as
POST /_control/sql       {"sql", "session"}: runs it as the database's owner and returns its rows as texts; a session keeps
    its connection and its transaction
POST /_control/reset     deletes statements, faults, settings and sessions, and drops all schemas and users that tests created
GET  /_control/calls     the number of calls by operation and fault, the largest statement and count, and trace headers
"""
import json
import random
import socket
import threading
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg

from errors import Refusal
from statements import Service


class Faults:
    def __init__(self):
        self.waiting, self.random, self.taken = [], random.Random(1), Counter()

    def add(self, fault):
        self.random = random.Random(fault.get("seed", 1))
        self.waiting.append({"times": 1, "probability": 1, "message": "an injected error", **fault})

    def take(self, operation):
        for fault in self.waiting:
            if fault["operation"] in (operation, "*") and self.random.random() < fault["probability"]:
                self.taken[fault["kind"]] += 1
                fault["times"] -= 1
                if fault["times"] == 0:
                    self.waiting.remove(fault)
                return fault
        return None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, database):
        super().__init__(("127.0.0.1", 0), Handler)
        self.database, self.lock, self.sessions = database, threading.Lock(), {}
        self.reset()

    def reset(self):
        self.service, self.faults = Service(self.database), Faults()
        self.calls, self.traces, self.largest = Counter(), [], {"statement": 0, "count": 0}

    def note(self, operation, request, trace):
        with self.lock:
            self.calls[operation] += 1
            if trace:
                self.traces.append(trace)
            texts = request.get("Sqls") or [request["Sql"]] if "Execute" in operation else []
            self.largest["count"] = max(self.largest["count"], len(texts))
            self.largest["statement"] = max([self.largest["statement"], *(len(text.encode()) for text in texts)])
            return self.faults.take(operation)

    def rows(self, text, session):
        if not session:
            with self.database.connect() as connection:
                return texts(connection.execute(text))
        with self.lock:
            connection = self.sessions.get(session) or self.database.connect()
            self.sessions[session] = connection
        return texts(connection.execute(text))

    def close_sessions(self):
        with self.lock:
            sessions, self.sessions = self.sessions, {}
        for connection in sessions.values():
            connection.close()

    def handle_error(self, request, client_address):
        """Does not log requests that clients abort on purpose."""


def texts(cursor):
    rows = cursor.fetchall() if cursor.description else []
    return [[None if value is None else str(value) for value in row] for row in rows]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        self.reply(200, {
            "calls": server.calls, "traces": server.traces, "largest": server.largest, "faults": server.faults.taken})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        if self.path.startswith("/_control/"):
            try:
                self.reply(200, self.control(self.path.removeprefix("/_control/"), request))
            except psycopg.Error as error:
                self.reply(400, {"error": str(error)})
            return
        operation = self.headers.get("X-Amz-Target", "").removeprefix("RedshiftData.")
        fault = self.server.note(operation, request, self.headers.get("X-Amzn-Trace-Id"))
        try:
            self.answer(operation, request, fault)
        except Refusal as refusal:
            body = {"__type": refusal.code, "message": refusal.message}
            self.reply(refusal.status, body, {"x-amzn-ErrorType": refusal.code})

    def answer(self, operation, request, fault):
        kind = fault["kind"] if fault else None
        if kind == "throttle":
            raise Refusal("ThrottlingException", "Rate exceeded")
        if kind == "500":
            raise Refusal("InternalServerException", "an internal error was asked for", 500)
        if kind == "error":
            raise Refusal(fault["code"], fault["message"])
        if kind == "drop":
            self.cut()
            return
        answer = self.server.service.call(operation, request, fault)
        if kind == "alters":
            answer = {name: value for name, value in {**answer, **fault["members"]}.items() if value is not None}
        if kind == "lost":
            self.cut()
            return
        self.reply(200, answer)

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def control(self, what, request):
        server = self.server
        if what == "faults":
            server.faults.add(request)
        elif what == "settings":
            server.service.settings.update(request)
        elif what == "sql":
            return {"rows": server.rows(request["sql"], request.get("session"))}
        elif what == "reset":
            server.reset()
            server.close_sessions()
            with server.database.connect() as connection:
                # Running statements would keep locks.
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
                schemas = connection.execute(
                    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN "
                    "('information_schema', 'public')").fetchall()
                for (name,) in schemas:
                    connection.execute(f'DROP SCHEMA "{name}" CASCADE')
                users = connection.execute(
                    "SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'test'").fetchall()
                for (name,) in users:
                    connection.execute(f'DROP OWNED BY "{name}"')
                    connection.execute(f'DROP ROLE "{name}"')
        return {}

    def reply(self, status, body, headers=None):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/x-amz-json-1.1", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
