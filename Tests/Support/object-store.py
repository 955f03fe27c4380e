#!/usr/bin/env python3
"""An in-memory Amazon S3 on 127.0.0.1 with the operations that staged loads use.

It prints its port and exits when its standard input ends. Objects have path-style URLs. Calls without a signature are
rejected; the signature itself is verified by the oracle.

POST /_control/faults    {"operation", "kind", "times", "after", "contains", "probability"}: a fault of calls of the operation
    ("*" for any) whose path contains the text, after the given number of calls without it; `times` -1 means always
    throttle, 500, error (`code`, `status`), drop (before the call), lost (after it, without a response)
    noetag: a PutObject gets 200 without an ETag, and nothing is stored
    late: a CopyObject gets 200 with an error as its body, and nothing is stored
    keys (`count`, `code`): a DeleteObjects rejects its first `count` keys
POST /_control/settings  {"pageSize", "buckets"}
POST /_control/put       {"key", "base64"}: stores an object in the first bucket
POST /_control/remove    {"prefix"}: removes objects
POST /_control/age       {"prefix", "seconds"}: increases the age of objects
POST /_control/reset     deletes everything
GET  /_control/objects   {"objects": [{"bucket", "key", "base64"}]} in the order of their keys; ?prefix= filters them
GET  /_control/calls     {"calls": [{"operation", "path", "at"}]}, in order, and {"faults": {kind: number of occurrences}}
"""
import base64
import hashlib
import json
import os
import random
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

LARGEST_PAGE = 1000


class Refusal(Exception):
    def __init__(self, code, status=400):
        super().__init__(code)
        self.code, self.status = code, status


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.random = random.Random(7)
        self.reset()

    def reset(self):
        self.objects, self.faults, self.calls, self.met = {}, [], [], {}
        self.settings = {"pageSize": LARGEST_PAGE, "buckets": ["staging"]}

    def note(self, operation, path):
        with self.lock:
            self.calls.append({"operation": operation, "path": path, "at": time.time()})
            for fault in self.faults:
                if fault["operation"] not in (operation, "*") or fault.get("contains", "") not in path:
                    continue
                if fault.get("after", 0) > 0:
                    fault["after"] -= 1
                    continue
                if self.random.random() >= fault.get("probability", 1):
                    continue
                self.met[fault["kind"]] = self.met.get(fault["kind"], 0) + 1
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] == 0:
                    self.faults.remove(fault)
                return fault
        return {}

    def check(self, bucket):
        if bucket not in self.settings["buckets"]:
            raise Refusal("NoSuchBucket", 404)

    def put(self, bucket, key, body):
        self.objects[bucket, key] = (body, time.time())
        return etag(body)

    def get(self, bucket, key):
        if (bucket, key) not in self.objects:
            raise Refusal("NoSuchKey", 404)
        return self.objects[bucket, key][0]

    def page(self, bucket, query):
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        start = max(query.get("start-after", ""), unquote(query.get("continuation-token", "")))
        size = min(self.settings["pageSize"], int(query.get("max-keys", LARGEST_PAGE)))
        contents, prefixes, last = [], [], None
        for key in sorted(key for name, key in self.objects if name == bucket and key.startswith(prefix)):
            common = None
            if delimiter and delimiter in key[len(prefix):]:
                common = key[:key.index(delimiter, len(prefix)) + len(delimiter)]
            # Keys below a common prefix that is already listed are not listed.
            if key <= start or (common and start.startswith(common)) or common in prefixes and common:
                continue
            if len(contents) + len(prefixes) == size:
                return contents, prefixes, last
            if common:
                prefixes.append(common)
            else:
                contents.append(key)
            last = common or key
        return contents, prefixes, None


def etag(body):
    return f'"{hashlib.md5(body).hexdigest()}"'


def stamp(moment):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{int(moment * 1000) % 1000:03}Z"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def handle_call(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path.startswith("/_control/"):
            self.reply(200, json.dumps(self.control(parts.path.removeprefix("/_control/"), query, body)).encode())
            return
        bucket, _, key = unquote(parts.path).removeprefix("/").partition("/")
        operation = self.operation(key, query)
        fault = self.server.store.note(operation, f"{bucket}/{key or query.get('prefix', '')}")
        try:
            if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
                raise Refusal("AccessDenied", 403)
            self.carry_out(operation, bucket, key, query, body, fault)
        except Refusal as refusal:
            text = f"<Error><Code>{refusal.code}</Code><Message>refused</Message></Error>".encode()
            self.reply(refusal.status, b"" if self.command == "HEAD" else text)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_call

    def operation(self, key, query):
        if not key:
            return {"GET": "ListObjectsV2", "POST": "DeleteObjects", "PUT": "CreateBucket"}.get(self.command, "?")
        copies = self.command == "PUT" and "x-amz-copy-source" in self.headers
        return "CopyObject" if copies else {
            "GET": "GetObject", "PUT": "PutObject", "DELETE": "DeleteObject", "HEAD": "HeadObject"}.get(self.command, "?")

    def carry_out(self, operation, bucket, key, query, body, fault):
        store, kind = self.server.store, fault.get("kind")
        if kind == "throttle":
            raise Refusal("SlowDown", 503)
        if kind == "500":
            raise Refusal("InternalError", 500)
        if kind == "error":
            raise Refusal(fault["code"], fault.get("status", 400))
        if kind == "drop":
            return self.cut()
        if kind == "noetag":
            return self.reply(200, b"")
        if kind == "late":
            return self.reply(200, b"<Error><Code>InternalError</Code><Message>refused</Message></Error>")
        with store.lock:
            store.check(bucket)
            status, answer, headers = self.answer(store, operation, bucket, key, query, body, fault)
        if kind == "lost":
            return self.cut()
        return self.reply(status, answer, headers)

    def answer(self, store, operation, bucket, key, query, body, fault):
        if operation == "PutObject":
            return 200, b"", {"ETag": store.put(bucket, key, body)}
        if operation in ("GetObject", "HeadObject"):
            found = store.get(bucket, key)
            return 200, b"" if operation == "HeadObject" else found, {"ETag": etag(found)}
        if operation == "DeleteObject":
            store.objects.pop((bucket, key), None)
            return 204, b"", {}
        if operation == "CopyObject":
            name, _, source = unquote(self.headers["x-amz-copy-source"]).removeprefix("/").partition("/")
            found = store.get(name, source)
            if self.headers.get("x-amz-copy-source-if-match", etag(found)) != etag(found):
                raise Refusal("PreconditionFailed", 412)
            tag = store.put(bucket, key, found)
            return 200, f"<CopyObjectResult><ETag>{escape(tag)}</ETag></CopyObjectResult>".encode(), {}
        if operation == "DeleteObjects":
            return 200, self.deleted(store, bucket, body, fault), {}
        if operation == "ListObjectsV2" and query.get("list-type") == "2":
            return 200, self.listing(store, bucket, query), {}
        raise Refusal("MethodNotAllowed", 405)

    def deleted(self, store, bucket, body, fault):
        if not any(name.lower() == "content-md5" or name.lower().startswith("x-amz-checksum-") for name in self.headers):
            raise Refusal("InvalidRequest")
        keys = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", body.decode(), re.S)]
        if not 1 <= len(keys) <= LARGEST_PAGE:
            raise Refusal("MalformedXML")
        refused = keys[:fault["count"]] if fault.get("kind") == "keys" else []
        answer = []
        for key in keys:
            if key in refused:
                answer.append(f"<Error><Key>{escape(key)}</Key><Code>{fault['code']}</Code></Error>")
            else:
                store.objects.pop((bucket, key), None)
                answer.append(f"<Deleted><Key>{escape(key)}</Key></Deleted>")
        return f"<DeleteResult>{''.join(answer)}</DeleteResult>".encode()

    def listing(self, store, bucket, query):
        contents, prefixes, last = store.page(bucket, query)
        encode = (lambda text: quote(text, safe="/")) if query.get("encoding-type") == "url" else lambda text: text
        text = f"<KeyCount>{len(contents) + len(prefixes)}</KeyCount><IsTruncated>{str(bool(last)).lower()}</IsTruncated>"
        for key in contents:
            body, moment = store.objects[bucket, key]
            text += (f"<Contents><Key>{escape(encode(key))}</Key><LastModified>{stamp(moment)}</LastModified>"
                     f"<ETag>{escape(etag(body))}</ETag><Size>{len(body)}</Size></Contents>")
        for prefix in prefixes:
            text += f"<CommonPrefixes><Prefix>{escape(encode(prefix))}</Prefix></CommonPrefixes>"
        if "encoding-type" in query:
            text += "<EncodingType>url</EncodingType>"
        if last:
            text += f"<NextContinuationToken>{escape(quote(last, safe=''))}</NextContinuationToken>"
        return f"<ListBucketResult>{text}</ListBucketResult>".encode()

    def control(self, what, query, body):
        store, request = self.server.store, json.loads(body or b"{}")
        with store.lock:
            if what == "faults":
                store.faults.append(request)
            elif what == "settings":
                store.settings.update(request)
            elif what == "put":
                store.put(store.settings["buckets"][0], request["key"], base64.b64decode(request["base64"]))
            elif what == "remove":
                for name in [name for name in store.objects if name[1].startswith(request["prefix"])]:
                    del store.objects[name]
            elif what == "age":
                for (bucket, key), (found, moment) in store.objects.items():
                    if key.startswith(request["prefix"]):
                        store.objects[bucket, key] = (found, moment - request["seconds"])
            elif what == "reset":
                store.reset()
            elif what == "objects":
                return {"objects": [
                    {"bucket": bucket, "key": key, "base64": base64.b64encode(found).decode()}
                    for (bucket, key), (found, _) in sorted(store.objects.items())
                    if key.startswith(query.get("prefix", ""))]}
            elif what == "calls":
                return {"calls": store.calls, "faults": store.met}
        return {}

    def cut(self):
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def reply(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("x-amz-request-id", "0123456789ABCDEF")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        """Does not log requests that clients abort on purpose."""


server = Server(("127.0.0.1", 0), Handler)
server.store = Store()
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_address[1], flush=True)
server.serve_forever()
