#!/usr/bin/env python3
"""A proxy that verifies the AWS Signature Version 4 of every request with botocore's own signer.

    sigv4-oracle.py --credential ACCESS-KEY:SECRET[:TOKEN] [--credential ...]
        [--upstream URL] [--skew SECONDS] [--log FILE]

A request with a valid signature gets the upstream's response, or a 200 without an upstream. Any other gets 403 with the
canonical request and the string to sign as AWS would calculate them, and the known mistake that explains the given
signature, if there is one. In addition to the signature, the oracle requires: the date is correct within --skew seconds
and equals the date in the credential's scope; host and every x-amz-* header are signed and listed in order; the token is
the credential's; x-amz-content-sha256, which S3 requires, is the hash of the body.

A client can send its own canonical request in base64 as X-Debug-Canonical, which is never signed, and gets the
differences by line. --log appends one JSON object for each request: service, operation, method, path, error and more.

It prints its port and exits when its standard input ends. Requires botocore.
"""
import argparse
import base64
import difflib
import hashlib
import hmac
import http.client
import itertools
import json
import os
import re
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request,\s*"
    r"SignedHeaders=([a-z0-9;_.-]+),\s*Signature=([0-9a-f]{64})")
UNRESERVED = "-_.~"
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"
# Headers of a connection, which are not forwarded.
HOP_BY_HOP = ("connection", "transfer-encoding", "expect", "content-length")


def signing(base):
    """A signer that signs exactly the headers that the client lists, as AWS does."""

    class Signer(base):
        names = ()

        def headers_to_sign(self, request):
            headers = http.client.HTTPMessage()
            for name in self.names:
                value = request.headers.get(name)
                if value is not None:
                    headers[name] = value
            return headers

    return Signer


PlainSigner, S3Signer = signing(SigV4Auth), signing(S3SigV4Auth)


@dataclass
class Request:
    method: str
    target: str  # path and query as received
    headers: dict  # lower-case names; those that came several times are joined by commas
    body: bytes

    @property
    def path(self):
        return self.target.partition("?")[0] or "/"

    @property
    def raw_query(self):
        return self.target.partition("?")[2]

    @property
    def body_hash(self):
        return hashlib.sha256(self.body).hexdigest()


@dataclass
class Claim:
    """The signature data of the request."""

    access_key: str
    day: str
    region: str
    service: str
    names: list
    signature: str
    date: str


class Refusal(Exception):
    def __init__(self, code, **details):
        super().__init__(code)
        self.code, self.details = code, details


def claim_of(request):
    match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if not match:
        raise Refusal("IncompleteSignature", authorization=request.headers.get("authorization", ""))
    access_key, day, region, service, names, signature = match.groups()
    date = request.headers.get("x-amz-date", "")
    return Claim(access_key, day, region, service, names.split(";"), signature, date)


def check(request, claim, credentials, skew):
    """Returns what AWS would calculate; raises a `Refusal` if the request differs."""
    credential = credentials.get(claim.access_key)
    if credential is None:
        raise Refusal("UnrecognizedClient", access_key=claim.access_key)
    if claim.names != sorted(claim.names):
        raise Refusal("IncompleteSignature", reason="SignedHeaders are not sorted")
    check_date(claim, skew)
    if (request.headers.get("x-amz-security-token") or None) != credential.token:
        raise Refusal("UnrecognizedClient", reason="x-amz-security-token is not the credential's")
    check_body_hash(request, claim)

    canonical, text, expected = signed_by_botocore(request, claim, credential)
    details = {
        "region": claim.region, "signed_headers": claim.names, "canonical_request": canonical,
        "string_to_sign": text, "expected": expected, "given": claim.signature,
    }
    unsigned = [
        name for name in request.headers
        if (name == "host" or name.startswith("x-amz-")) and name not in claim.names]
    if unsigned:
        details["reason"] = f"not signed: {', '.join(unsigned)}"
    if expected != claim.signature:
        details["mistake"] = mistake(request, claim, credential, canonical)
        given = request.headers.get("x-debug-canonical")
        if given:
            lines = base64.b64decode(given).decode().split("\n")
            details["diff"] = list(
                difflib.unified_diff(lines, canonical.split("\n"), "client", "expected", lineterm=""))
    if unsigned or expected != claim.signature:
        raise Refusal("SignatureDoesNotMatch", **details)
    return details


def check_date(claim, skew):
    try:
        date = datetime.strptime(claim.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refusal("IncompleteSignature", reason=f"x-amz-date is missing or malformed: {claim.date!r}") from None
    if abs((datetime.now(timezone.utc) - date).total_seconds()) > skew:
        raise Refusal("RequestExpired", reason=f"x-amz-date is {claim.date}")
    if not claim.date.startswith(claim.day):
        raise Refusal("SignatureDoesNotMatch", reason=f"the scope is of {claim.day}, x-amz-date of {claim.date}")


def check_body_hash(request, claim):
    given = request.headers.get("x-amz-content-sha256")
    if not given and claim.service == "s3":
        raise Refusal("MissingSecurityHeader", reason="s3 needs x-amz-content-sha256")
    if given and given not in (request.body_hash, UNSIGNED):
        raise Refusal("XAmzContentSHA256Mismatch", given=given, computed=request.body_hash)


def canonical_query(raw):
    """Returns the query as a server canonicalizes it: each part decoded and strictly encoded, and all sorted."""
    pairs = []
    for part in raw.split("&") if raw else []:
        name, _, value = part.partition("=")
        pairs.append((quote(unquote(name), safe=UNRESERVED), quote(unquote(value), safe=UNRESERVED)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def signed_by_botocore(request, claim, credential):
    """Returns the canonical request, the string to sign, and the signature."""
    is_s3 = claim.service == "s3"
    signer = (S3Signer if is_s3 else PlainSigner)(credential, claim.service, claim.region)
    signer.names = claim.names
    path = quote(unquote(request.path), safe="/" + UNRESERVED) if is_s3 else request.path
    query = canonical_query(request.raw_query)
    url = f"http://{request.headers.get('host', '')}{path}" + (f"?{query}" if query else "")
    copy = AWSRequest(request.method, url, headers=dict(request.headers), data=request.body)
    copy.context["timestamp"] = claim.date
    canonical = signer.canonical_request(copy)
    text = signer.string_to_sign(copy, canonical)
    return canonical, text, signer.signature(text, copy)


def signature_of(canonical, claim, credential):
    key = b"AWS4" + credential.secret_key.encode()
    scope = (claim.day, claim.region, claim.service, "aws4_request")
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", claim.date, "/".join(scope), digest])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def mistake(request, claim, credential, canonical):
    """Returns the fewest known mistakes that explain the given signature; `None` if none do."""
    method, path, query, *headers, body_hash = canonical.split("\n")
    ending = ["", ";".join(claim.names)]
    values = [(name, request.headers.get(name, "")) for name in claim.names]
    choices = [
        {
            None: path, "path not encoded a second time": request.path, "path decoded": unquote(request.path),
            "path encoded once": quote(unquote(request.path), safe="/" + UNRESERVED),
        },
        {
            None: query, "query as received, neither sorted nor encoded": request.raw_query,
            "query sorted but not encoded": "&".join(sorted(request.raw_query.split("&"))), "query left out": "",
        },
        {
            None: headers,
            "spaces in headers not collapsed": [f"{name}:{text.strip()}" for name, text in values] + ending,
            "headers as received": [f"{name}: {text}" for name, text in values] + ending,
        },
        {
            None: body_hash, "hash of an empty body": EMPTY_HASH, "body not signed": UNSIGNED,
            "hash of the real body": request.body_hash,
        },
    ]
    found = []
    for parts in itertools.product(*(choice.items() for choice in choices)):
        names, (path, query, headers, body_hash) = zip(*parts)
        text = "\n".join([method, path, query, *headers, body_hash])
        if signature_of(text, claim, credential) == claim.signature:
            found.append([name for name in names if name])
    return min(found, key=len, default=None)


def operation_of(request):
    """Returns the operation's name if the protocol has one; REST operations are identified by method and path."""
    if "x-amz-target" in request.headers:
        return request.headers["x-amz-target"].rpartition(".")[2]
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(request.body.decode(errors="replace"))).get("Action")
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_):
        pass

    def do(self):
        headers = {}
        for name, value in self.headers.items():
            name = name.lower()
            headers[name] = f"{headers[name]},{value}" if name in headers else value
        request = Request(self.command, self.path, headers, self.read_body())
        entry = {
            "service": None, "operation": operation_of(request), "method": request.method, "path": request.target,
            "headers": list(self.headers.items()), "bytes": len(request.body), "error": None,
        }
        try:
            claim = claim_of(request)
            entry["service"] = claim.service
            details = check(request, claim, self.server.credentials, self.server.skew)
        except Refusal as refusal:
            self.server.log({**entry, "error": refusal.code, **refusal.details})
            self.refuse(refusal)
            return
        self.server.log({**entry, **details})
        if self.server.upstream:
            self.pass_on(request)
        else:
            self.send(200, {"Content-Type": "application/json"}, json.dumps({"ok": True, **details}).encode())

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return body

    def refuse(self, refusal):
        code = f"{refusal.code}Exception"
        message = "The request signature we calculated does not match the signature you provided."
        if refusal.code != "SignatureDoesNotMatch":
            message = refusal.details.get("reason", refusal.code)
        body = {"__type": code, "message": message, **refusal.details}
        headers = {
            "Content-Type": "application/x-amz-json-1.1", "Date": self.date_time_string(), "x-amzn-ErrorType": code,
            "x-amzn-RequestId": "oracle",
        }
        self.send(403, headers, json.dumps(body, indent=1).encode())

    def pass_on(self, request):
        upstream = http.client.HTTPConnection(self.server.upstream.hostname, self.server.upstream.port, timeout=60)
        try:
            upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP:
                    upstream.putheader(name, value)
            upstream.putheader("Content-Length", str(len(request.body)))
            upstream.endheaders(request.body)
            answer = upstream.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            # If the upstream closes the connection, the client's is closed, too.
            self.close_connection = True
            return
        finally:
            upstream.close()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        self.send(answer.status, dict(headers), body, answer.getheader("Content-Length"))

    def send(self, status, headers, body, length=None):
        # send_response would replace the upstream's Date and Server headers.
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        is_head = self.command == "HEAD"
        self.send_header("Content-Length", (length or "0") if is_head else str(len(body)))
        self.end_headers()
        if not is_head:
            self.wfile.write(body)


class Oracle(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, arguments):
        super().__init__(("127.0.0.1", 0), Handler)
        self.credentials = {}
        for text in arguments.credential:
            access_key, *rest = text.split(":", 2)
            self.credentials[access_key] = Credentials(access_key, *rest)
        self.upstream = urlsplit(arguments.upstream) if arguments.upstream else None
        self.skew, self.log_file = arguments.skew, arguments.log
        self.lock = threading.Lock()

    def log(self, entry):
        if self.log_file:
            with self.lock, open(self.log_file, "a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")

    def handle_error(self, request, client_address):
        """Does not log requests that clients abort on purpose."""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--credential", action="append", required=True)
    parser.add_argument("--upstream")
    parser.add_argument("--skew", type=float, default=900)
    parser.add_argument("--log")
    oracle = Oracle(parser.parse_args())
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(oracle.server_address[1], flush=True)
    oracle.serve_forever()


main()
