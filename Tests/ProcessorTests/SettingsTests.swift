import JSON
import Telemetry
import XCTest

@testable import Processor

final class SettingsTests: XCTestCase {
    func testDefaultsApplyWithoutVariables() throws {
        let settings = try Settings(environment: [:])
        Self.checkDefaults(settings)
        XCTAssertEqual(settings.processors.map(\.name), ["log"])
    }

    private static func checkDefaults(_ settings: Settings) {
        let (general, lambda) = (settings.general, settings.lambda)
        XCTAssertEqual(general.processors.map(\.name), ["log"])
        XCTAssertEqual(general.optionalProcessors.map(\.name), [])
        XCTAssertEqual(general.deadlineMargin, .milliseconds(500))
        XCTAssertFalse(general.aggregatesWindows)
        XCTAssertTrue(general.isMetricsOn)
        XCTAssertEqual(lambda.logLevel, .info)
        XCTAssertEqual(lambda.logFormat, .json)
        XCTAssertEqual(lambda.maxConcurrency, 1)
        XCTAssertNil(lambda.memory)
        XCTAssertEqual(lambda.functionName, "concert-data-processor")
        XCTAssertNil(settings.deadLetters)
        guard case .none = settings.loader else { return XCTFail("\(settings.loader)") }
    }

    /// A case: a variable, its text, and the resulting setting.
    private struct Case {
        var name: String
        var value: String
        var isSet: (Settings) -> Bool
        var line: UInt

        init(_ name: String, _ value: String, line: UInt = #line, _ isSet: @escaping (Settings) -> Bool) {
            (self.name, self.value, self.isSet, self.line) = (name, value, isSet, line)
        }
    }

    func testReadsEachVariable() {
        var cases = [
            Case("PROCESSORS", "log") { $0.general.processors.map(\.name) == ["log"] },
            Case("PROCESSORS", " log , log,,") { $0.general.processors.map(\.name) == ["log"] },
            Case("OPTIONAL_PROCESSORS", "log") { $0.general.optionalProcessors.map(\.name) == ["log"] },
            Case("DEADLINE_MARGIN_MS", "0") { $0.general.deadlineMargin == .zero },
            Case("DEADLINE_MARGIN_MS", "900000") { $0.general.deadlineMargin == .seconds(900) },
            Case("METRICS", "off") { !$0.general.isMetricsOn }, Case("METRICS", "OFF") { !$0.general.isMetricsOn },
            Case("METRICS", "on") { $0.general.isMetricsOn },
            Case("AWS_LAMBDA_LOG_FORMAT", "Text") { $0.lambda.logFormat == .text },
            Case("AWS_LAMBDA_LOG_FORMAT", "JSON") { $0.lambda.logFormat == .json },
            Case("AWS_LAMBDA_MAX_CONCURRENCY", "1") { $0.lambda.maxConcurrency == 1 },
            Case("AWS_LAMBDA_MAX_CONCURRENCY", "1000") { $0.lambda.maxConcurrency == 1000 },
            Case("WINDOW_AGGREGATES", "on") { $0.general.aggregatesWindows },
            Case("AWS_LAMBDA_FUNCTION_NAME", "f") { $0.lambda.functionName == "f" },
            Case("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256") { $0.lambda.memory == 268_435_456 },
        ]
        for level in Logger.Level.allCases {
            cases.append(Case("AWS_LAMBDA_LOG_LEVEL", level.name) { $0.lambda.logLevel == level })
        }
        for row in cases {
            let settings = try? Settings(environment: [row.name: row.value])
            XCTAssertEqual(settings.map(row.isSet), true, "\(row.name)=\(row.value)", line: row.line)
        }
    }

    func testAVariableThatIsSetButEmptyCountsAsNotSet() throws {
        let names = Set(Settings.groups.flatMap { $0.settings.map(\.name) })
        XCTAssertGreaterThan(names.count, 40)
        Self.checkDefaults(try Settings(environment: Dictionary(uniqueKeysWithValues: names.map { ($0, "") })))
    }

    func testProblemsNameTheVariableAndTheExpectation() {
        let cases: [(name: String, value: String, problem: String, line: UInt)] = [
            ("PROCESSORS", "bogus", #"PROCESSORS names "bogus"; expected some of "#, #line),
            ("PROCESSORS", "Log", #"PROCESSORS names "Log"; expected some of "#, #line),
            ("PROCESSORS", "log,a b", #"PROCESSORS names "a b"; expected some of "#, #line),
            ("PROCESSORS", ",", #"PROCESSORS is ","; expected some of "#, #line),
            ("PROCESSORS", " ", #"PROCESSORS is " "; expected some of "#, #line),
            ("DEADLINE_MARGIN_MS", "-1", #"DEADLINE_MARGIN_MS is "-1"; expected a whole number in 0...900000"#, #line),
            ("DEADLINE_MARGIN_MS", "900001", #"DEADLINE_MARGIN_MS is "900001"; expected"#, #line),
            ("DEADLINE_MARGIN_MS", "1.5", #"DEADLINE_MARGIN_MS is "1.5"; expected"#, #line),
            ("DEADLINE_MARGIN_MS", "99999999999999999999", "DEADLINE_MARGIN_MS is", #line),
            ("METRICS", "yes", #"METRICS is "yes"; expected one of on, off"#, #line),
            ("WINDOW_AGGREGATES", "1", #"WINDOW_AGGREGATES is "1"; expected one of on, off"#, #line),
            ("AWS_LAMBDA_LOG_LEVEL", "loud", "expected one of trace, debug, info, warn, error, fatal", #line),
            ("AWS_LAMBDA_LOG_FORMAT", "xml", #"AWS_LAMBDA_LOG_FORMAT is "xml"; expected one of json, text"#, #line),
            ("AWS_LAMBDA_MAX_CONCURRENCY", "0", "expected a whole number in 1...1000", #line),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0", "expected a whole number in 1...1048576", #line),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256 MB", #"is "256 MB"; expected a whole number"#, #line),
        ]
        for (name, value, problem, line) in cases {
            let problems = self.problems(of: [name: value])
            XCTAssertEqual(problems.count, 1, "\(name)=\(value): \(problems)", line: line)
            XCTAssertTrue(problems.first?.contains(problem) == true, "\(problems); expected \(problem)", line: line)
            XCTAssertTrue(problems.first?.hasPrefix(name) == true, "\(problems) does not name \(name)", line: line)
        }
    }

    func testBatchLimitDependsOnTheFunctionsMemory() throws {
        let mebibyte = 1024 * 1024
        let cases: [(memory: String?, concurrency: String?, limit: Int, line: UInt)] = [
            (nil, nil, 96 * mebibyte, #line), ("", "", 96 * mebibyte, #line), (nil, "4", 96 * mebibyte, #line),
            ("128", nil, 32 * mebibyte, #line), ("256", nil, 64 * mebibyte, #line), ("256", "1", 64 * mebibyte, #line),
            ("2048", "16", 32 * mebibyte, #line), ("10240", "10", 256 * mebibyte, #line),
            ("128", "1000", 33_554, #line), ("1", "1000", 262, #line),
        ]
        for (memory, concurrency, limit, line) in cases {
            var environment: [String: String] = [:]
            environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = memory
            environment["AWS_LAMBDA_MAX_CONCURRENCY"] = concurrency
            XCTAssertEqual(try Settings(environment: environment).lambda.batchTextLimit, limit, line: line)
        }
    }

    func testLoaderProblemsAreReportedByLoadEvents() throws {
        let valid = [
            "REDSHIFT_STAGING_BUCKET": "bucket", "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/r",
            "REDSHIFT_WORKGROUP_NAME": "w", "REDSHIFT_DATABASE": "d", "AWS_REGION": "us-east-1",
        ]
        guard case .ready(let redshift, _) = try Settings(environment: valid).loader else {
            return XCTFail("not ready")
        }
        XCTAssertEqual(redshift.database, "d")
        for (name, value) in [
            ("LOAD_OBJECT_LIMIT", "0"), ("REDSHIFT_SECRET_ARN", "s"), ("REDSHIFT_DATABASE", ""), ("AWS_REGION", ""),
        ] {
            let loader = try Settings(environment: valid.merging([name: value]) { $1 }).loader
            guard case .invalid(let problems) = loader else { return XCTFail("\(name): \(loader)") }
            XCTAssertEqual(problems.count { $0.contains(bytes: name) }, 1, "\(problems)")
            let pipeline = LoadPipeline(loader, log: Logger(level: .error, sink: CollectedLines()), metrics: nil)
            let context = InvocationContext(requestID: "r", functionName: "f", deadline: .now + .seconds(1))
            var response: [UInt8] = []
            XCTAssertThrowsError(try pipeline.respond(context: context, into: &response)) {
                XCTAssertTrue("\($0)".contains(bytes: name), "\($0)")
            }
        }
    }

    func testReportsAllProblemsTogether() {
        let wrong = [
            "PROCESSORS": "bogus", "OPTIONAL_PROCESSORS": ",", "DEADLINE_MARGIN_MS": "x", "METRICS": "x",
            "AWS_LAMBDA_LOG_LEVEL": "x", "AWS_LAMBDA_LOG_FORMAT": "x", "AWS_LAMBDA_MAX_CONCURRENCY": "x",
        ]
        let problems = problems(of: wrong)
        for name in wrong.keys {
            XCTAssertEqual(problems.count { $0.hasPrefix(name) }, 1, "complaints of \(name) in \(problems)")
        }
        XCTAssertEqual(SettingsError(problems: ["a", "b"]).description, "a; b")
    }

    func testListReportsEachUnknownWord() {
        XCTAssertEqual(problems(of: ["PROCESSORS": "one,log,two"]).count, 2)
        let problems = problems(of: ["PROCESSORS": "one,cache"])
        XCTAssertEqual(problems.count, 2, "\(problems)")
        XCTAssertTrue(problems.last?.hasPrefix("CACHE_URL must be set") == true, "\(problems)")
    }

    func testSharedVariableIsReportedOnce() {
        let environment = ["PROCESSORS": "cache,notifier", "CACHE_URL": "x", "NOTIFY_EVENT_BUS": "b", "METRICS": "x"]
        let problems = problems(of: environment)
        for name in ["CACHE_URL is malformed", "AWS_REGION must be set", "METRICS is"] {
            XCTAssertEqual(problems.count { $0.hasPrefix(name) }, 1, "\(name): \(problems)")
        }
        XCTAssertEqual(problems.count, 3, "\(problems)")
    }

    func testNoMessageQuotesASecret() {
        let secrets = Settings.groups.flatMap(\.settings).filter { $0.type.hasSuffix(", secret") }.map(\.name)
        XCTAssertTrue(Set(secrets).isSuperset(of: ["CACHE_URL", "NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET"]))
        var environment = ["PROCESSORS": "cache,notifier,redshift"]
        for name in secrets { environment[name] = "hush" }
        let problems = problems(of: environment)
        XCTAssertTrue(problems.contains { $0.hasPrefix("CACHE_URL is malformed") }, "\(problems)")
        XCTAssertFalse(problems.joined().contains(bytes: "hush"), "\(problems)")
    }

    func testDefinitionsCreateProcessorsWithTheirNames() throws {
        let environment = [
            "PROCESSORS": ProcessorDefinition.all.map(\.name).joined(separator: ","), "AWS_REGION": "us-east-1",
            "REDSHIFT_WORKGROUP_NAME": "w", "REDSHIFT_DATABASE": "d", "CACHE_URL": "redis://h",
            "NOTIFY_EVENT_BUS": "b",
        ]
        let log = Logger(level: .error, sink: CollectedLines())
        let settings = try Settings(environment: environment)
        XCTAssertEqual(settings.processors.map(\.name), ProcessorDefinition.all.map(\.name))
        for processor in settings.processors { XCTAssertEqual(processor.make(log).name, processor.name) }
        let staged = environment.merging([
            "REDSHIFT_LOAD": "staged", "REDSHIFT_STAGING_BUCKET": "bucket",
            "REDSHIFT_COPY_ROLE_ARN": "arn:aws:iam::123456789012:role/copy",
        ]) { $1 }
        let writer = try XCTUnwrap(Settings(environment: staged).processors.first?.make(log))
        XCTAssertTrue(writer is StagingWriter, "\(writer)")
        for definition in ProcessorDefinition.all {
            var reader = SettingsReader([:])
            let standIn = try XCTUnwrap(definition.localStandIn(&reader, log: log), definition.name)
            XCTAssertEqual(standIn.processor.name, definition.name)
            XCTAssertEqual(reader.problems, [], definition.name)
        }
    }

    private func problems(of environment: [String: String]) -> [String] {
        do throws(SettingsError) {
            let settings = try Settings(environment: environment)
            XCTFail("\(environment) became \(settings)")
            return []
        } catch {
            return error.problems
        }
    }
}
