"""Tests of the stand-in for the Redshift Data API with AWS's own client.

    .build-moto/bin/python Tests/Support/redshift_data_check.py URL

boto3 validates every request and every response against the API model.
"""
import json
import sys
import time
import unittest
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL = sys.argv.pop(1)
WHERE = {"WorkgroupName": "wg-one", "Database": "dev"}


def control(what, body):
    urlopen(Request(f"{URL}/_control/{what}", json.dumps(body).encode(), {"Content-Type": "application/json"})).read()


class RedshiftDataCheck(unittest.TestCase):
    def setUp(self):
        control("reset", {})
        self.client = boto3.client(
            "redshift-data", endpoint_url=URL, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret", config=Config(retries={"total_max_attempts": 1}))

    def end(self, statement):
        while True:
            answer = self.client.describe_statement(Id=statement["Id"])
            if answer["Status"] in ("FINISHED", "FAILED", "ABORTED"):
                return answer
            time.sleep(0.01)

    def run_one(self, text, **members):
        return self.end(self.client.execute_statement(Sql=text, **WHERE, **members))

    def run_batch(self, *texts, **members):
        return self.end(self.client.batch_execute_statement(Sqls=list(texts), **WHERE, **members))

    def rows(self, text):
        pages = self.client.get_paginator("get_statement_result").paginate(Id=self.run_one(text)["Id"])
        return [row for page in pages for row in page["Records"]]

    def refusal(self, call, **members):
        with self.assertRaises(ClientError) as caught:
            call(**members)
        return caught.exception.response["Error"]["Code"]

    def test_a_batch_is_one_transaction(self):
        self.run_one("CREATE SCHEMA s")
        done = self.run_batch("CREATE TABLE s.t (id INTEGER, v VARCHAR(9))", "INSERT INTO s.t VALUES (1, NULL)")
        self.assertEqual([part["Status"] for part in done["SubStatements"]], ["FINISHED", "FINISHED"])
        failed = self.run_batch("INSERT INTO s.t VALUES (2, 'x')", "INSERT INTO s.none VALUES (1)", "SELECT 1")
        self.assertEqual(failed["Status"], "FAILED")
        self.assertIn("Query #2 failed", failed["Error"])
        self.assertEqual([part["Status"] for part in failed["SubStatements"]], ["FINISHED", "FAILED", "ABORTED"])
        self.assertEqual(self.rows("SELECT * FROM s.t"), [[{"longValue": 1}, {"isNull": True}]])

    def test_a_token_finds_the_run_it_was_used_for(self):
        call = {"Sql": "SELECT 1", "ClientToken": "token", **WHERE}
        self.assertEqual(self.client.execute_statement(**call)["Id"], self.client.execute_statement(**call)["Id"])
        self.assertEqual(
            self.refusal(self.client.execute_statement, **{**call, "Sql": "SELECT 2"}), "ValidationException")

    def test_waits_for_the_end(self):
        start = time.time()
        answer = self.client.batch_execute_statement(
            Sqls=["SELECT pg_sleep(0.3)", "SELECT 1"], WaitTimeSeconds=30, **WHERE)
        self.assertEqual(answer["Status"], "FINISHED")
        self.assertGreaterEqual(time.time() - start, 0.3)

    def test_cancels(self):
        statement = self.client.execute_statement(Sql="SELECT pg_sleep(60)", **WHERE)
        while self.client.describe_statement(Id=statement["Id"])["Status"] != "STARTED":
            time.sleep(0.01)
        self.client.cancel_statement(Id=statement["Id"])
        self.assertEqual(self.end(statement)["Status"], "ABORTED")

    def test_pages_results(self):
        rows = self.rows("SELECT generate_series(1, 45)")
        self.assertEqual([row[0]["longValue"] for row in rows], list(range(1, 46)))

    def test_keeps_the_limits(self):
        batch, one = self.client.batch_execute_statement, self.client.execute_statement
        self.assertEqual(self.refusal(batch, Sqls=["SELECT 1"] * 41, **WHERE), "ValidationException")
        long = "SELECT '" + "x" * 102_400 + "'"
        self.assertEqual(self.refusal(one, Sql=long, **WHERE), "ValidationException")
        self.assertEqual(self.refusal(one, Sql="SELECT 1; SELECT 2", **WHERE), "ValidationException")
        self.assertEqual(self.refusal(one, Sql="SELECT :name", **WHERE), "ValidationException")
        self.assertEqual(self.refusal(one, Sql="SELECT 1", Database="dev"), "ValidationException")
        control("settings", {"activeLimit": 0})
        self.assertEqual(self.refusal(one, Sql="SELECT 1", **WHERE), "ActiveStatementsExceededException")

    def test_refuses_what_redshift_lacks(self):
        self.run_batch("CREATE SCHEMA s", "CREATE TABLE s.t (id INTEGER PRIMARY KEY) DISTKEY (id) SORTKEY (id)")
        # Redshift does not enforce keys.
        self.assertEqual(self.run_one("INSERT INTO s.t VALUES (1), (1)")["Status"], "FINISHED")
        for text in (
            "INSERT INTO s.t VALUES (1) ON CONFLICT DO NOTHING", "INSERT INTO s.t VALUES (1) RETURNING id",
            "ALTER TABLE s.t ADD COLUMN IF NOT EXISTS v INTEGER", "ALTER TABLE s.t ADD v INTEGER, ADD w INTEGER",
            "MERGE INTO s.t USING s.t AS u ON t.id = u.id WHEN MATCHED AND u.id > 1 THEN DELETE "
            "WHEN NOT MATCHED THEN INSERT VALUES (1)",
        ):
            self.assertIn("syntax error", self.run_one(text).get("Error", ""), text)

    def test_reads_a_backslash_either_way(self):
        for reads_escapes, expected in ((True, "a\tb"), (False, "a\\tb")):
            control("settings", {"readsEscapes": reads_escapes})
            self.assertEqual(self.rows("SELECT 'a\\tb'"), [[{"stringValue": expected}]])

    def test_faults(self):
        for kind, code in (("throttle", "ThrottlingException"), ("500", "InternalServerException")):
            control("faults", {"operation": "ExecuteStatement", "kind": kind})
            self.assertEqual(self.refusal(self.client.execute_statement, Sql="SELECT 1", **WHERE), code)
        control("faults", {"operation": "ExecuteStatement", "kind": "fails", "message": "disk full"})
        self.assertIn("disk full", self.run_one("SELECT 1")["Error"])


unittest.main()
