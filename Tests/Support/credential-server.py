#!/usr/bin/env python3
"""The network sources of AWS credentials on 127.0.0.1: STS, SSO, sign-in, a container's and an instance's endpoint.

It prints its port and exits when its standard input ends. The first part of a path selects the responses: `fine` for
AWS's, or one of the invalid ones below. `/log` returns all requests so far.
"""
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

log = []
EXPIRATION = "2026-11-24T13:00:00Z"
IMDS_TOKEN = "imds-token"
ROLE = "/latest/meta-data/iam/security-credentials/"


def document(key):
    return json.dumps({
        "Code": "Success", "AccessKeyId": key, "SecretAccessKey": "secret-of-" + key, "Token": "token-of-" + key,
        "Expiration": EXPIRATION})


def sts(form):
    key = "AKIDSTS" + str(sum(entry["path"].endswith("/sts/") for entry in log))
    return (
        f'<{form["Action"]}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{form["Action"]}Result>'
        f"<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>secret-of-{key}</SecretAccessKey>"
        f"<SessionToken>token-of-{key}</SessionToken><Expiration>{EXPIRATION}</Expiration></Credentials>"
        f'</{form["Action"]}Result></{form["Action"]}Response>')


def sso():
    return json.dumps({"roleCredentials": {
        "accessKeyId": "AKIDSSO", "secretAccessKey": "secret-of-AKIDSSO", "sessionToken": "token-of-AKIDSSO",
        "expiration": 1795525200000}})


HOSTILE = {
    "page": (200, "<html><body>AKIDLEAK secret-of-AKIDLEAK</body></html>"),
    "empty": (200, ""),
    "null": (200, "null"),
    "list": (200, "[" * 2000),
    "types": (200, '{"AccessKeyId":1,"SecretAccessKey":["x"],"roleCredentials":{"accessKeyId":{},"expiration":"x"}}'),
    "blank": (200, '{"AccessKeyId":"","SecretAccessKey":"","Expiration":""}'),
    "dateless": (200, '{"AccessKeyId":"AKIDLEAK","SecretAccessKey":"secret-of-AKIDLEAK","Expiration":"soon"}'),
    "no": (403, '{"message":"no"}'),
    "broken": (500, "secret-of-AKIDLEAK"),
    "denied": (400, '{"error":"invalid_grant","error_description":"Invalid refresh token secret-of-refresh"}'),
    "expired": (401, '{"__type":"UnauthorizedException","message":"Session token not found or invalid"}'),
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        mode, path = "", self.path
        if path == "/log":
            return self.send(200, json.dumps(log))
        mode, _, path = path[1:].partition("/")
        log.append({
            "method": self.command, "mode": mode, "path": "/" + path, "body": body,
            "headers": {name.lower(): value for name, value in self.headers.items()}})
        if mode == "redirect":
            return self.send(302, "", ("Location", "/fine/" + path))
        if mode == "cut":
            self.send(200, document("AKIDCUT")[:-30], length=len(document("AKIDCUT")))
            self.close_connection = True
            return None
        if mode == "huge":
            return self.send(200, '{"AccessKeyId":"' + "x" * (40 << 20) + '"}')
        return self.send(*(HOSTILE[mode] if mode in HOSTILE else self.answer("/" + path, body)))

    def answer(self, path, body):
        if path == "/sts/":
            return 200, sts(dict(parse_qsl(body)))
        if urlsplit(path).path == "/federation/credentials":
            return 200, sso()
        if path == "/token":
            return 200, json.dumps({
                "accessToken": "sso-token-2", "expiresIn": 28800, "refreshToken": "sso-refresh-2", "tokenType": "Bearer"})
        if path == "/v1/token":
            return 200, json.dumps({
                "accessToken": {
                    "accessKeyId": "AKIDLOGIN", "secretAccessKey": "secret-of-AKIDLOGIN",
                    "sessionToken": "token-of-AKIDLOGIN"},
                "expiresIn": 900, "refreshToken": "login-refresh-2", "tokenType": "aws_sigv4"})
        if path == "/container":
            return 200, document("AKIDCONTAINER")
        if path == "/latest/api/token":
            return (200, IMDS_TOKEN) if self.command == "PUT" else (405, "")
        if path.startswith(ROLE):
            if self.headers.get("x-aws-ec2-metadata-token") != IMDS_TOKEN:
                return 401, ""
            return 200, document("AKIDINSTANCE") if path != ROLE else "role name\n"
        return 404, ""

    def send(self, status, text, *headers, length=None):
        data = text.encode()
        self.send_response(status)
        for name, value in [("Content-Length", str(len(data) if length is None else length)), *headers]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = respond

    def log_message(self, *_):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
