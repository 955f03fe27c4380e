import Telemetry
import XCTest

@testable import Clients

/// Tests of the renewal of credentials, with a clock that the test sets.
final class RenewingCredentialsTests: XCTestCase {
    /// A source of numbered credentials that are valid for an hour, or of scripted errors.
    private actor Fetch {
        struct Failure: Error {}

        private(set) var count = 0
        private var isFailing = false
        private var isBlocked = false
        private var held: [CheckedContinuation<Void, Never>] = []
        private let clock: FakeClock

        init(_ clock: FakeClock) { self.clock = clock }

        func fail(_ isFailing: Bool) { self.isFailing = isFailing }

        func block() { isBlocked = true }

        func release() {
            isBlocked = false
            held.forEach { $0.resume() }
            held = []
        }

        func next() async throws -> AWSCredentials {
            count += 1
            if isBlocked { await withCheckedContinuation { held.append($0) } }
            if isFailing { throw Failure() }
            return AWSCredentials(
                accessKeyID: "\(count)", secretAccessKey: "s", sessionToken: "t", expiration: clock.later(3600))
        }
    }

    private let clock = FakeClock()

    private func start() -> (Fetch, RenewingCredentials) {
        let fetch = Fetch(clock)
        let credentials = RenewingCredentials(origin: "a test", now: { [clock] in clock.time }) {
            try await fetch.next()
        }
        return (fetch, credentials)
    }

    private func key(_ source: RenewingCredentials) async -> String {
        do { return try await source.credentials().accessKeyID } catch { return "\(type(of: error))" }
    }

    func testRenewsFiveMinutesBeforeTheEnd() async {
        let (fetch, source) = start()
        for (seconds, expected) in [(0, "1"), (3299, "1"), (1, "2"), (3299, "2"), (301, "3")] as [(Int64, String)] {
            clock.advance(seconds)
            let found = await key(source)
            XCTAssertEqual(found, expected)
        }
        let count = await fetch.count
        XCTAssertEqual(count, 3)
    }

    func testFailedRenewalKeepsValidCredentials() async {
        let (fetch, source) = start()
        _ = await key(source)
        await fetch.fail(true)
        for (seconds, expected) in [(3300, "1"), (299, "1"), (1, "Failure")] as [(Int64, String)] {
            clock.advance(seconds)
            let found = await key(source)
            XCTAssertEqual(found, expected)
        }
        await fetch.fail(false)
        let found = await key(source)
        XCTAssertEqual(found, "5")
    }

    func testInvalidatedCredentialsAreDiscarded() async {
        let (fetch, source) = start()
        _ = await key(source)
        await source.invalidate()
        await fetch.fail(true)
        let failed = await key(source)
        XCTAssertEqual(failed, "Failure")
        await fetch.fail(false)
        let found = await key(source)
        XCTAssertEqual(found, "3")
    }

    func testConcurrentCallersShareOneRenewal() async {
        let (fetch, source) = start()
        await fetch.block()
        let found = await withTaskGroup(of: String.self, returning: Set<String>.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    do { return try await source.credentials().accessKeyID } catch { return "\(error)" }
                }
            }
            while await fetch.count == 0 { await Task.yield() }
            await fetch.release()
            return await group.reduce(into: []) { $0.insert($1) }
        }
        XCTAssertEqual(found, ["1"])
        let count = await fetch.count
        XCTAssertEqual(count, 1)
    }

    func testCancelledCallerDoesNotCancelTheRenewal() async throws {
        let (fetch, source) = start()
        await fetch.block()
        let first = Task { try await source.credentials().accessKeyID }
        while await fetch.count == 0 { await Task.yield() }
        first.cancel()
        let second = Task { try await source.credentials().accessKeyID }
        await fetch.release()
        let found = try await second.value
        XCTAssertEqual(found, "1")
    }

    func testCredentialsWithoutExpirationAreFetchedOnce() async throws {
        let fetch = Fetch(clock)
        let source = RenewingCredentials(origin: "a test", now: { [clock] in clock.time }) {
            var credentials = try await fetch.next()
            credentials.expiration = nil
            return credentials
        }
        _ = try await source.credentials()
        clock.advance(1_000_000_000)
        _ = try await source.credentials()
        let count = await fetch.count
        XCTAssertEqual(count, 1)
    }
}
