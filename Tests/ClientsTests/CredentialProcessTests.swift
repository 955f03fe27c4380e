import Foundation
import TestSupport
import XCTest

@testable import Clients

/// Tests with real programs as `credential_process`.
final class CredentialProcessTests: XCTestCase {
    private func outcome(_ command: String, timeLimitMilliseconds: Int = 60_000) async -> String {
        let process = CredentialProcess(
            command: command, origin: "profile \"p\"", timeLimitMilliseconds: timeLimitMilliseconds)
        do {
            let found = try await process.credentials()
            let end = found.expiration.map { " until \($0.iso8601)" } ?? ""
            return "\(found.accessKeyID) \(found.secretAccessKey) \(found.sessionToken ?? "-")\(end)"
        } catch { return "\(error)" }
    }

    private func printing(_ text: String) -> String { "printf '%s' '\(text)'" }

    func testProgramsOutputIsUsed() async {
        let cases = [
            (#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s"}"#, "A s -"),
            (#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","SessionToken":"t","More":[]}"#, "A s t"),
            (
                #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"s","Expiration":"2026-11-24T13:00:00+01:00"}"#,
                "A s - until 2026-11-24T12:00:00.000Z"
            ),
        ]
        for (text, expected) in cases {
            let found = await outcome(printing(text))
            XCTAssertEqual(found, expected, text)
        }
    }

    func testInvalidOutputIsRejectedWithoutQuotingIt() async {
        let cases = [
            ("", "did not print JSON with \"Version\": 1"),
            ("secret-text", "did not print JSON with \"Version\": 1"),
            (#"{"AccessKeyId":"A","SecretAccessKey":"secret-text"}"#, "did not print JSON with \"Version\": 1"),
            (#"{"Version":2,"AccessKeyId":"A","SecretAccessKey":"secret-text"}"#, "did not print JSON with"),
            (#"{"Version":"1","AccessKeyId":"A","SecretAccessKey":"secret-text"}"#, "did not print JSON with"),
            (#"{"Version":1,"SecretAccessKey":"secret-text"}"#, "the response lacks AccessKeyId or SecretAccessKey"),
            (#"{"Version":1,"AccessKeyId":"A","SecretAccessKey":""}"#, "the response lacks AccessKeyId or"),
            (
                #"{"Version":1,"AccessKeyId":"A","SecretAccessKey":"secret-text","Expiration":"later"}"#,
                "the response's Expiration is invalid"
            ),
        ]
        for (text, expected) in cases {
            let found = await outcome(printing(text))
            XCTAssertTrue(found.hasPrefix("profile \"p\": ") && found.contains(expected), "\(text): \(found)")
            XCTAssertFalse(found.contains("secret-text"), found)
        }
    }

    func testErrorsDescribeFailingPrograms() async throws {
        let folder = try TemporaryFolder()
        let fold = try folder.write("not executable", to: "file")
        let cases = [
            ("false", "credential_process failed; it must print credentials and exit with 0"),
            (#"sh -c "printf '{}'; exit 3""#, "credential_process failed"),
            (#"sh -c "kill -9 $$""#, "credential_process failed"),
            ("/nonexistent/program x", "credential_process cannot be started: /nonexistent/program"),
            (fold, "credential_process cannot be started: \(fold)"),
            ("a 'b", "credential_process is not a command, or a quote in it is not closed"),
            ("''", "credential_process is not a command"), (" ", "credential_process is not a command"),
            ("head -c 200000 /dev/zero", "credential_process printed too much"),
            ("yes", "credential_process printed too much"),
        ]
        for (command, expected) in cases {
            let found = await outcome(command)
            XCTAssertTrue(found.hasPrefix("profile \"p\": " + expected), "\(command): \(found)")
        }
    }

    func testProgramThatDoesNotEndIsKilled() async {
        for command in ["sleep 1000", "sh -c 'exec sleep 1000'", "sh -c 'exec sleep 1000 >&-'"] {
            let found = await outcome(command, timeLimitMilliseconds: 50)
            XCTAssertTrue(found.contains("did not end within"), found)
        }
    }

    func testProgramHasNoInputAndNoShell() async {
        let found = await outcome(
            #"sh -c 'cat; printf "{\"Version\":1,\"AccessKeyId\":\"$1\",\"SecretAccessKey\":\"s\"}"' x "a;b|c" "#)
        XCTAssertEqual(found, "a;b|c s -")
    }

    /// Runs the command line tool, whose standard error a test can read.
    func testStandardErrorIsShownOnlyOnFailure() throws {
        for (status, isShown) in [("0", false), ("1", true)] {
            let home = try TemporaryFolder()
            let config = try home.write(
                "[default]\ncredential_process = sh -c \"echo log in first >&2; printf '%s' "
                    + "'{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIDA\\\",\\\"SecretAccessKey\\\":\\\"secret-text\\\"}'; "
                    + "exit \(status)\"\n", to: "config")
            let run = try Concertctl.run(
                ["stream", "list"],
                environment: [
                    "AWS_CONFIG_FILE": config, "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
                    "AWS_MAX_ATTEMPTS": "1",
                ])
            XCTAssertEqual(run.status, 1, run.notes)
            XCTAssertEqual(run.notes.contains("log in first"), isShown, run.notes)
            XCTAssertEqual(run.notes.contains("credential_process failed"), isShown, run.notes)
            XCTAssertFalse((run.output + run.notes).contains("secret-text"), run.notes)
        }
    }

    func testPromptAppearsImmediatelyOnATerminal() async throws {
        let terminal = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY)
        defer { close(terminal) }
        // TIOCSPTLCK and TIOCGPTN: unlock the other end and return its number.
        var (number, lock): (Int32, Int32) = (0, 0)
        XCTAssertEqual(unsafe ioctl(terminal, 0x4004_5431, &lock), 0)
        XCTAssertEqual(unsafe ioctl(terminal, 0x8004_5430, &number), 0)
        let device = "/dev/pts/\(number)"
        let end = unsafe open(device, O_RDWR | O_NOCTTY)
        defer { close(end) }
        let folder = try TemporaryFolder()
        let answer = folder.url.appending(path: "answer").path
        XCTAssertEqual(unsafe mkfifo(answer, 0o600), 0)
        // The program exits only after the prompt was read and answered.
        let script = try folder.write(
            """
            printf code? >&2
            read code < \(answer)
            printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"s"}' "$code"
            """, to: "script")
        var process = CredentialProcess(command: "sh \(script)", origin: "profile \"p\"")
        process.errorOutput = end
        let running = Task { [process] in try await process.credentials() }
        let question = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes = [UInt8](repeating: 0, count: 16)
                let count = unsafe read(terminal, &bytes, bytes.count)
                continuation.resume(returning: String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self))
            }
        }
        XCTAssertEqual(question, "code?")
        try Data("AKIDANSWER\n".utf8).write(to: URL(filePath: answer))
        let found = try await running.value
        XCTAssertEqual(found.accessKeyID, "AKIDANSWER")
    }
}
