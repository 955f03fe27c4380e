import RuntimeServer
import XCTest

/// Tests of the start: settings, the address of the Runtime API, and command-line options.
final class InitializationTests: BootstrapTestCase {
    func testInvalidSettingsAreReportedTogether() throws {
        let wrong = [
            "PROCESSORS": "log,teleporter", "OPTIONAL_PROCESSORS": "oracle", "DEADLINE_MARGIN_MS": "soon",
            "METRICS": "maybe", "AWS_LAMBDA_LOG_LEVEL": "LOUD", "AWS_LAMBDA_LOG_FORMAT": "XML",
            "AWS_LAMBDA_MAX_CONCURRENCY": "0",
        ]
        try withBootstrap(environment: wrong) { server, bootstrap in
            guard case .initError(let type, let body) = server.invoke(try Fixture(named: "one-artist").event) else {
                return XCTFail("no init error")
            }
            XCTAssertEqual(type, "Runtime.InvalidSettings")
            let document = try JSONValue(parsing: body)
            XCTAssertEqual(document["errorType"], "Runtime.InvalidSettings")
            let message = document["errorMessage"].string ?? ""
            for (name, value) in wrong {
                XCTAssertTrue(message.contains(name), "\(name) is not in: \(message)")
                let word = value.split(separator: ",").last ?? ""
                XCTAssertTrue(message.contains(word), "\(value) is not in: \(message)")
            }
            XCTAssertEqual(bootstrap.exitStatus(), 1)
            XCTAssertTrue(bootstrap.log.contains(#""level":"FATAL""#))
            XCTAssertEqual(server.received.map(\.path), ["/2018-06-01/runtime/init/error"])
        }
    }

    func testInvalidSettingsEndTheProcessWithoutARuntimeAPI() throws {
        for kind in [Fault.Kind.status(403), .status(500), .closeAfterReading] {
            try withBootstrap(environment: ["PROCESSORS": "x"], faults: [Fault(.initError, kind)]) { _, bootstrap in
                XCTAssertEqual(bootstrap.exitStatus(), 1)
                XCTAssertTrue(bootstrap.log.contains("PROCESSORS"))
            }
        }
    }

    func testEmptyVariablesCountAsNotSet() throws {
        let names = [
            "PROCESSORS", "OPTIONAL_PROCESSORS", "DEADLINE_MARGIN_MS", "METRICS", "AWS_LAMBDA_LOG_LEVEL",
            "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_FUNCTION_NAME", "DEAD_LETTER_QUEUE_URL",
            "DEAD_LETTER_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_REGION",
        ]
        try withBootstrap(environment: Dictionary(uniqueKeysWithValues: names.map { ($0, "") })) { server, _ in
            try assertServes(server)
        }
    }

    func testMissingRuntimeAPIVariableEndsTheProcess() throws {
        for environment in [[:], ["AWS_LAMBDA_RUNTIME_API": ""]] {
            let bootstrap = try BootstrapProcess(environment: environment)

            XCTAssertEqual(bootstrap.exitStatus(), 1)
            XCTAssertTrue(bootstrap.log.contains("AWS_LAMBDA_RUNTIME_API is not set"), bootstrap.log)
        }
    }

    func testInvalidRuntimeAPIAddressIsReported() throws {
        for address in ["127.0.0.1:port", ":9001", "127.0.0.1:99999", "http://127.0.0.1:9001", "host:0", "a b:1"] {
            let bootstrap = try BootstrapProcess(environment: ["AWS_LAMBDA_RUNTIME_API": address])

            XCTAssertEqual(bootstrap.exitStatus(), 1, address)
            XCTAssertTrue(bootstrap.log.contains("AWS_LAMBDA_RUNTIME_API"), bootstrap.log)
            XCTAssertTrue(bootstrap.log.contains("host:port"), bootstrap.log)
        }
    }

    func testCommandLineOptions() throws {
        let runs: [(arguments: [String], status: Int32, text: String)] = [
            (["--help"], 0, "AWS_LAMBDA_RUNTIME_API"), (["-h"], 0, "--version"), (["--version"], 0, "bootstrap "),
            (["--frobnicate"], 2, "--frobnicate"), (["--version", "now"], 2, "now"), (["--probe"], 2, "--probe"),
        ]
        for run in runs {
            let bootstrap = try BootstrapProcess(arguments: run.arguments)

            XCTAssertEqual(bootstrap.exitStatus(), run.status, "\(run.arguments)")
            XCTAssertTrue(bootstrap.log.contains(run.text), bootstrap.log)
        }
    }
}
