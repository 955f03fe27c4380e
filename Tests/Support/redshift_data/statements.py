"""Statements in the Data API: the request, the progress and the result."""
import re
import threading
import time
import uuid

import psycopg

import sql
from errors import Refusal

ENDINGS = ("FINISHED", "FAILED", "ABORTED")
STATEMENT_LIMIT, COUNT_LIMIT, WAIT_LIMIT = 100 * 1024, 40, 30
MEMBERS = {
    "ClientToken", "ClusterIdentifier", "Database", "DbUser", "SecretArn", "StatementName", "WaitTimeSeconds",
    "WorkgroupName",
}


class Statement:
    """One ExecuteStatement or BatchExecuteStatement."""

    def __init__(self, request, texts, is_batch):
        self.request, self.is_batch = request, is_batch
        self.id, self.created = str(uuid.uuid4()), time.time()
        self.status, self.error, self.connection = "SUBMITTED", None, None
        self.parts = [
            {"Id": f"{self.id}:{number}" if is_batch else self.id, "QueryString": text, "Status": "SUBMITTED",
             "HasResultSet": False}
            for number, text in enumerate(texts, 1)]
        self.results = {}
        self.changed = threading.Condition()

    @property
    def has_ended(self):
        return self.status in ENDINGS

    def set(self, status, error=None):
        with self.changed:
            if not self.has_ended:
                self.status, self.error = status, error
            self.changed.notify_all()

    def wait(self, seconds):
        with self.changed:
            self.changed.wait_for(lambda: self.has_ended, seconds)

    def summary(self):
        members = {"Id": self.id, "CreatedAt": self.created}
        for name in ("ClusterIdentifier", "Database", "DbUser", "SecretArn", "WorkgroupName"):
            if name in self.request:
                members[name] = self.request[name]
        return members

    def description(self):
        members = {**self.summary(), "Status": self.status, "HasResultSet": any(p["HasResultSet"] for p in self.parts)}
        if self.error:
            members["Error"] = self.error
        if self.is_batch:
            members["SubStatements"] = self.parts
        return members


class Service:
    def __init__(self, database):
        self.database = database
        self.statements, self.tokens = {}, {}
        self.lock = threading.Lock()
        self.settings = {
            "readsEscapes": False, "waits": True, "activeLimit": 500, "s3": None,
            # Redshift's default, SNAPSHOT; it also supports SERIALIZABLE, and nothing weaker.
            "isolation": "repeatable read", "user": "test"}

    def call(self, operation, request, fault):
        handler = {
            "ExecuteStatement": self.execute, "BatchExecuteStatement": self.execute,
            "DescribeStatement": self.describe, "GetStatementResult": self.result, "CancelStatement": self.cancel,
        }.get(operation)
        if not handler:
            raise Refusal("UnknownOperationException", f"{operation} is not supported by this stand-in")
        return handler(operation, request, fault)

    def execute(self, operation, request, fault):
        is_batch = operation == "BatchExecuteStatement"
        check(request, is_batch, self.settings["readsEscapes"])
        texts = request["Sqls"] if is_batch else [request["Sql"]]
        with self.lock:
            statement = self.known(request)
            if not statement:
                active = sum(not statement.has_ended for statement in self.statements.values())
                if active >= self.settings["activeLimit"]:
                    raise Refusal("ActiveStatementsExceededException", "Active statements exceeded the allowed quota")
                statement = Statement(request, texts, is_batch)
                self.statements[statement.id] = statement
                if "ClientToken" in request:
                    self.tokens[request["ClientToken"]] = statement
                threading.Thread(target=self.run, args=(statement, fault), daemon=True).start()
        if not self.waits(request, statement):
            return statement.summary()
        return {**statement.summary(), "Status": statement.status}

    def known(self, request):
        """Returns the statement of an earlier call with the same token."""
        statement = self.tokens.get(request.get("ClientToken"))
        if statement and {**statement.request, "WaitTimeSeconds": 0} != {**request, "WaitTimeSeconds": 0}:
            raise Refusal("ValidationException", "The ClientToken was used for another request")
        return statement

    def waits(self, request, statement):
        if "WaitTimeSeconds" not in request or not self.settings["waits"]:
            return False
        statement.wait(request["WaitTimeSeconds"])
        return True

    def run(self, statement, fault):
        statement.set("PICKED")
        escapes = self.settings["readsEscapes"]
        try:
            with self.database.connect(escapes, self.settings["user"], self.settings["isolation"]) as connection:
                statement.connection = connection
                statement.set("STARTED")
                if fault and fault["kind"] == "slow" and "statement" not in fault:
                    connection.execute("SELECT pg_sleep(%s)", [fault["milliseconds"] / 1000])
                with connection.transaction():
                    self.run_parts(statement, connection, escapes, fault)
                    if statement.has_ended:
                        raise psycopg.Rollback()
            statement.set("FINISHED")
        except psycopg.Error as error:
            statement.set("FAILED", self.failure(statement, error))

    def run_parts(self, statement, connection, escapes, fault):
        cursor = connection.cursor()
        for number, part in enumerate(statement.parts, 1):
            part["Status"] = "STARTED"
            if fault and number == fault.get("statement", len(statement.parts)):
                if fault["kind"] == "fails":
                    raise psycopg.errors.InternalError_(fault["message"])
                if fault["kind"] == "slow" and "statement" in fault:
                    connection.execute("SELECT pg_sleep(%s)", [fault["milliseconds"] / 1000])
            part["ResultRows"] = sql.execute(cursor, part["QueryString"], escapes, self.settings["s3"])
            if cursor.description:
                part["HasResultSet"] = True
                statement.results[part["Id"]] = cursor.fetchall()
            part["Status"] = "FINISHED"

    @staticmethod
    def failure(statement, error):
        """Returns the Data API's names of the states of the statement and its parts."""
        message = f"ERROR: {error.diag.message_primary or error}"
        number = next((n for n, part in enumerate(statement.parts, 1) if part["Status"] == "STARTED"), 1)
        statement.parts[number - 1].update(Status="FAILED", Error=message)
        for part in statement.parts[number:]:
            part["Status"] = "ABORTED"
        return f"Query #{number} failed with {message}" if statement.is_batch else message

    def find(self, request):
        base = request.get("Id", "").partition(":")[0]
        if not re.fullmatch(r"[a-z0-9]{8}(-[a-z0-9]{4}){3}-[a-z0-9]{12}", base):
            raise Refusal("ValidationException", "id must satisfy a regular expression")
        statement = self.statements.get(base)
        if not statement:
            raise Refusal("ResourceNotFoundException", "Query does not exist.")
        return statement

    def describe(self, _, request, __):
        only(request, {"Id", "WaitTimeSeconds"})
        check_wait(request)
        statement = self.find(request)
        self.waits(request, statement)
        return statement.description()

    def result(self, _, request, __):
        only(request, {"Id", "NextToken"})
        rows = self.find(request).results.get(request["Id"])
        if rows is None:
            raise Refusal("ResourceNotFoundException", "Query does not have result.")
        start = int(request.get("NextToken", 0))
        page = rows[start:start + 20]
        answer = {"Records": [[field(value) for value in row] for row in page], "TotalNumRows": len(rows)}
        return {**answer, "NextToken": str(start + 20)} if start + 20 < len(rows) else answer

    def cancel(self, _, request, __):
        statement = self.find(request)
        if statement.has_ended:
            raise Refusal("ValidationException", f"Could not cancel a query that is already {statement.status}")
        statement.set("ABORTED")
        if statement.connection:
            statement.connection.cancel()
        return {"Status": True}


def check(request, is_batch, reads_escapes):
    only(request, MEMBERS | {"Sqls" if is_batch else "Sql"})
    check_wait(request)
    if ("WorkgroupName" in request) == ("ClusterIdentifier" in request):
        raise Refusal("ValidationException", "Either ClusterIdentifier or WorkgroupName is required")
    if "Database" not in request:
        raise Refusal("ValidationException", "Database is required")
    if not 1 <= len(request.get("ClientToken", "t")) <= 64 or len(request.get("StatementName", "")) > 500:
        raise Refusal("ValidationException", "ClientToken or StatementName has a wrong length")
    texts = request.get("Sqls") if is_batch else [request.get("Sql")]
    if not texts or not all(texts) or len(texts) > COUNT_LIMIT:
        raise Refusal("ValidationException", f"1 to {COUNT_LIMIT} statements are expected, not {len(texts or [])}")
    for text in texts:
        if len(text.encode()) > STATEMENT_LIMIT:
            raise Refusal("ValidationException", "Cannot run query with size larger than 100 KB")
        if sql.parameters(text, reads_escapes):
            raise Refusal("ValidationException", f"Parameters are missing: {sql.parameters(text, reads_escapes)}")
        if len(sql.statements(text, reads_escapes)) > 1:
            raise Refusal("ValidationException", "Multiple sql statements are not allowed.")


def check_wait(request):
    if request.get("WaitTimeSeconds", 1) not in range(1, WAIT_LIMIT + 1):
        raise Refusal("ValidationException", f"WaitTimeSeconds must be in 1...{WAIT_LIMIT}")


def only(request, known):
    """Rejects unknown members, which AWS ignores."""
    unknown = set(request) - known
    if unknown:
        raise Refusal("ValidationException", f"unknown members: {', '.join(sorted(unknown))}")


def field(value):
    if value is None:
        return {"isNull": True}
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"longValue": value}
    return {"stringValue": str(value)}
