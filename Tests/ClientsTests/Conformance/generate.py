#!/usr/bin/env python3
"""Writes what botocore, the AWS CLI's library, makes of endpoints and shared files, for tests to compare with.

Run it in the repository with an interpreter that has botocore (`make` installs one for moto):
.build-moto/bin/python Tests/ClientsTests/Conformance/generate.py
"""
import json
import os
import pathlib
import tempfile

import botocore
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError, EndpointProviderError

HERE = pathlib.Path(__file__).parent
# By the names that this program gives them: botocore's name, and parameters of the rules.
SERVICES = {
    "kinesis": ("kinesis", {}), "lambda": ("lambda", {}), "cloudwatch": ("cloudwatch", {}), "iam": ("iam", {}),
    "sts": ("sts", {"UseGlobalEndpoint": False}), "sqs": ("sqs", {}), "sns": ("sns", {}), "events": ("events", {}),
    "s3": ("s3", {"Bucket": "bucket-1", "ForcePathStyle": True}), "redshift-data": ("redshift-data", {}),
    "redshift": ("redshift", {}), "redshift-serverless": ("redshift-serverless", {}), "scheduler": ("scheduler", {}),
    "cloudformation": ("cloudformation", {}),
    "sso": ("sso", {}), "sso-oidc": ("sso-oidc", {}), "signin": ("signin", {}),
}
VARIANTS = {"plain": (False, False), "fips": (True, False), "dualstack": (False, True), "both": (True, True)}


def endpoints():
    loader = botocore.session.Session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    rows = []
    for name, (service, parameters) in SERVICES.items():
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for partition in partitions["partitions"]:
            for region in sorted(r for r in partition["regions"] if not r.endswith("-global")):
                row = {"service": name, "partition": partition["id"], "region": region}
                for variant, (fips, dualstack) in VARIANTS.items():
                    try:
                        found = provider.resolve_endpoint(
                            Region=region, UseFIPS=fips, UseDualStack=dualstack, **parameters)
                    except EndpointProviderError:
                        row[variant] = None
                        continue
                    row[variant] = found.url.removesuffix("/bucket-1")
                    schemes = found.properties.get("authSchemes") or [{}]
                    row["signing"] = schemes[0].get("signingRegion", region)
                rows.append(row)
    return rows


KEYS = "aws_access_key_id = A\naws_secret_access_key = s\n"
# Name, config, credentials; text, or bytes in Latin-1 where it is not UTF-8.
FILES = [
    ("plain", "[default]\nregion = us-east-1\n[profile a]\nregion=eu-west-1\n", "[a]\n" + KEYS),
    ("words behind another heading", "[profile other] words\nregion = r1\n[profile a]\nregion = r2\n", ""),
    ("words behind this heading", "[profile a] words ; more\nregion = r2\n", ""),
    ("comment behind a heading", "[default] # words\nregion = r\n", ""),
    ("bracket behind a heading", "[profile a] x]\nregion = r\n[default]\nregion = d\n", ""),
    ("CRLF", "[default]\r\nregion = r\r\n\r\noutput = json\r\n[profile a]\r\nregion = s\r\n", "[a]\r\nb = 1\r\n"),
    ("CR alone", "[default]\rregion = r\r[profile a]\rregion = s\r", ""),
    ("no line end", "[default]\nregion = r", ""),
    ("comments", "# a\n; b\n[default]\n  # c\nregion = r\n; d\noutput = o\n#region = x\n", ""),
    ("comment behind a value", "[default]\nregion = r # c\noutput = o ; d\nc = a#b\n", ""),
    ("colons", "[default]\nregion: r\nurl = http://h:1\nurl2: http://h=1\nA : b = c\n", ""),
    ("upper-case names", "[default]\nREGION = r\nAws_Thing = X\n[Default]\nregion = s\n[PROFILE a]\nregion = t\n", ""),
    ("defaults", "[DEFAULT]\nregion = r\noutput = o\n[default]\nregion = s\n[profile a]\nx = y\n", ""),
    ("quotes", "[default]\nregion = \"r\"\n[profile \"a b\"]\nx = 1\n[profile 'c']\nx = 2\n[profile d\\ e]\nx = 3\n", ""),
    ("quotes in credentials", "", "[\"a\"]\nx = 1\n[b c]\nx = 2\n[profile d]\nx = 3\n"),
    ("blanks in headings", "[ default ]\nregion = r\n[ profile a ]\nx = 1\n[profile   b]\nx = 2\n[profile\tc]\nx = 3\n", ""),
    ("three words", "[profile a b]\nx = 1\n[profile]\nx = 2\n[profile c]\nx = 3\n", ""),
    ("open quote in another heading", "[profile \"a]\nx = 1\n[profile b]\nx = 2\n", ""),
    ("default twice", "[default]\na = 1\nb = 1\n[profile default]\nb = 2\n", ""),
    ("default twice, other order", "[profile default]\nb = 2\n[default]\na = 1\nb = 1\n", "[default]\nb = 3\n"),
    ("same profile in two spellings", "[profile a]\nx = 1\ny = 1\n[profile \"a\"]\nx = 2\n", ""),
    ("credentials over config", "[profile a]\nx = 1\ny = 1\n[b]\nz = 1\n", "[a]\nx = 2\n[b]\nx = 3\n"),
    ("nested", "[default]\ns3 =\n  max = 20\n  Style = path\n\n  # c\n  x = y = z\nregion = r\n", ""),
    ("nested with tabs", "[default]\ns3=\n\tmax=20\n\tmin = 1\nregion=r\n", ""),
    ("nested in services", "[services v]\nkinesis =\n  endpoint_url = http://k\nredshift_data =\n  endpoint_url = http://r\n"
     "[profile a]\nservices = v\n", ""),
    ("nested without sign", "[default]\ns3 =\n  max\n[profile a]\nx = 1\n", ""),
    ("nested in an unrelated section", "[profile b]\ns3 =\n  max\n[profile a]\nx = 1\n[default]\ny = 1\n", ""),
    ("continued", "[default]\nx = a\n  b\n\n  c = d\ny = e\n", ""),
    ("continued by a heading", "[default]\nx = a\n  [profile a]\ny = e\n", ""),
    ("all indented", "  [default]\n  region = r\n  output = o\n", ""),
    ("indented option", "[default]\n  region = r\n  output = o\nx = y\n", ""),
    ("empty value", "[default]\nregion =\noutput = o\n", ""),
    ("empty value at the end", "[default]\nregion =\n\n\n", ""),
    ("sso", "[profile a]\nsso_session = s\n[sso-session s]\nsso_region = r\nsso_start_url = https://h/start#/\n", ""),
    ("percent", "[default]\nx = a%b%(c)s=+/\n", ""),
    ("Unicode", "[profile caf\u00e9]\nx = 1\n[profile cafe\u0301]\nx = 2\n[default]\nna\u00efve = \u00fc\u0301\n", ""),
    ("other white space", "[default]\nx =\u00a0a\u00a0\ny = a\u000bb\nz = c\u0085\n", ""),
    ("combining mark behind a sign", "[default]\nx =\u0301a\n[profile a]\u0301\ny = 1\n", ""),
    ("BOM", "\ufeff[default]\nregion = r\n", ""),
    ("odd line in another section", "[profile b]\nwords\nx = 1\n[profile a]\nx = 2\n", ""),
    ("odd line in this section", "[profile a]\nwords\nx = 1\n", ""),
    ("line without a section", "region = x\n[profile a]\nx = 2\n", ""),
    ("no heading at all", "region = x\n", ""),
    ("no name", "[profile b]\n = x\n[profile a]\nx = 2\n", ""),
    ("section twice", "[profile b]\nx = 1\n[profile a]\nx = 2\n[profile b]\ny = 1\n", ""),
    ("option twice", "[profile b]\nx = 1\nX = 2\n[profile a]\nx = 2\n", ""),
    ("open bracket", "[profile b\nx = 1\n[profile a]\nx = 2\n", ""),
    ("empty heading", "[]\nx = 1\n[profile a]\nx = 2\n", ""),
    ("Latin-1 in another section", b"[profile b]\nx = \xfc\n[profile a]\nx = 2\n", ""),
    ("Latin-1 in a comment", b"# f\xfcr\n[profile a]\nx = 2\n", ""),
    ("odd line in credentials", "[profile a]\nx = 1\n", "[b]\nwords\n[c]\nx = 3\n"),
    ("section twice in credentials", "[profile a]\nx = 1\n", "[b]\nx = 1\n[b]\ny = 1\n[c]\nx = 3\n"),
    ("empty", "", ""),
]
# Files that botocore rejects as a whole: the profiles that this program reads, and those that it rejects.
DIFFERENCES = {
    "nested without sign": ({"a": {"x": "1"}}, ["default"]),
    "nested in an unrelated section": ({"a": {"x": "1"}, "default": {"y": "1"}}, ["b"]),
    "BOM": ({"default": {"region": "r"}}, []),
    "odd line in another section": ({"a": {"x": "2"}}, ["b"]),
    "odd line in this section": ({}, ["a"]),
    "line without a section": ({"a": {"x": "2"}}, ["default", "other"]),
    "no heading at all": ({}, ["default", "other"]),
    "no name": ({"a": {"x": "2"}}, ["b"]),
    "section twice": ({"a": {"x": "2"}}, ["b"]),
    "option twice": ({"a": {"x": "2"}}, ["b"]),
    "open bracket": ({"a": {"x": "2"}}, ["b", "default"]),
    "empty heading": ({"a": {"x": "2"}}, ["b", "default"]),
    "Latin-1 in another section": ({"a": {"x": "2"}}, ["b"]),
    "Latin-1 in a comment": ({"a": {"x": "2"}}, []),
    "odd line in credentials": ({"a": {"x": "1"}, "c": {"x": "3"}}, ["b"]),
    "section twice in credentials": ({"a": {"x": "1"}, "c": {"x": "3"}}, ["b"]),
}


def encoded(text):
    return text if isinstance(text, bytes) else text.encode()


def files():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {"AWS_CONFIG_FILE": folder + "/config", "AWS_SHARED_CREDENTIALS_FILE": folder + "/credentials"}
        os.environ.update(paths)
        for name, config, credentials in FILES:
            for path, text in zip(paths.values(), (config, credentials)):
                pathlib.Path(path).write_bytes(encoded(text))
            row = {"name": name, "config": list(encoded(config)), "credentials": list(encoded(credentials))}
            try:
                full = botocore.session.Session().full_config
                row |= {
                    "profiles": full["profiles"], "sso_sessions": full["sso_sessions"], "services": full["services"]}
            except BotoCoreError as error:
                readable, rejected = DIFFERENCES[name]
                row |= {"botocore": type(error).__name__, "profiles": readable, "rejected": rejected}
            else:
                assert name not in DIFFERENCES, name
            rows.append(row)
    return rows


def write(name, rows):
    lines = ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows)
    (HERE / name).write_text(f'{{"botocore": "{botocore.__version__}", "rows": [\n{lines}\n]}}\n')


write("endpoints.json", endpoints())
write("shared_files.json", files())
