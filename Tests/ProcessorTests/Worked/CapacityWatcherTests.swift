import Foundation
import Telemetry
import TestSupport
import XCTest

@testable import Processor

/// The example processor of `docs/processors.md`, which shows the file that is compiled here, without its first import, and its
/// log lines.
final class CapacityWatcherTests: XCTestCase {
    private static let definitions = ProcessorDefinition.all + [CapacityWatcher.definition]

    private func text(of path: String) throws -> String {
        try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
    }

    /// Returns the content of the page's first code block in a language.
    private func block(_ language: String) throws -> String {
        let page = try text(of: "docs/processors.md")
        let parts = page.components(separatedBy: "```\(language)\n")
        return try XCTUnwrap(parts.dropFirst().first?.components(separatedBy: "```").first, language)
    }

    func testPageContainsTheCompiledFile() throws {
        // The page's file is part of the module that the compiled one imports.
        let shown = try block("swift")
        XCTAssertEqual("import Processor\n" + shown, try text(of: "Tests/ProcessorTests/Worked/CapacityWatcher.swift"))
        let list = try text(of: "Sources/Processor/Settings/ProcessorDefinition.swift")
        let entries =
            "RedshiftWriter.definition, CacheUpdater.definition, Notifier.definition, LogProcessor.definition,"
        XCTAssertTrue(list.contains("        \(entries)\n    ]"), "the list on the page is out of date")
        XCTAssertTrue(try block("diff").contains("         \(entries)\n+        CapacityWatcher.definition,\n     ]"))
    }

    func testProcessorLogsTheLinesOfThePage() throws {
        let lines = CollectedLines()
        let settings = try Settings(
            environment: ["PROCESSORS": "capacity", "CAPACITY_LIMIT": "10000"], definitions: Self.definitions)
        let processors = settings.processors.map { $0.make(Logger(level: .warn, sink: lines)) }
        XCTAssertEqual(processors.map(\.name), ["capacity"])
        let payloads = try block("json").split(separator: "\n").map(String.init)
        let batch = try RecordBatch(decoding: EventText(payloads: payloads))
        let context = InvocationContext(
            requestID: "replay-1", functionName: "f", deadline: .now + .seconds(3600))
        let outcomes = try XCTUnwrap(Dispatcher(processors).dispatch(batch, context: context).first?.outcomes)
        XCTAssertEqual(outcomes.count, payloads.count)
        XCTAssertEqual(outcomes.failures, 0)
        let logged = lines.all.map { $0.replacing(#/^\{"timestamp":"[^"]*",/#, with: "{") }.joined()
        XCTAssertEqual(logged, try block("text"))
    }

    func testSettingIsReadAndDescribed() throws {
        XCTAssertEqual(
            CapacityWatcher.definition.settings,
            [
                SettingDescription(
                    name: "CAPACITY_LIMIT", type: "1...1000000", default: "50000",
                    help: "the capacity above which a venue is logged")
            ])
        do throws(SettingsError) {
            _ = try Settings(
                environment: ["PROCESSORS": "capacity,bogus", "CAPACITY_LIMIT": "0"], definitions: Self.definitions)
            XCTFail("no error")
        } catch {
            XCTAssertEqual(
                error.problems,
                [
                    "PROCESSORS names \"bogus\"; expected some of redshift, cache, notifier, log, capacity",
                    "CAPACITY_LIMIT is \"0\"; expected a whole number in 1...1000000",
                ])
        }
        var reader = SettingsReader([:])
        let standIn = CapacityWatcher.definition.localStandIn(&reader, log: Logger(sink: CollectedLines()))
        XCTAssertEqual((standIn?.processor as? CapacityWatcher)?.limit, 50_000)
    }
}
