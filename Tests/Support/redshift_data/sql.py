"""Differences between Redshift's SQL and PostgreSQL's."""
import gzip
import json
import re
import zlib
from urllib.parse import quote
from urllib.request import Request, urlopen

import psycopg

# SQL that PostgreSQL accepts and Redshift's parser rejects.
REFUSED = [
    (r"\bon\s+conflict\b", "conflict"), (r"\breturning\b", "returning"), (r"\bwhen\s+(not\s+)?matched\s+and\b", "and"),
    (r"\bmerge\s+into\s+[\w.\"]+\s+(as\s+)?(?!using\b)\w+\s+using\b", "the target's alias"),
    (r"\bmerge\b.*\busing\s*\(", "("), (r"\badd\s+column\s+if\s+not\s+exists\b", "if"),
    (r"\balter\s+table\b.*\badd\b.*,\s*add\b", ","), (r"\be'", "'"), (r"^\s*lock\b.*\bmode\b", "in"),
]
COPY = re.compile(
    r"COPY (?P<table>\w+) \((?P<columns>[\w, ]+)\) FROM 's3://(?P<bucket>[^/']+)/(?P<key>[^']+)' "
    r"IAM_ROLE '(?P<role>arn:aws[\w-]*:iam::\d{12}:role/[^']+)' (?P<manifest>MANIFEST )?FORMAT AS JSON 'auto' GZIP "
    r"DATEFORMAT 'auto' TIMEFORMAT 'auto' COMPUPDATE OFF STATUPDATE OFF")
QUOTED_NAME, COMMENT, BLOCK_COMMENT = r"\"(?:[^\"]|\"\")*\"", r"--[^\n]*", r"/\*.*?\*/"


def token(reads_escapes):
    literal = r"'(?:[^'\\]|''|\\.)*'" if reads_escapes else r"'(?:[^']|'')*'"
    parts = (literal, QUOTED_NAME, COMMENT, BLOCK_COMMENT, r"::", r":(?P<parameter>[A-Za-z_][0-9A-Za-z_]*)")
    return re.compile("|".join(parts), re.S)


def without_literals(text, reads_escapes):
    def blank(match):
        found = match.group(0)
        return "''" if found[0] == "'" else found if found[0] in "\":" else " "

    return token(reads_escapes).sub(blank, text)


def parameters(text, reads_escapes):
    """Returns the names of `:name` parameters outside of literals and comments."""
    return [match["parameter"] for match in token(reads_escapes).finditer(text) if match["parameter"]]


def statements(text, reads_escapes):
    return [part for part in without_literals(text, reads_escapes).split(";") if part.strip()]


def execute(cursor, text, reads_escapes, s3):
    copy = COPY.fullmatch(text)
    if copy:
        return load(cursor, copy, s3)
    cursor.execute(for_postgresql(text, reads_escapes))
    return cursor.rowcount


def for_postgresql(text, reads_escapes):
    plain = without_literals(text, reads_escapes).lower()
    for pattern, near in REFUSED:
        if re.search(pattern, plain, re.S):
            raise psycopg.errors.SyntaxError(f'syntax error at or near "{near}"')
    if plain.startswith("merge") and not ("when matched" in plain and "when not matched" in plain):
        raise psycopg.errors.SyntaxError("MERGE needs WHEN MATCHED and WHEN NOT MATCHED")
    if re.match(r"\s*create\b.*\btable\b", plain, re.S):
        # Redshift does not enforce keys.
        text = re.sub(r"(?i)\bdiststyle\s+\w+|\b(distkey|(compound\s+)?sortkey)\s*\([^)]*\)", "", text)
        text = re.sub(r"(?i),?\s*\b(primary\s+key|unique)\s*\([^)]*\)|\bprimary\s+key\b|\bunique\b", "", text)
    return text


def load(cursor, copy, s3):
    """Runs a COPY of gzipped JSON lines: columns by name, missing ones as NULL."""
    if not s3:
        raise psycopg.errors.InternalError_("S3ServiceException:Access Denied,Status 403")
    source = (copy["bucket"], copy["key"])
    if not copy["manifest"]:
        return insert(cursor, copy, read(s3, *source))
    count = 0
    for bucket, key in entries(read(s3, *source), source):
        try:
            body = read(s3, bucket, key)
        except Missing:
            # Redshift ignores missing entries that are not mandatory; the program never uses them.
            raise psycopg.errors.InternalError_(
                f"S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,CanRetry 1 "
                f"DETAIL: error: mandatory file s3://{bucket}/{key} is missing") from None
        try:
            with cursor.connection.transaction():
                count += insert(cursor, copy, body)
        except (OSError, EOFError, zlib.error):
            raise psycopg.errors.InternalError_(
                f"failed to inflate with zlib: code -3 DETAIL: error: failed to inflate with zlib: code -3 code: 9001 "
                f"context: S3 key being read : s3://{bucket}/{key}") from None
        except (ValueError, psycopg.DataError):
            # The table named in this message contains file, line and reason.
            raise psycopg.errors.InternalError_(
                f"Load into table '{copy['table']}' failed. Check 'sys_load_error_detail' system table for details."
            ) from None
    return count


class Missing(psycopg.errors.InternalError_):
    pass


def entries(manifest, source):
    """Returns the bucket and key of each entry, which must all be mandatory."""
    try:
        found = json.loads(manifest)["entries"]
        if not all(entry.keys() == {"url", "mandatory"} and entry["mandatory"] is True for entry in found):
            raise ValueError("an entry is not mandatory")
        return [re.fullmatch(r"s3://([^/]+)/(.+)", entry["url"]).groups() for entry in found]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise psycopg.errors.InternalError_(f"Problem reading manifest file s3://{'/'.join(source)}: {error}") from None


def read(s3, bucket, key):
    # moto denies unsigned requests for private objects; it does not verify signatures.
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/s3/aws4_request"}
    error = None
    # COPY retries requests that S3 throttles or that fail in transit.
    for _ in range(20):
        try:
            with urlopen(Request(f"{s3}/{bucket}/{quote(key)}", headers=signed)) as answer:
                return answer.read()
        except OSError as failure:
            error = failure
            if getattr(failure, "code", 503) < 500:
                break
    raise Missing(f"S3ServiceException:{error},Status 404") from None


def insert(cursor, copy, body):
    lines = gzip.decompress(body).decode().removesuffix("\n").split("\n")
    columns = copy["columns"].split(", ")
    rows = []
    for line in lines:
        row = json.loads(line)
        # A number is kept as written, as in COPY.
        rows.append([text_of(row.get(column), line, column) for column in columns])
    with cursor.copy(f"COPY {copy['table']} ({', '.join(columns)}) FROM STDIN") as target:
        for row in rows:
            target.write_row(row)
    return len(rows)


def text_of(value, line, column):
    if value is None or isinstance(value, str):
        return value
    return re.search(rf'"{column}":(-?[\d.]+)', line)[1]
