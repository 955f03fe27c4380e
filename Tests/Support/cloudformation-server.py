#!/usr/bin/env python3
"""A scripted CloudFormation on 127.0.0.1, with what `concertctl deploy` asks of other services.

Prints its port, and ends when standard input does. POST /_control/script replaces members of `Account.script`, whose comments say
what each means; GET /_control/calls returns all calls so far. Objects of S3 are kept as long as the process.
"""
import hashlib
import json
import os
import re
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

ACCOUNT = "123456789012"
START = "User Initiated"
NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Account:
    def __init__(self):
        self.script = {
            "identity": f"arn:aws:iam::{ACCOUNT}:user/deployer",
            # The stack's status, or nothing where there is no stack.
            "status": None,
            # Statuses after a change is carried out, one for each request.
            "statuses": ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"],
            # The last part of the stack's ID, which differs for each stack of the name.
            "incarnation": 1,
            # Of that change: logical ID, type, status and reason of each event, oldest first.
            "events": [["Processor", "AWS::Lambda::Function", "CREATE_COMPLETE", ""]],
            # What a change set contains: action, logical ID, type, replacement, policy action, names of properties.
            "changes": [["Add", "Processor", "AWS::Lambda::Function", "", "", []]],
            # Why CloudFormation cannot make a change set; empty where it can.
            "changeSetFailure": "",
            # How often a change set is described before it is complete.
            "changeSetDelay": 1,
            # Logical ID, physical ID and type of the stack's resources.
            "resources": [],
            "outputs": {"FunctionName": "concert-data-processor",
                        "StreamArn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/concert-data-stream"},
            # What exists outside of the stack.
            "functions": [], "streams": [],
            "limits": {"ShardLimit": 200, "OpenShardCount": 0, "OnDemandStreamCount": 0, "OnDemandStreamCountLimit": 50},
            "concurrency": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000},
            # Actions that the simulation denies; "*" forbids the simulation itself.
            "denied": [],
            # Operations that are refused, with the code and the message.
            "refused": {},
            # The Region of all buckets.
            "bucketRegion": "us-east-1",
            # Buckets that exist already, and the account that owns all buckets.
            "buckets": [], "bucketOwner": ACCOUNT,
            "pageSize": 3,
        }
        self.calls, self.objects, self.buckets = [], {}, set()
        self.parameters, self.template, self.change_sets, self.pending, self.events = {}, "", {}, [], []
        # The ID of the stack that was named last.
        self.id = ""

    # Any service

    def call(self, service, operation, fields):
        self.calls.append({"service": service, "operation": operation, "fields": fields})
        if operation in self.script["refused"]:
            raise Refusal(400, *self.script["refused"][operation])

    # CloudFormation

    def stack_id(self, name):
        self.id = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{name.split('/')[-2] if '/' in name else name}/{self.script['incarnation']}"
        return self.id

    def event(self, logical, kind, status, reason, physical=""):
        self.events.append((str(len(self.events)), logical, physical, kind, status, reason))

    def stack_event(self, status, reason=""):
        self.event("stack", "AWS::CloudFormation::Stack", status, reason, self.id)

    def begin(self, status):
        self.stack_event(status, START)
        self.pending = list(self.script["statuses"])

    def describe_stacks(self, fields):
        if self.pending:
            self.script["status"] = self.pending.pop(0)
            if not self.pending:
                for event in self.script["events"]:
                    self.event(*event)
                self.stack_event(self.script["status"])
        status = self.script["status"]
        if status is None:
            raise Refusal(400, "ValidationError", f"Stack with id {fields['StackName']} does not exist")
        secret = [name for name in self.parameters if name in ("CacheUrl", "NotifyWebhookUrl", "NotifyWebhookSecret")]
        return "<Stacks><member>" + tags(
            StackId=self.stack_id(fields["StackName"]), StackName=fields["StackName"], StackStatus=status) + "<Parameters>" + "".join(
                "<member>" + tags(ParameterKey=name, ParameterValue="****" if name in secret else value) + "</member>"
                for name, value in self.parameters.items()) + "</Parameters><Outputs>" + "".join(
                "<member>" + tags(OutputKey=name, OutputValue=value) + "</member>"
                for name, value in self.script["outputs"].items()) + "</Outputs></member></Stacks>"

    def create_change_set(self, fields):
        kind = fields["ChangeSetType"]
        if (self.script["status"] in (None, "REVIEW_IN_PROGRESS")) != (kind == "CREATE"):
            raise Refusal(400, "ValidationError", f"a change set of type {kind} for a stack that is {self.script['status']}")
        if fields.get("Capabilities.member.2") != "CAPABILITY_AUTO_EXPAND":
            raise Refusal(400, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
        bucket, _, key = urllib.parse.urlparse(fields["TemplateURL"]).path[1:].partition("/")
        if (bucket, key) not in self.objects:
            raise Refusal(400, "ValidationError", "S3 error: The specified key does not exist.")
        template, parameters = self.objects[bucket, key].decode(), {}
        for index in range(1, 201):
            name = fields.get(f"Parameters.member.{index}.ParameterKey")
            if name is None:
                break
            value = fields.get(f"Parameters.member.{index}.ParameterValue")
            parameters[name] = self.parameters[name] if value is None else value
        failure = self.script["changeSetFailure"]
        if kind == "UPDATE" and (template, parameters) == (self.template, self.parameters):
            failure = NO_CHANGES
        self.change_sets[fields["ChangeSetName"]] = {
            "template": template, "parameters": parameters, "failure": failure, "kind": kind, "asked": 0}
        if kind == "CREATE":
            self.script["status"] = "REVIEW_IN_PROGRESS"
            self.stack_event("REVIEW_IN_PROGRESS", START)
        return tags(Id=fields["ChangeSetName"], StackId=self.stack_id(fields["StackName"]))

    def change_set(self, fields):
        try:
            return self.change_sets[fields["ChangeSetName"]]
        except KeyError:
            raise Refusal(404, "ChangeSetNotFound", f"ChangeSet [{fields['ChangeSetName']}] does not exist") from None

    def describe_change_set(self, fields):
        found = self.change_set(fields)
        found["asked"] += 1
        if found["asked"] <= self.script["changeSetDelay"]:
            return tags(Status="CREATE_IN_PROGRESS")
        if found["failure"]:
            return tags(Status="FAILED", StatusReason=found["failure"])
        page, rest = self.page(self.script["changes"], fields)
        changes = ""
        for action, logical, kind, replacement, policy, names in page:
            details = "".join(f"<member><Target><Attribute>Properties</Attribute>{tags(Name=name)}</Target></member>" for name in names)
            changes += "<member><Type>Resource</Type><ResourceChange>" + tags(
                Action=action, LogicalResourceId=logical, PhysicalResourceId=logical.lower() if action != "Add" else "",
                ResourceType=kind, Replacement=replacement, PolicyAction=policy) + f"<Details>{details}</Details></ResourceChange></member>"
        return tags(Status="CREATE_COMPLETE") + f"<Changes>{changes}</Changes>{rest}"

    def execute_change_set(self, fields):
        found = self.change_set(fields)
        self.template, self.parameters = found["template"], found["parameters"]
        self.begin(found["kind"] + "_IN_PROGRESS")
        return ""

    def delete_change_set(self, fields):
        self.change_sets.pop(fields["ChangeSetName"], None)
        return ""

    def delete_stack(self, fields):
        if self.script["status"] == "REVIEW_IN_PROGRESS":
            self.script["status"] = None
        else:
            self.begin("DELETE_IN_PROGRESS")
        return ""

    def get_template(self, fields):
        return tags(TemplateBody=self.template)

    def list_stack_resources(self, fields):
        page, rest = self.page(self.script["resources"], fields)
        return "<StackResourceSummaries>" + "".join("<member>" + tags(
            LogicalResourceId=logical, PhysicalResourceId=physical, ResourceType=kind) + "</member>"
            for logical, physical, kind in page) + f"</StackResourceSummaries>{rest}"

    def describe_stack_events(self, fields):
        page, rest = self.page(self.events[::-1], fields)
        return "<StackEvents>" + "".join("<member>" + tags(
            EventId=number, LogicalResourceId=logical, PhysicalResourceId=physical, ResourceType=kind, ResourceStatus=status,
            ResourceStatusReason=reason) + "</member>" for number, logical, physical, kind, status, reason in page) + f"</StackEvents>{rest}"

    def page(self, elements, fields):
        start, size = int(fields.get("NextToken", 0)), self.script["pageSize"]
        return elements[start:start + size], tags(NextToken=str(start + size)) if start + size < len(elements) else ""

    # IAM and STS

    def get_caller_identity(self, fields):
        return tags(Arn=self.script["identity"], Account=ACCOUNT)

    def get_role(self, fields):
        return "<Role>" + tags(Arn=f"arn:aws:iam::{ACCOUNT}:role/path/{fields['RoleName']}") + "</Role>"

    def simulate_principal_policy(self, fields):
        if "*" in self.script["denied"]:
            raise Refusal(403, "AccessDenied", "not authorized to perform: iam:SimulatePrincipalPolicy")
        actions = [value for name, value in fields.items() if name.startswith("ActionNames.")]
        return "<EvaluationResults>" + "".join("<member>" + tags(
            EvalActionName=action, EvalDecision="implicitDeny" if action in self.script["denied"] else "allowed") + "</member>"
            for action in actions) + "</EvaluationResults>" + tags(IsTruncated="false")

    # S3

    def s3(self, method, path, query, body, owner):
        bucket, _, key = path[1:].partition("/")
        operation = {"PUT": "Put", "GET": "Get", "HEAD": "Head"}[method] + ("Object" if key else "Bucket")
        if not key and "list-type" in query:
            operation = "ListObjectsV2"
        if not key and "publicAccessBlock" in query:
            operation = "PutPublicAccessBlock"
        if not key and "encryption" in query:
            operation = "PutBucketEncryption"
        if operation == "PutBucket":
            operation = "CreateBucket"
        self.call("s3", operation, {"path": path, "size": len(body), "owner": owner})
        if self.script["bucketRegion"] != "us-east-1":
            raise Refusal(301, "PermanentRedirect", "The bucket is in another Region")
        if operation == "CreateBucket":
            self.buckets.add(bucket)
        elif bucket not in self.buckets | set(self.script["buckets"]):
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist")
        if owner not in ("", self.script["bucketOwner"]):
            raise Refusal(403, "AccessDenied", "Access Denied")
        if operation == "ListObjectsV2":
            keys = sorted(name for owner, name in self.objects if owner == bucket and name.startswith(query["prefix"][0]))
            return "<ListBucketResult>" + "".join(f"<Contents>{tags(Key=name)}</Contents>" for name in keys) + "</ListBucketResult>"
        if operation == "PutObject":
            self.objects[bucket, key] = body
        if operation == "GetObject":
            return self.objects[bucket, key]
        return ""

    # Kinesis and Lambda

    def kinesis(self, operation, fields):
        if operation == "DescribeLimits":
            return self.script["limits"]
        name = fields.get("StreamName") or fields["StreamARN"].split("/")[-1]
        if name not in self.script["streams"]:
            raise Refusal(400, "ResourceNotFoundException", f"Stream {name} not found")
        return {"StreamDescriptionSummary": {"StreamName": name}}

    def functions(self, path):
        if "account-settings" in path:
            self.call("lambda", "GetAccountSettings", {})
            return {"AccountLimit": self.script["concurrency"]}
        self.call("lambda", "GetFunction", {"path": path})
        name = path.split("/")[-1]
        if name not in self.script["functions"]:
            raise Refusal(404, "ResourceNotFoundException", f"Function not found: {name}")
        return {"Configuration": {"FunctionName": name}}


def tags(**members):
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items() if value != "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    account = Account()
    turn = threading.Lock()

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.turn:
            self.respond(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

    def respond(self, body):
        account = self.account
        url = urllib.parse.urlparse(self.path)
        if url.path == "/_control/script":
            if body == b"":
                Handler.account = Account()
            else:
                account.script.update(json.loads(body))
            return self.send(200, b"{}")
        if url.path == "/_control/calls":
            return self.send(200, json.dumps({"calls": account.calls}).encode())
        is_json = False
        try:
            target = self.headers.get("X-Amz-Target")
            if target:
                is_json = True
                service, _, operation = target.partition(".")
                service = re.sub(r"_.*", "", service).lower()
                fields = json.loads(body or b"{}")
                account.call(service, operation, fields)
                answer = account.kinesis(operation, fields)
            elif url.path.startswith(("/2015-03-31", "/2016-08-19")):
                is_json = True
                answer = account.functions(urllib.parse.unquote(url.path))
            elif self.headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
                fields = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
                operation = fields["Action"]
                service = re.search(r"/([a-z0-9-]+)/aws4_request", self.headers["Authorization"]).group(1)
                account.call(service, operation, fields)
                method = getattr(account, re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower())
                answer = f"<{operation}Response><{operation}Result>{method(fields)}</{operation}Result></{operation}Response>"
            else:
                query = urllib.parse.parse_qs(url.query, keep_blank_values=True)
                answer = account.s3(self.command, urllib.parse.unquote(url.path), query, body,
                                    self.headers.get("x-amz-expected-bucket-owner", ""))
        except Refusal as refusal:
            if is_json:
                text = json.dumps({"__type": refusal.code, "message": str(refusal)})
            else:
                text = f"<ErrorResponse><Error>{tags(Code=refusal.code, Message=str(refusal))}</Error></ErrorResponse>"
            return self.send(refusal.status, text.encode())
        if not isinstance(answer, bytes):
            answer = (json.dumps(answer) if is_json else answer).encode()
        self.send(200, answer)

    def send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amz-request-id", hashlib.md5(body).hexdigest())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(server.server_port, flush=True)
server.serve_forever()
