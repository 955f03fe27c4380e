"""Tests of the stand-in for S3, and of moto, with AWS's own client: both must respond alike.

    .build-moto/bin/python Tests/Support/object_store_check.py URL MOTO_URL
"""
import json
import sys
import unittest
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

URL, MOTO = sys.argv[1:3]
del sys.argv[1:]


def control(what, body):
    urlopen(Request(f"{URL}/_control/{what}", json.dumps(body).encode())).read()


def client(url):
    return boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret",
        config=Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"},
            request_checksum_calculation="when_required", response_checksum_validation="when_required"))


class ObjectStoreCheck(unittest.TestCase):
    def setUp(self):
        control("reset", {})
        urlopen(Request(f"{MOTO}/moto-api/reset", b"")).read()
        client(MOTO).create_bucket(Bucket="staging")

    def alike(self, walk):
        answers = [walk(client(url)) for url in (URL, MOTO)]
        self.assertEqual(*answers)
        return answers[0]

    def test_objects_are_put_read_copied_and_deleted(self):
        def walk(s3):
            tag = s3.put_object(Bucket="staging", Key="a b/c%20d=é.gz", Body=b"rows")["ETag"]
            copy = s3.copy_object(
                Bucket="staging", Key="x", CopySource={"Bucket": "staging", "Key": "a b/c%20d=é.gz"},
                CopySourceIfMatch=tag)["CopyObjectResult"]["ETag"]
            deleted = s3.delete_objects(
                Bucket="staging", Delete={"Objects": [{"Key": "a b/c%20d=é.gz"}, {"Key": "none & none"}]})
            body = s3.get_object(Bucket="staging", Key="x")["Body"].read()
            return tag, copy, sorted(entry["Key"] for entry in deleted["Deleted"]), body

        self.assertEqual(self.alike(walk)[2:], (["a b/c%20d=é.gz", "none & none"], b"rows"))

    def test_what_is_missing_or_different_is_refused(self):
        def code(call, **members):
            with self.assertRaises(ClientError) as caught:
                call(Bucket="staging", **members)
            return caught.exception.response["Error"]["Code"]

        def walk(s3):
            s3.put_object(Bucket="staging", Key="a", Body=b"rows")
            return code(s3.get_object, Key="b"), code(s3.copy_object, Key="c", CopySource={"Bucket": "staging", "Key": "b"})

        self.assertEqual(self.alike(walk), ("NoSuchKey", "NoSuchKey"))
        # moto ignores this condition.
        tag = code(client(URL).copy_object, Key="c", CopySource={"Bucket": "staging", "Key": "a"}, CopySourceIfMatch='"x"')
        self.assertEqual(tag, "PreconditionFailed")

    def test_lists_in_pages(self):
        keys = [f"p/{folder}/{number}" for folder in "abc" for number in range(4)] + ["p/z+ é", "q"]

        def walk(s3):
            for key in keys:
                s3.put_object(Bucket="staging", Key=key, Body=b"")
            pages = s3.get_paginator("list_objects_v2")
            found = []
            for members in ({"Prefix": "p/"}, {"Prefix": "p/", "Delimiter": "/"}, {"Prefix": "p/", "StartAfter": "p/b/1"}):
                listing = list(pages.paginate(Bucket="staging", PaginationConfig={"PageSize": 3}, **members))
                found.append([entry["Key"] for page in listing for entry in page.get("Contents", [])])
                found.append([entry["Prefix"] for page in listing for entry in page.get("CommonPrefixes", [])])
            return found

        everything, _, single, folders, later, _ = self.alike(walk)
        self.assertEqual(everything, keys[:-1])
        self.assertEqual((single, folders), (["p/z+ é"], ["p/a/", "p/b/", "p/c/"]))
        self.assertEqual(later[0], "p/b/2")

    def test_faults(self):
        s3 = client(URL)
        control("faults", {"operation": "PutObject", "kind": "noetag"})
        self.assertNotIn("ETag", s3.put_object(Bucket="staging", Key="a", Body=b""))
        control("faults", {"operation": "PutObject", "kind": "lost", "after": 1})
        s3.put_object(Bucket="staging", Key="b", Body=b"")
        with self.assertRaises(Exception):
            s3.put_object(Bucket="staging", Key="c", Body=b"")
        listing = s3.list_objects_v2(Bucket="staging")
        self.assertEqual([entry["Key"] for entry in listing["Contents"]], ["b", "c"])
        control("faults", {"operation": "DeleteObjects", "kind": "keys", "count": 1, "code": "AccessDenied"})
        answer = s3.delete_objects(Bucket="staging", Delete={"Objects": [{"Key": "b"}, {"Key": "c"}]})
        self.assertEqual(answer["Errors"][0]["Code"], "AccessDenied")
        self.assertEqual(answer["Deleted"][0]["Key"], "c")


unittest.main()
