import Clients
import Foundation
import Synchronization
import Telemetry
import TestSupport
import Transport
import XCTest

@testable import Processor

/// A test with a new warehouse and bucket, and functions and loaders that use them.
class StagedTestCase: WarehouseTestCase {
    private static let sharedStore = Result { try ObjectStore() }
    private(set) var store: ObjectStore!

    static let staged = "redshift-staged/wg/dev/concert_dw/"
    static let loads = "redshift-loads/wg/dev/concert_dw/"
    static let refused = "redshift-refused/wg/dev/concert_dw/"

    override func setUpWithError() throws {
        try super.setUpWithError()
        store = try Self.sharedStore.get()
        try store.reset()
        try warehouse.set(["s3": store.url])
    }

    func stagedSettings(schema: String? = nil, limit: Int? = nil) throws -> RedshiftSettings {
        var settings = try settings()
        settings.load = .staged(Self.staging("staging", limit: limit ?? 10_000))
        if let schema { settings.schema = schema }
        return settings
    }

    func client(_ steps: Steps = Steps()) -> AWSClient {
        let (store, endpoint) = (store.url, warehouse.url)
        let keys = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")
        var configuration = AWSClient.Configuration(
            region: "us-east-1", credentials: StaticCredentials(keys, origin: "the test"))
        configuration.endpointURL = { $0 == .s3 ? store : endpoint }
        configuration.retries.pause = { try await Task.sleep(for: $0 / 50) }
        return AWSClient(configuration, http: SteppedHTTP(steps: steps))
    }

    /// Stages the records of `event`, and returns the outcome of each.
    @discardableResult
    func stage(
        _ event: EventText, _ settings: RedshiftSettings? = nil, within limit: Duration = .seconds(60)
    ) async throws -> [RecordOutcome] {
        let batch = try RecordBatch(decoding: event)
        let settings = try settings ?? stagedSettings()
        let client = client()
        let writer = StagingWriter(target: try XCTUnwrap(StagedTarget(settings))) { client }
        var outcomes = RecordOutcomes(count: batch.records.count)
        let context = InvocationContext(
            requestID: "request-1", functionName: "function-1", deadline: .now + limit)
        await writer.process(batch, context: context, outcomes: &outcomes)
        return (0..<outcomes.count).map { outcomes[$0] }
    }

    /// Stages artists, one object each, and returns their keys.
    @discardableResult
    func stageArtists(_ count: Int, from number: Int = 1) async throws -> [String] {
        let before = Set(try store.objects(Self.staged).map(\.key))
        for index in number..<number + count {
            let outcomes = try await stage(EventText(payloads: [Sample.artist("a\(1000 + index)")], from: index))
            XCTAssertEqual(outcomes, [.succeeded])
        }
        return try store.objects(Self.staged).map(\.key).filter { !before.contains($0) }
    }

    /// Runs loads like an invocation.
    @discardableResult
    func load(
        _ settings: RedshiftSettings? = nil, _ steps: Steps = Steps(), within limit: Duration = .seconds(60)
    ) async throws -> (summary: LoadSummary, error: String?) {
        let progress = Progress()
        let context = InvocationContext(
            requestID: "request-1", functionName: "function-1", deadline: .now + limit)
        let run = LoadRun(
            settings: try settings ?? stagedSettings(), aws: client(steps), context: context,
            log: Logger(level: .info, sink: lines), report: { progress.add($0) })
        let made = try XCTUnwrap(run)
        var error: String?
        do { try await made.run() } catch let problem { error = "\(problem)" }
        self.progress = progress
        return (made.summary, error)
    }

    /// The progress that the last load reported.
    private(set) var progress = Progress()

    final class Progress {
        private(set) var all: [LoadProgress] = []
        func add(_ progress: LoadProgress) { all.append(progress) }
    }

    /// Checks that nothing is staged and that no load is unfinished.
    func assertClean(_ message: String = "", file: StaticString = #filePath, line: UInt = #line) throws {
        let keys = try (store.objects(Self.staged) + store.objects(Self.loads)).map(\.key)
        XCTAssertEqual(keys, [], message, file: file, line: line)
    }

    /// The names of all artists' rows, by key.
    func artists() throws -> [String] {
        try warehouse.sql("SELECT artist_id || ' ' || name FROM concert_dw.artists ORDER BY 1").compactMap { $0[0] }
    }
}

/// A counter of a client's calls to both services, which can simulate a crash.
final class Steps: Sendable {
    /// The time of a crash: before a call is sent, or after it without its response.
    enum Ending: Sendable {
        case before(Int)
        case after(Int)
    }

    private let ending: Ending?
    private let hook: @Sendable (_ number: Int, _ request: HTTPRequest) throws -> Void
    private let number = Mutex(0)

    /// - Parameter hook: Called before each call, which are counted from 1.
    init(
        _ ending: Ending? = nil,
        hook: @escaping @Sendable (_ number: Int, _ request: HTTPRequest) throws -> Void = { _, _ in }
    ) {
        (self.ending, self.hook) = (ending, hook)
    }

    var count: Int { number.withLock { $0 } }

    fileprivate func begin(_ request: HTTPRequest) throws -> Int {
        let step = number.withLock {
            $0 += 1
            return $0
        }
        switch ending {
        case .before(let last) where step >= last: throw CancellationError()
        case .after(let last) where step > last: throw CancellationError()
        default: try hook(step, request)
        }
        return step
    }

    fileprivate func end(_ step: Int) throws {
        if case .after(let last) = ending, step >= last { throw CancellationError() }
    }
}

private actor SteppedHTTP: HTTPClient {
    private let http = CurlHTTPClient(CurlHTTPClient.Configuration())
    private let steps: Steps

    init(steps: Steps) { self.steps = steps }

    func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        let step = try steps.begin(request)
        let response = try await http.send(request)
        try steps.end(step)
        return response
    }
}
