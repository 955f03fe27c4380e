import XCTest

@testable import Clients
@testable import Processor

/// Large batches are written to the cache in parts, so that few of their documents are in memory at once.
final class CachePartTests: CacheTestCase {
    private static let textBytes = 300_000

    /// Twelve megabytes: forty concerts, of which every tenth has an older version at the end.
    private var event: EventText {
        let text = String(repeating: "u", count: Self.textBytes)
        let newest = (0..<40).map {
            record(#"{"concert_id":"c\#($0)","event_date":"2027-01-01","url":"\#(text)"}"#, "\(1000 + $0)")
        }
        let older = stride(from: 0, to: 40, by: 10).map { record(concert("c\($0)"), "\($0 + 1)") }
        return EventText(newest + older)
    }

    private let keys = (0..<40).map { "concert:concert:c\($0)" }

    private func isRetryable(_ outcome: RecordOutcome, _ words: String) -> Bool {
        guard case .retryable(let reason) = outcome else { return false }
        return reason.contains(words)
    }

    func testPartsAreSmallAndInOrder() async throws {
        for inSteps in [false, true] {
            let server = RecordingRunner()
            let outcomes = try await write(event, by: updater(server, inSteps: inSteps))
            XCTAssertTrue((0..<outcomes.count).allSatisfy { outcomes[$0] == .succeeded })
            let flushes = await server.flushes
            let stored = flushes.map { $0.filter { $0.bytes > Self.textBytes } }.filter { !$0.isEmpty }
            XCTAssertEqual(stored.count, 3)
            XCTAssertEqual(stored.flatMap { $0.map(\.key) }, keys)
            for part in stored {
                XCTAssertLessThan(part.map(\.bytes).reduce(0, +), CacheUpdater.documentBytes + Self.textBytes + 50_000)
            }
        }
    }

    func testPartsAfterATransientFailureAreNotAttempted() async throws {
        let replies: [(name: String, reply: @Sendable (Int, String) throws -> RESPValue, words: String)] = [
            (
                "reply", { flush, key in flush == 1 && key.hasSuffix("c16") ? .error("OOM used memory") : .null },
                "OOM used memory"
            ),
            (
                "no reply", { flush, _ in if flush == 1 { throw RedisError.notRESP("x") } else { .null } },
                "\(RedisError.notRESP("x"))"
            ),
        ]
        for (name, reply, words) in replies {
            let server = RecordingRunner(reply)
            let outcomes = try await write(event, by: updater(server))
            let flushes = await server.flushes
            XCTAssertEqual(flushes.count, 2, name)
            let first = flushes[0].count
            let attempted = name == "reply" ? first + flushes[1].count : first
            for index in 0..<40 {
                let isFailure = index >= attempted || name == "reply" && index == 16
                XCTAssertEqual(isRetryable(outcomes[index], words), isFailure, "\(name), \(index): \(outcomes[index])")
                XCTAssertEqual(outcomes[index] == .succeeded, !isFailure, "\(name), \(index)")
            }
            // The older versions are at the end of the batch.
            XCTAssertEqual((40..<44).map { outcomes[$0] }, [0, 10, 20, 30].map { outcomes[$0] }, name)
        }
    }

    func testPartsAfterAPermanentFailureAreWritten() async throws {
        let server = RecordingRunner { _, key in key.hasSuffix("c3") ? .error("WRONGTYPE not a string") : .null }
        let outcomes = try await write(event, by: updater(server))
        for index in 0..<40 where index != 3 { XCTAssertEqual(outcomes[index], .succeeded, "\(index)") }
        guard case .rejected = outcomes[3] else { return XCTFail("\(outcomes[3])") }
        XCTAssertEqual(lines.all.count { $0.contains("cannot accept a record because of a key") }, 1)
    }
}

/// A runner that records the size and the key of each command instead of sending it.
private actor RecordingRunner: RedisCommandRunner {
    private(set) var flushes: [[(key: String, bytes: Int)]] = []
    private let reply: @Sendable (Int, String) throws -> RESPValue

    /// - Parameter reply: Called with the number of the flush, from 0, and the key.
    init(_ reply: @escaping @Sendable (Int, String) throws -> RESPValue = { _, _ in .null }) { self.reply = reply }

    func run(_ commands: [RedisCommand], until deadline: ContinuousClock.Instant) throws -> [RESPValue] {
        guard !commands.isEmpty else { return [] }
        let entries = commands.map { command in
            (key: String(decoding: command.key, as: UTF8.self), bytes: command.arguments.map(\.count).reduce(0, +))
        }
        flushes.append(entries)
        return try entries.map { try reply(flushes.count - 1, $0.key) }
    }
}
