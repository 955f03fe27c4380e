#!/usr/bin/env python3
"""Lambda's Invoke on 127.0.0.1, with functions that are `bootstrap` processes or have scripted responses.

It prints its port and exits with its processes when its standard input ends. A queue whose URL ends with /memory is
implemented here, because moto takes seconds for each call of a queue with 1,000 messages; every other call is forwarded to
the server named by the argument.

POST /_control/functions   {"name", "binary", "environment"}, or {"name", "answers": [{"status", "headers", "body"}]};
                           the last response is repeated
POST /_control/mappings    [{"EventSourceArn", "FunctionArn"}]
POST /_control/hold        {"index", "isProcessed"}: the response of the invocation at this index is delayed until the next
                           such call; the event is processed before the delay or not at all
GET  /_control/invocations [{"function", "bytes", "event", "status", "headers", "body"}], including those without a response
"""
import http.client
import http.server
import itertools
import json
import os
import queue
import subprocess
import sys
import threading
import time
import urllib.parse

target = sys.argv[1].removeprefix("http://") if len(sys.argv) > 1 else None
functions, mappings, invocations, lock = {}, [], [], threading.Lock()
numbers = itertools.count(1)
held = {"index": None, "released": threading.Event()}
EVENT_LIMIT = 6_291_456


class Function:
    def __init__(self, port, name, answers=None, binary=None, environment=None):
        self.answers = answers
        self.waiting, self.running, self.process = queue.Queue(), {}, None
        if binary:
            runtime = {"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}/_runtime/{name}", "AWS_LAMBDA_FUNCTION_NAME": name}
            self.process = subprocess.Popen(
                [binary], env={**(environment or {}), **runtime}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)

    def invoke(self, event):
        """Returns the status, headers and body of the response."""
        if self.answers is not None:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            body = answer.get("body", "")
            body = body if isinstance(body, str) else json.dumps(body)
            return answer.get("status", 200), answer.get("headers", {}), body.encode()
        invocation = {"id": f"invocation-{next(numbers)}", "event": event, "done": threading.Event()}
        self.running[invocation["id"]] = invocation
        self.waiting.put(invocation)
        while not invocation["done"].wait(1):
            if self.process.poll() is not None:
                error = {"errorType": "Runtime.ExitError", "errorMessage": f"exit status {self.process.returncode}"}
                return 200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps(error).encode()
        return 200, invocation["headers"], invocation["body"]


class Queue:
    """A standard queue: messages by ID, each with its body, its receipt handle, and whether it is hidden."""

    def __init__(self):
        self.messages, self.timeouts, self.lock = {}, {}, threading.Lock()

    def call(self, operation, body):
        with self.lock:
            return getattr(self, operation)(body)

    def SendMessageBatch(self, body):
        for entry in body["Entries"]:
            self.messages[f"m{next(numbers)}"] = {"body": entry["MessageBody"], "receipt": None, "hidden": False}
        return {"Successful": [{"Id": entry["Id"]} for entry in body["Entries"]]}

    def ReceiveMessage(self, body):
        visible = (key for key, message in self.messages.items() if not message["hidden"])
        taken = list(itertools.islice(visible, body["MaxNumberOfMessages"]))
        for key in taken:
            self.messages[key].update(hidden=True, receipt=f"{key} {next(numbers)}")
        return {
            "Messages": [
                {"MessageId": key, "ReceiptHandle": self.messages[key]["receipt"], "Body": self.messages[key]["body"]}
                for key in taken
            ]
        }

    def each(self, body, change):
        """Applies `change` to the messages of the entries whose receipt handle is the current one."""
        answer = {"Successful": [], "Failed": []}
        for entry in body["Entries"]:
            key = entry["ReceiptHandle"].split()[0]
            if self.messages.get(key, {}).get("receipt") == entry["ReceiptHandle"]:
                change(key, entry)
                answer["Successful"].append({"Id": entry["Id"]})
            else:
                answer["Failed"].append({"Id": entry["Id"], "Code": "ReceiptHandleIsInvalid", "SenderFault": True})
        return answer

    def DeleteMessageBatch(self, body):
        return self.each(body, lambda key, _: self.messages.pop(key))

    def ChangeMessageVisibilityBatch(self, body):
        return self.each(body, self.set_visibility)

    def set_visibility(self, key, entry):
        timeout = entry["VisibilityTimeout"]
        if timeout > 0:
            self.timeouts[key] = timeout
        else:
            self.messages[key].update(hidden=False)

    def GetQueueAttributes(self, _):
        hidden = sum(message["hidden"] for message in self.messages.values())
        visible = len(self.messages) - hidden
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return {"Attributes": dict(zip(names, (str(visible), str(hidden))))}


memory = Queue()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code, message):
        self.answer(status, {"X-Amzn-ErrorType": code}, {"Type": "User", "Message": message})

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        parts = [urllib.parse.unquote(part) for part in path.split("/")[1:]]
        if parts[0] == "_control":
            return self.control(parts[1], body)
        if parts[0] == "_runtime":
            return self.runtime(functions[parts[1]], parts[2:], body)
        if parts[:2] == ["2015-03-31", "functions"] and parts[3:] == ["invocations"]:
            return self.invoke(parts[2], body)
        if parts[:2] == ["2015-03-31", "event-source-mappings"]:
            source = urllib.parse.parse_qs(query).get("EventSourceArn", [None])[0]
            found = [mapping for mapping in mappings if source in (None, mapping["EventSourceArn"])]
            return self.answer(200, {}, {"EventSourceMappings": found})
        service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        if service == "AmazonSQS" and json.loads(body)["QueueUrl"].endswith("/memory"):
            return self.answer(200, {}, memory.call(operation, json.loads(body)))
        if not target:
            return self.refuse(404, "UnknownOperationException", self.path)
        connection = http.client.HTTPConnection(target)
        connection.request(self.command, self.path, body, {**self.headers, "Connection": "close"})
        response = connection.getresponse()
        return self.answer(response.status, dict(response.getheaders()), response.read())

    do_POST = do_PUT = do_DELETE = do_HEAD = do_GET

    def control(self, what, body):
        if what == "functions":
            function = json.loads(body)
            old = functions.get(function["name"])
            if old and old.process:
                old.process.kill()
            functions[function["name"]] = Function(self.server.server_port, **function)
        elif what == "mappings":
            mappings[:] = [
                {"UUID": f"uuid-{index}", "State": "Enabled", **mapping}
                for index, mapping in enumerate(json.loads(body))
            ]
        elif what == "hold":
            held["released"].set()
            held.update(json.loads(body), released=threading.Event())
        with lock:
            return self.answer(200, {}, invocations)

    def invoke(self, name, body):
        if "/lambda/aws4_request" not in self.headers.get("Authorization", ""):
            return self.refuse(403, "MissingAuthenticationTokenException", "not signed for lambda")
        if self.headers.get("X-Amz-Invocation-Type", "RequestResponse") != "RequestResponse":
            return self.refuse(400, "InvalidParameterValueException", "only RequestResponse is known here")
        if len(body) > EVENT_LIMIT:
            return self.refuse(413, "RequestEntityTooLargeException", "the event is too large")
        try:
            event = json.loads(body)
        except ValueError:
            return self.refuse(400, "InvalidRequestContentException", "the event is not JSON")
        # The messages whose timeout was set before this invocation, and the shortest timeout.
        timeouts = list(memory.timeouts.values())
        memory.timeouts.clear()
        record = {"function": name, "bytes": len(body), "event": event, "timeouts": timeouts}
        with lock:
            invocations.append(record)
            hold = dict(held) if held["index"] == len(invocations) - 1 else None
        short = name.split(":function:")[-1].removesuffix(":$LATEST")
        if short not in functions:
            return self.refuse(404, "ResourceNotFoundException", f"Function not found: {name}")
        if hold and not hold["isProcessed"]:
            hold["released"].wait()
            self.close_connection = True
            return None
        status, headers, answer = functions[short].invoke(body)
        with lock:
            record.update(status=status, headers=headers, body=answer.decode(errors="replace"))
        if hold:
            hold["released"].wait()
        return self.answer(status, headers, answer)

    def runtime(self, function, parts, body):
        if parts[-1] == "next" and parts[1] == "runtime":
            invocation = function.waiting.get()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation["id"],
                "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1000) + 60_000),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
                "Content-Type": "application/json",
            }
            return self.answer(200, headers, invocation["event"])
        if parts[1:3] == ["runtime", "invocation"] and parts[-1] in ("response", "error"):
            invocation = function.running.pop(parts[3])
            invocation["headers"] = {"X-Amz-Function-Error": "Unhandled"} if parts[-1] == "error" else {}
            invocation["body"] = body
            invocation["done"].set()
            return self.answer(202, {}, {"status": "OK"})
        return self.answer(403, {}, {"errorType": "Forbidden"})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # a client that is killed says nothing about this server


def end():
    sys.stdin.read()
    for function in functions.values():
        if function.process:
            function.process.kill()
    os._exit(0)


server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=end, daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
