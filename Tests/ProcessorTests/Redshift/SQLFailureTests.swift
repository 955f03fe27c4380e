import XCTest

@testable import Processor

/// Tests of the errors about a value of a record; all others are transient.
final class SQLFailureTests: XCTestCase {
    private static let texts: [(text: String, failure: SQLFailure)] = [
        ("value too long for type character varying(50)", .data),
        ("Value too long for character type", .data),
        ("String length exceeds DDL length", .data),
        ("Numeric data overflow (result precision)", .data),
        ("numeric field overflow", .data),
        ("Overflow for NUMERIC(5,2)", .data),
        ("Value out of range for 4 bytes.", .data),
        ("integer out of range", .data), ("bigint out of range", .data), ("smallint out of range", .data),
        (#"value "99999999999" is out of range for type integer"#, .data),
        (#"date/time field value out of range: "2026-13-01""#, .data),
        ("timestamp out of range", .data), ("Error converting text to date", .data),
        (#"invalid input syntax for type numeric: "1023""#, .data),
        ("Invalid digit, Value 'x', Pos 0, Type: Integer", .data),
        (#"invalid byte sequence for encoding "UTF8": 0xff"#, .data),
        ("String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: c3 (error 2)", .data),
        ("Load into table 'stage_artists_0' failed. Check 'sys_load_error_detail' system table for details.", .data),
        ("Cannot insert a NULL value into column genre", .data),
        (#"null value in column "shard_id" of relation "artists" violates not-null constraint"#, .data),

        (
            "1023 DETAIL: Serializable isolation violation on table - 108263, transactions forming the cycle are",
            .conflict
        ),
        ("Serializable isolation violation on table in Redshift", .conflict),
        ("could not complete because of conflict with concurrent transaction", .conflict),
        ("could not serialize access due to concurrent update", .conflict), ("deadlock detected", .conflict),

        ("Cannot insert a NULL value into column load_batch", .other),
        (#"null value in column "mine" of relation "artists" violates not-null constraint"#, .other),
        (#"relation "concert_dw.write_lock" does not exist"#, .other),
        (#"column "shard_id" of relation "artists" does not exist"#, .other),
        ("permission denied for schema concert_dw", .other), ("permission denied for relation write_lock", .other),
        ("S3ServiceException:Access Denied,Status 403", .other), ("disk full", .other), ("Disk Full", .other),
        ("Out Of Memory", .other), ("Query (12) cancelled on user's request", .other),
        ("Query cancelled by WLM abort action", .other), ("canceling statement due to statement timeout", .other),
        ("connection to the leader node lost: value too long for type character", .other),
        ("stack depth limit exceeded", .other), ("invalid value for parameter", .other), ("Assert", .other),
        ("transaction ID wraparound limit violates a rule", .other), ("arithmetic overflow in the planner", .other),
        ("memory out of range", .other), ("check load_error for details", .other),
        (#"syntax error at or near "value too long for type character varying(5)""#, .other),
        ("", .other), ("?", .other),
    ]

    func testOnlyListedErrorsAreDataErrors() {
        for (text, failure) in Self.texts {
            for text in [
                text, "ERROR: \(text)", "Query #17 failed with ERROR: \(text)", "ERROR:  " + text.uppercased(),
            ] {
                XCTAssertEqual(SQLFailure(text), failure, text)
            }
        }
    }

    func testFailuresAreComparedByBytes() {
        // A combining mark after the first letters changes the characters, but not the bytes before it.
        XCTAssertEqual(SQLFailure("ERROR: \u{301}value too long for type character varying(5)"), .other)
        XCTAssertEqual(SQLFailure("ERROR: value too long for type character varying(5)\u{301}"), .data)
        XCTAssertEqual(SQLFailure("ERROR: deadlock detected\u{301}"), .conflict)
        XCTAssertEqual(SQLFailure("ERROR: dead\u{301}lock detected"), .other)
    }

    func testCauseIgnoresValuesAndStatementNumbers() {
        let cases: [(one: String, other: String, isSame: Bool)] = [
            (
                #"Query #3 failed with ERROR: invalid input syntax for type date: "x""#,
                #"ERROR: Invalid input syntax for type date: "y "" z""#, true
            ),
            (
                "Query #3 failed with ERROR: value too long for type character varying(5)",
                "Query #12 failed with ERROR: value too long for type character varying(5)", true
            ),
            ("value too long for type character varying(5)", "value too long for type character varying(50)", false),
            ("Cannot insert a NULL value into column genre", "Cannot insert a NULL value into column name", false),
            ("", "\"", false),
        ]
        for (one, other, isSame) in cases {
            XCTAssertEqual(SQLFailure.cause(of: one) == SQLFailure.cause(of: other), isSame, "\(one) | \(other)")
        }
    }

    func testAdviceNamesTheCommandOrTheGrant() {
        let cases: [(text: String, words: String?)] = [
            (#"ERROR: relation "concert_dw.write_lock" does not exist"#, "concertctl warehouse init"),
            (#"ERROR: column "shard_id" of relation "artists" does not exist"#, "concertctl warehouse init"),
            ("ERROR: permission denied for relation write_lock", "UPDATE and DELETE on its tables and on write_lock"),
            ("ERROR: must be owner of relation write_lock", "write_lock"),
            ("ERROR: Cannot insert a NULL value into column mine", "give that column a default"),
            ("ERROR: value too long for type character varying(5)", "compare the table"),
            ("ERROR: S3ServiceException:Access Denied,Status 403", "REDSHIFT_COPY_ROLE_ARN"), ("ERROR: disk full", nil),
            (
                "ERROR: S3ServiceException:The specified bucket does not exist,Status 404,Error NoSuchBucket",
                "REDSHIFT_COPY_ROLE_ARN"
            ),
            ("ERROR: S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey", "the next load"),
        ]
        for (text, words) in cases {
            let advice = SQLFailure.advice(on: text)
            XCTAssertEqual(advice == nil, words == nil, text)
            if let words { XCTAssertTrue(advice?.contains(words) == true, advice ?? "") }
        }
    }
}
