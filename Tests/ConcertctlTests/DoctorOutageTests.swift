import Basics
import Foundation
import TestSupport
import XCTest

/// Tests of `doctor` with failed calls, and of its checks of metrics, files, and the clock.
final class DoctorOutageTests: XCTestCase {
    private func fakeWithStream() throws -> StrictAWS {
        let fake = try StrictAWS()
        try fake.answer(
            "DescribeStreamSummary",
            with: """
                {"StreamDescriptionSummary":{"StreamName":"concerts","StreamStatus":"ACTIVE","OpenShardCount":2,\
                "StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts","RetentionPeriodHours":24}}
                """)
        try fake.answer("ListShards", with: #"{"Shards":[]}"#)
        try fake.addFunction("concert-data-processor")
        return fake
    }

    private func assert(
        _ report: DoctorReport, _ check: String, _ verdict: String, _ words: String, advice: String? = nil,
        line: UInt = #line
    ) throws {
        let found = try XCTUnwrap(report[check], "no \(check): \(report.run.notes)", line: line)
        XCTAssertEqual(found.verdict, verdict, "\(found)", line: line)
        XCTAssertTrue(found.finding.contains(words), "\(words) is not in: \(found)", line: line)
        if let advice {
            XCTAssertTrue(found.advice.contains { $0.contains(advice) }, "\(advice) is not in: \(found)", line: line)
        }
    }

    func testChecksMetricsOfFiveMinutes() throws {
        typealias Figure = (namespace: String, metric: String, value: Double)
        let cases: [(figures: [Figure], check: String, verdict: String, words: String, advice: String?, line: UInt)] = [
            ([], "Write throttling", "ok", "none", nil, #line),
            ([], "Read throttling", "ok", "none", nil, #line),
            ([], "Iterator age", "unknown", "nothing reads the stream", nil, #line),
            ([], "Function errors", "ok", "none in 0", nil, #line),
            (
                [("AWS/Kinesis", "WriteProvisionedThroughputExceeded", 3)], "Write throttling", "fault",
                "3 records were throttled", "stream scale --stream-name concerts --target-shard-count 4", #line
            ),
            (
                [("AWS/Kinesis", "ReadProvisionedThroughputExceeded", 5)], "Read throttling", "warn",
                "5 reads were throttled", "stream consumer register --stream-name concerts", #line
            ),
            ([("AWS/Lambda", "IteratorAge", 60_000)], "Iterator age", "ok", "60 s", nil, #line),
            ([("AWS/Lambda", "IteratorAge", 60_001)], "Iterator age", "warn", "60 s", "aws logs tail", #line),
            (
                [("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", 900_000)], "Iterator age", "warn", "15 min",
                nil, #line
            ),
            (
                [("AWS/Lambda", "IteratorAge", 5), ("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", 900_001)],
                "Iterator age", "fault", "the stream retains records for 24 h", nil, #line
            ),
            ([("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", 1e300)], "Iterator age", "fault", "e+", nil, #line),
            (
                [("AWS/Lambda", "Errors", 2), ("AWS/Lambda", "Invocations", 9)], "Function errors", "warn",
                "2 of 9 invocations failed", "aws logs tail", #line
            ),
            (
                [("AWS/Lambda", "Errors", 9), ("AWS/Lambda", "Invocations", 9)], "Function errors", "fault",
                "9 of 9 invocations failed", nil, #line
            ),
            (
                [("AWS/Lambda", "Throttles", 1e300)], "Function throttles", "warn", "were throttled in 5 minutes",
                "delete-function-concurrency", #line
            ),
        ]
        for row in cases {
            let fake = try fakeWithStream()
            for figure in row.figures {
                let dimensions =
                    figure.namespace == "AWS/Kinesis"
                    ? ["StreamName": "concerts"] : ["FunctionName": "concert-data-processor"]
                try fake.add(
                    [(90, figure.value), (3000, 7e6)], to: figure.metric, of: figure.namespace, dimensions: dimensions)
            }
            let report = try DoctorReport(environment: fake.environment)
            try assert(report, row.check, row.verdict, row.words, advice: row.advice, line: row.line)
        }
    }

    func testReportsTheMissingPermission() throws {
        let cases: [(operation: String, code: String, action: String, check: String)] = [
            ("ListShards", "AccessDeniedException", "kinesis:ListShards", "Permissions"),
            ("GetFunction", "AccessDeniedException", "lambda:GetFunction", "Function"),
            ("ListEventSourceMappings", "AccessDeniedException", "lambda:ListEventSourceMappings", "Mapping"),
            ("GetMetricStatistics", "AccessDenied", "cloudwatch:GetMetricStatistics", "Iterator age"),
        ]
        for row in cases {
            let fake = try StrictAWS()
            // Used before the permanent responses of the setup.
            try fake.add(
                .error, of: row.operation, times: -1, code: row.code, message: "not authorized", status: 403)
            try fake.answer(
                "DescribeStreamSummary",
                with: """
                    {"StreamDescriptionSummary":{"StreamName":"concerts","StreamStatus":"ACTIVE",\
                    "StreamARN":"arn:aws:kinesis:us-east-1:123456789012:stream/concerts"}}
                    """)
            let report = try DoctorReport(environment: fake.environment)
            XCTAssertEqual(report.run.status, 1)
            try assert(report, "Permissions", "fault", "may not call \(row.action)", advice: "allow \(row.action)")
            guard row.check != "Permissions" else { continue }
            try assert(report, row.check, "unknown", "\(row.action) is not allowed", advice: "allow \(row.action)")
        }
        let fake = try fakeWithStream()
        try fake.add(.error, of: "GetRole", code: "AccessDenied", message: "not authorized", status: 403)
        let report = try DoctorReport(environment: fake.environment)
        try assert(report, "Function's role", "unknown", "iam:GetRole is not allowed", advice: "allow iam:GetRole")
        try assert(report, "Permissions", "ok", "may call kinesis:DescribeStreamSummary")
    }

    func testSkipsChecksOfAMissingStreamOrFunction() throws {
        let fake = try StrictAWS()
        let report = try DoctorReport(["--function-name", "other"], environment: fake.environment)
        XCTAssertEqual(report.run.status, 1)
        try assert(
            report, "Stream", "fault", "stream concerts does not exist in us-east-1",
            advice: "concertctl stream setup --stream-name concerts")
        try assert(report, "Function", "fault", "function other does not exist in us-east-1", advice: "--function-name")
        try assert(report, "Mapping", "skipped", "requires the stream; see Stream")
        try assert(report, "Memory", "skipped", "requires the function; see Function")
        try assert(report, "Retries", "skipped", "requires the mapping; see Mapping")
        let text = try Concertctl.run(
            ["doctor", "--stream-name", "concerts", "--function-name", "other"], environment: fake.environment)
        XCTAssertTrue(text.output.contains("fault    Stream   "), text.output)
        XCTAssertTrue(text.output.contains("-> concertctl stream setup --stream-name concerts"), text.output)
        XCTAssertTrue(text.output.contains("Mapping, Function's role, Write throttling"), text.output)
        XCTAssertTrue(text.output.contains("\n\n2 faults, "), text.output)
    }

    func testSkipsCallsWithoutNetworkCredentialsOrRegion() throws {
        let fake = try StrictAWS()
        let refusing = "http://127.0.0.1:1"
        let silent = try StrictAWS()
        try silent.add(.slow, of: "*", times: -1, milliseconds: 60_000)
        let cases: [(change: [String: String], check: String, words: String, advice: String, line: UInt)] = [
            (["AWS_ENDPOINT_URL": refusing], "Credentials", "Failed to connect", "the network", #line),
            (["AWS_ENDPOINT_URL": silent.url], "Credentials", "no response within 8 s", "the network", #line),
            (
                ["AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""], "Credentials", "credentials", "AWS_PROFILE",
                #line
            ),
            (["AWS_REGION": ""], "Region", "no Region is set", "export AWS_REGION=us-east-1", #line),
            (["AWS_REGION": "mars"], "Region", "invalid Region name \"mars\"", "--region", #line),
        ]
        for row in cases {
            let report = try DoctorReport(
                environment: fake.environment.merging(row.change) { $1 }, timeLimit: 10)
            XCTAssertEqual(report.run.status, 1, line: row.line)
            try assert(report, row.check, "fault", row.words, line: row.line)
            let advice = report[row.check]?.advice.joined() ?? ""
            XCTAssertTrue(advice.contains(row.advice), advice, line: row.line)
            XCTAssertEqual(report.checks("fault"), [row.check], line: row.line)
            XCTAssertFalse(report.checks("skipped").contains("CA bundle"), line: row.line)
            for check in ["Permissions", "Stream", "Mapping", "Iterator age"] {
                try assert(report, check, "skipped", "see \(row.check)", line: row.line)
            }
        }
        XCTAssertEqual(try fake.calls().count, 0)
    }

    func testSkipsCallsAfterANetworkFailure() throws {
        let fake = try fakeWithStream()
        try fake.add(.drop, of: "GetFunction", times: -1)
        let report = try DoctorReport(environment: fake.environment, timeLimit: 20)
        try assert(report, "Credentials", "ok", "account 123456789012, from the environment")
        try assert(report, "Permissions", "fault", "lambda GetFunction")
        try assert(report, "Stream", "skipped", "AWS cannot be reached; see Permissions")
        XCTAssertEqual(try fake.calls(of: "GetMetricStatistics").count, 0)
    }

    func testReportsRejectedCredentialsAndOtherServers() throws {
        let fake = try StrictAWS()
        try fake.add(
            .error, of: "GetCallerIdentity", times: 1, code: "InvalidClientTokenId",
            message: "The security token included in the request is invalid.", status: 403)
        let refused = try DoctorReport(environment: fake.environment)
        try assert(refused, "Credentials", "fault", "InvalidClientTokenId", advice: "check the profile or the keys")
        try assert(refused, "Stream", "skipped", "requires credentials that AWS accepts; see Credentials")
        try fake.add(.html, of: "GetCallerIdentity", times: -1)
        let page = try DoctorReport(environment: fake.environment)
        try assert(page, "Credentials", "fault", "which is not a response of the service")
        try assert(page, "Stream", "skipped", "AWS cannot be reached; see Credentials")
    }

    func testComparesTheClock() throws {
        let fake = try fakeWithStream()
        for (skew, verdict, words) in [
            (0, "ok", "within 10 s"), (60, "warn", "behind AWS's clock"), (-60, "warn", "ahead of AWS's clock"),
            (900, "fault", "AWS rejects requests signed with it"),
        ] {
            try fake.set(["skewSeconds": skew])
            let report = try DoctorReport(environment: fake.environment)
            try assert(report, "Clock", verdict, words, advice: verdict == "ok" ? nil : "timedatectl set-ntp true")
        }
    }

    func testChecksTheCertificateBundle() throws {
        let folder = try TemporaryFolder()
        let fake = try fakeWithStream()
        for (path, words) in [
            ("/no/such.pem", "/no/such.pem cannot be read"),
            (try folder.write("nothing", to: "empty.pem"), "does not contain a certificate"),
        ] {
            let run = try Concertctl.run(
                ["doctor", "--stream-name", "concerts"],
                environment: fake.environment.merging(["AWS_CA_BUNDLE": path]) { $1 })
            XCTAssertTrue(run.output.contains("fault    CA bundle"), run.output)
            XCTAssertTrue(run.output.contains(words), run.output)
            XCTAssertEqual(run.status, 1)
        }
    }

    func testChecksTheBuiltFunction() throws {
        let fake = try fakeWithStream()
        let folder = try TemporaryFolder()
        let whole = ELF(machine: 183).data
        // File, whether it is executable, and the findings of two checks; the function is arm64.
        let cases: [(data: Data, isExecutable: Bool, bootstrap: (String, String), architecture: (String, String))] = [
            (whole, true, ("ok", "static, arm64"), ("ok", "are arm64")),
            (ELF(machine: 183, isRelocatable: true).data, true, ("ok", "static, arm64"), ("ok", "are arm64")),
            (ELF().data, true, ("ok", "static, x86_64"), ("fault", "the function is arm64")),
            (ELF(machine: 40).data, true, ("ok", "machine 40"), ("fault", "the function is arm64")),
            (whole, false, ("fault", "is not executable"), ("ok", "are arm64")),
            (
                ELF(interpreter: "/lib64/ld-linux-x86-64.so.2").data, true,
                ("fault", "it requires the interpreter /lib64/ld-linux-x86-64.so.2"), ("fault", "the function is arm64")
            ),
            (
                ELF(machine: 183, needsLibrary: true).data, true, ("fault", "it requires shared libraries"),
                ("ok", "are arm64")
            ),
            (
                ELF(interpreter: "/lib/ld.so").data.dropLast(5), true, ("fault", "is truncated"),
                ("skipped", "see Bootstrap")
            ),
            (Data("#!/bin/sh\n".utf8), true, ("fault", "is not an ELF file"), ("skipped", "see Bootstrap")),
            (Data([0x7F, 0x45, 0x4C, 0x46, 1, 1]), true, ("fault", "another kind"), ("skipped", "see Bootstrap")),
            (Data(), true, ("fault", "is not an ELF file"), ("skipped", "see Bootstrap")),
        ]
        for (index, row) in cases.enumerated() {
            let file = folder.url.appending(path: "bootstrap-\(index)")
            try row.data.write(to: file)
            try FileManager.default.setAttributes(
                [.posixPermissions: row.isExecutable ? 0o755 : 0o644], ofItemAtPath: file.path)
            let report = try DoctorReport(["--bootstrap", file.path], environment: fake.environment)
            try assert(report, "Bootstrap", row.bootstrap.0, row.bootstrap.1)
            try assert(report, "Architecture", row.architecture.0, row.architecture.1)
        }
        let report = try DoctorReport(["--bootstrap", "/no/such"], environment: fake.environment)
        try assert(report, "Bootstrap", "fault", "/no/such cannot be read", advice: "make package")
    }

    func testRejectsIncorrectUsage() throws {
        for (arguments, words) in [
            ([], "no stream specified"), (["--stream-name", "a b"], "invalid stream"),
            (["--stream-name", "s", "--function-name", ""], "--function-name is empty"),
            (["--stream-name", "s", "more"], "unexpected argument"),
        ] {
            let run = try Concertctl.run(["doctor"] + arguments)
            XCTAssertEqual(run.status, 2, run.notes)
            XCTAssertTrue(run.notes.contains(words), run.notes)
        }
    }
}
