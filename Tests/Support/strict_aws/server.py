"""HTTP: the service and operation of a request, faults, and the format of the response."""
import json
import re
import socket
import threading
import time
import traceback
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

import cloudwatch
import control
import faults
import kinesis
import mappings
import xml_answers
from account import ACCOUNT, Account
from errors import AWSError

KINESIS_TARGET = "Kinesis_20131202."
JSON_TYPE = "application/x-amz-json-1.1"
FORM_TYPE = "application/x-www-form-urlencoded"
LAMBDA_PATHS = re.compile(r"/2015-03-31/(?:(event-source-mappings)(?:/([^/]*))?|functions/([^/]+))")
SIGNING_NAMES = {"kinesis": "kinesis", "lambda": "lambda", "cloudwatch": "monitoring", "sts": "sts"}
XML_SERVICES = ("cloudwatch", "sts")
TOLERATED_SKEW = 300


@dataclass
class Call:
    """One request to a service; `argument` is the resource in its path."""

    service: str
    operation: str
    argument: str
    query: dict
    body: object


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.account, self.faults = Account(), faults.Faults()
        self.lock = threading.Lock()

    def handle_error(self, request, client_address):
        """Does not log requests that clients abort on purpose."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return formatdate(self.server.account.now() if timestamp is None else timestamp, usegmt=True)

    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.path)
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        if target.path.startswith("/_control/"):
            self.answer_control(target.path, query, body)
        else:
            self.answer_service(target.path, query, body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do

    def answer_control(self, path, query, body):
        try:
            with self.server.lock:
                answer = control.answer(self.server, self.command, path, query, json.loads(body or b"{}"))
            self.send(200, "application/json", json.dumps(answer).encode())
        except AWSError as failure:
            self.send(failure.status, "text/plain", f"{failure.message}\n".encode())
        except Exception:
            self.send(500, "text/plain", traceback.format_exc().encode())

    def answer_service(self, path, query, body):
        request_id = str(uuid.uuid4())
        service = self.service(path)
        call = Call(service, "", "", query, None)
        fault = failure = None
        try:
            call = self.call(service, path, query, body)
            with self.server.lock:
                fault = self.server.faults.take(call.operation)
            if fault and fault.kind == "slow":
                time.sleep(fault.milliseconds / 1000)
            status, content_type, answer = self.outcome(call, fault, request_id)
        except AWSError as error:
            failure = error
            status, content_type, answer = error.status, *error_body(service, error, request_id)
        except Exception:
            # A bug here must not look like a response that a client retries.
            failure = AWSError("StrictAWSBug", traceback.format_exc())
            status, content_type, answer = 501, "text/plain", failure.message.encode()
        with self.server.lock:
            self.server.account.calls.append({
                "service": call.service, "operation": call.operation, "method": self.command, "path": self.path,
                "body": call.body, "status": status, "error": failure.code if failure else None,
                "fault": fault.kind if fault else None})
        if fault and fault.kind in ("drop", "lost"):
            self.cut()
            return
        headers = {"x-amzn-RequestId": request_id}
        if failure:
            headers["x-amzn-ErrorType"] = failure.code
        if fault:
            headers.update(fault.headers)
        if fault and fault.retryAfter is not None:
            headers["Retry-After"] = str(fault.retryAfter)
        self.send(status, content_type, answer, headers, is_cut=bool(fault and fault.kind == "cut"))

    def outcome(self, call, fault, request_id):
        kind = fault.kind if fault else None
        if kind == "drop":
            return 0, "", b""
        if kind in ("throttle", "500", "error"):
            raise fault.error(call.service, call.operation)
        if kind in ("html", "xml", "answer"):
            return fault.whole_answer()
        with self.server.lock:
            if call.service == "other":
                raise AWSError("UnknownOperationException", f"nothing here does {call.operation}", 404)
            self.demand_signature(call.service)
            status, answer = perform(self.server.account, call)
        if call.service in XML_SERVICES:
            return status, "text/xml", xml_answers.result(call.operation, answer, request_id)
        content_type = JSON_TYPE if call.service == "kinesis" else "application/json"
        # Kinesis sends an empty body if there are no members.
        return status, content_type, b"" if answer == {} else json.dumps(answer).encode()

    def service(self, path):
        if self.headers.get("X-Amz-Target"):
            return "kinesis"
        return "lambda" if path.startswith("/2015-03-31/") else "cloudwatch"

    def call(self, service, path, query, body):
        content_type = self.headers.get("Content-Type", "")
        if self.command == "HEAD":
            return Call("other", "HeadBucket", path, query, None)
        if self.command == "GET" and path == "/schedules":
            return Call("other", "ListSchedules", "", query, None)
        for name, operation in (("lifecycle", "GetBucketLifecycleConfiguration"), ("versioning", "GetBucketVersioning")):
            if self.command == "GET" and name in query:
                return Call("other", operation, path, query, None)
        if service == "kinesis":
            target = self.headers["X-Amz-Target"]
            if not target.startswith(KINESIS_TARGET):
                return Call("other", target.rpartition(".")[2], "", query, parsed(body))
            if content_type != JSON_TYPE or path != "/":
                raise AWSError("UnknownOperationException", f"{target} as {content_type or 'no type'} at {path}")
            return Call(service, target.removeprefix(KINESIS_TARGET), "", query, parsed(body))
        if service == "lambda":
            return lambda_call(self.command, path, query, body)
        if not content_type.startswith(FORM_TYPE):
            raise AWSError("UnknownOperationException", f"nothing takes {content_type or 'no type'} at {path}", 404)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        operation = form.get("Action", "")
        return Call("sts" if operation == "GetCallerIdentity" else service, operation, "", query, form)

    def demand_signature(self, service):
        """Checks that there is a signature for the service and the time; does not verify it."""
        scope = re.match(
            r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request,",
            self.headers.get("Authorization", ""))
        if not scope:
            raise AWSError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        if scope[1] != SIGNING_NAMES[service]:
            raise AWSError(
                "InvalidSignatureException",
                f"Credential should be scoped to correct service: '{SIGNING_NAMES[service]}'.", 403)
        try:
            signed = datetime.strptime(self.headers.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ")
        except ValueError:
            raise AWSError("IncompleteSignatureException", "X-Amz-Date is missing or malformed", 403) from None
        account = self.server.account
        ahead = signed.replace(tzinfo=timezone.utc).timestamp() - account.now()
        if abs(ahead) > TOLERATED_SKEW:
            own = "SignatureDoesNotMatch" if service in XML_SERVICES else "InvalidSignatureException"
            verb = "not yet current" if ahead > 0 else "expired"
            raise AWSError(
                account.settings.skewCode or own,
                f"Signature {verb}: {self.headers['X-Amz-Date']} is {abs(ahead):.0f} s from "
                f"{datetime.fromtimestamp(account.now(), timezone.utc):%Y%m%dT%H%M%SZ}", 403)

    def send(self, status, content_type, body, headers=None, is_cut=False):
        self.send_response(status)
        for name, value in {"Content-Type": content_type, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if is_cut:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.cut()
        elif self.command != "HEAD":
            self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        raise AWSError("SerializationException", f"the request is not JSON: {body[:100]!r}") from None


def lambda_call(method, path, query, body):
    match = LAMBDA_PATHS.fullmatch(path.rstrip("/"))
    is_mapping, key, function = match.groups() if match else (None, None, None)
    request = parsed(body) if method in ("POST", "PUT") else None
    if is_mapping and not key:
        operation = {"POST": "CreateEventSourceMapping", "GET": "ListEventSourceMappings"}.get(method)
    elif is_mapping:
        verb = {"GET": "Get", "PUT": "Update", "DELETE": "Delete"}.get(method)
        operation = verb and f"{verb}EventSourceMapping"
    else:
        operation = "GetFunction" if function and method == "GET" else None
    if operation is None:
        return Call("other", f"{method} {path}", "", query, request)
    return Call("lambda", operation, unquote(key or function or ""), query, request)


def perform(account, call):
    """Returns the status and the response's members."""
    if call.service == "kinesis":
        return 200, kinesis.answer(account, call.operation, call.body)
    if call.service == "cloudwatch":
        return 200, cloudwatch.answer(account, call.operation, call.body)
    if call.service == "sts":
        return 200, {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:user/tester", "UserId": "AIDAEXAMPLE"}
    return {
        "CreateEventSourceMapping": lambda: (202, mappings.create(account, call.body)),
        "ListEventSourceMappings": lambda: (200, mappings.list_mappings(account, call.query)),
        "GetEventSourceMapping": lambda: (200, mappings.get(account, call.argument)),
        "UpdateEventSourceMapping": lambda: (202, mappings.update(account, call.argument, call.body)),
        "DeleteEventSourceMapping": lambda: (202, mappings.delete(account, call.argument)),
        "GetFunction": lambda: (200, mappings.get_function(account, call.argument, call.query)),
    }[call.operation]()


def error_body(service, failure, request_id):
    """Returns the content type and body of an error in the service's format."""
    if service in XML_SERVICES:
        return "text/xml", xml_answers.error(failure, request_id)
    if service == "kinesis":
        body = {"__type": failure.code, "message": failure.message, **failure.members}
        return JSON_TYPE, json.dumps(body).encode()
    name = "Message" if failure.code == "ResourceInUseException" else "message"
    return "application/json", json.dumps({name: failure.message, **failure.members}).encode()
