import Clients
import TestSupport
import XCTest

@testable import Processor

/// Two environments that write versions of one concert in steps: in every order of their steps, and with a crash at every step.
final class CacheScheduleTests: CacheTestCase {
    /// Versions are numbered from 1; the first one is stored before the two environments start.
    private struct Scenario {
        var name: String
        var versions: [String]
        /// The versions that the environments write, counted from 0.
        var first: Int
        var second: Int
    }

    private var scenarios: [Scenario] {
        let (stays, moves) = (concert("c", artist: "a", venue: "v"), concert("c", artist: "b", venue: "w"))
        let later = concert("c", artist: "a", venue: "v", date: "2027-01-01")
        let cancelled = concert("c", artist: "a", venue: "v", status: "cancelled")
        let nothing = Sample.venue
        return [
            Scenario(name: "both move", versions: [stays, moves, concert("c", artist: "x")], first: 1, second: 2),
            Scenario(name: "both are new", versions: [nothing, stays, moves], first: 1, second: 2),
            Scenario(name: "a repeat and a move", versions: [stays, moves], first: 0, second: 1),
            Scenario(name: "a repeat and a cancellation", versions: [stays, cancelled], first: 0, second: 1),
            Scenario(name: "a cancellation and a return", versions: [stays, cancelled, later], first: 1, second: 2),
            Scenario(name: "a move and a cancellation", versions: [stays, moves, cancelled], first: 1, second: 2),
            Scenario(name: "the same twice", versions: [stays, moves], first: 1, second: 1),
            Scenario(
                name: "popularity", versions: [artist("c", "n", popularity: 1), artist("c", "n", popularity: 2)],
                first: 0, second: 1),
        ]
    }

    func testEveryInterleavingEndsWithTheNewestVersion() async throws {
        try await onEachServer {
            let bench = try Bench(self)
            let orders = Self.orders(first: 5, second: 5)
            for scenario in scenarios {
                try await bench.expect(scenario.versions)
                for order in orders {
                    let state = try await bench.run([scenario.first, scenario.second], order)
                    XCTAssertEqual(state, bench.expected, "\(scenario.name) in the order \(order)")
                    if state != bench.expected { break }
                }
            }
        }
    }

    /// The crashed environment retries, before or after the other one.
    func testCrashAtEveryStepIsRepairedByTheRetry() async throws {
        try await onEachServer {
            let bench = try Bench(self)
            for scenario in scenarios {
                try await bench.expect(scenario.versions)
                for dying in [0, 1] {
                    for flush in 0..<6 {
                        for commands in 0..<4 {
                            let end = SteppedRunner.End(flush: flush, commands: commands)
                            for order in [[0, 1], [1, 0]] {
                                let turns = order.flatMap { Array(repeating: $0, count: 8) }
                                let state = try await bench.run(
                                    [scenario.first, scenario.second], turns, dying: dying, at: end)
                                XCTAssertEqual(
                                    state, bench.expected, "\(scenario.name), \(dying) dies at \(end), order \(order)")
                            }
                        }
                    }
                }
            }
        }
    }

    /// Returns all interleavings of the steps of two environments.
    private static func orders(first: Int, second: Int) -> [[Int]] {
        guard first > 0 else { return [Array(repeating: 1, count: second)] }
        guard second > 0 else { return [Array(repeating: 0, count: first)] }
        return orders(first: first - 1, second: second).map { [0] + $0 }
            + orders(first: first, second: second - 1).map { [1] + $0 }
    }
}

/// A server, and its content after each run.
private final class Bench {
    typealias State = [String: [String]]

    private let test: CacheTestCase
    private let server: RedisServer
    private let client: RedisClient
    private let administrator: RedisClient
    private(set) var expected: State = [:]
    private var events: [EventText] = []

    init(_ test: CacheTestCase) throws {
        self.test = test
        server = try test.redis.server()
        client = try test.redis.client(server)
        administrator = test.redis.administrator(server)
    }

    /// Stores all versions in order, and records the expected final content.
    func expect(_ versions: [String]) async throws {
        events = versions.enumerated().map { EventText([test.record($1, "\($0 + 1)")]) }
        _ = try await administrator.run([RedisCommand("FLUSHALL")], until: .now + .seconds(10))
        for event in events { try await test.write(event, by: test.updater(client, inSteps: true)) }
        expected = try await state()
    }

    /// Stores the first version, runs the writes of two environments, and retries the write of the crashed one.
    func run(
        _ writes: [Int], _ order: [Int], dying: Int? = nil, at end: SteppedRunner.End? = nil
    ) async throws -> State {
        _ = try await administrator.run([RedisCommand("FLUSHALL")], until: .now + .seconds(10))
        try await test.write(events[0], by: test.updater(client, inSteps: true))

        let turns = Turns(order)
        let runners = writes.indices.map {
            SteppedRunner(client, environment: $0, turns: turns, end: $0 == dying ? end : nil)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (environment, write) in writes.enumerated() {
                let updater = try test.updater(runners[environment], inSteps: true)
                let event = events[write]
                group.addTask {
                    _ = try await CacheTestCase.deliver(event, to: updater, within: 30)
                    await turns.finish(environment)
                }
            }
            try await group.waitForAll()
        }
        for (environment, write) in writes.enumerated() where await runners[environment].hasDied {
            let outcomes = try await test.write(events[write], by: test.updater(client, inSteps: true))
            XCTAssertNil(outcomes.firstFailureReason)
        }
        return try await state()
    }

    private func state() async throws -> State {
        let deadline = ContinuousClock.now + .seconds(10)
        let reply = try await administrator.run([RedisCommand("KEYS", "*")], until: deadline)
        let keys = (reply[0].array ?? []).compactMap(\.text)
        let commands = keys.map { key in
            key.contains("-concerts:") || key.hasSuffix(":popularity")
                ? RedisCommand("ZRANGE", key, "0", "-1", "WITHSCORES") : RedisCommand("GET", key)
        }
        var state: State = [:]
        for (key, reply) in zip(keys, try await administrator.run(commands, until: deadline)) {
            state[key] = reply.array?.compactMap(\.text) ?? [reply.text ?? ""]
        }
        return state
    }
}
