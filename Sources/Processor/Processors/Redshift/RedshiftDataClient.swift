import Clients
import JSON
import Telemetry
import Transport

/// Runs SQL through the Redshift Data API and waits for how it ends.
///
/// Source: <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html>
public struct RedshiftDataClient: Sendable {
    /// How a statement, or the transaction of several, ended for good.
    public enum Ending: Sendable, Equatable {
        case finished(id: String)
        /// It took no effect.
        ///
        /// - Parameter run: Whose run it was that failed.
        case failed(String, run: Run)
    }

    /// A call whose token was used before gets that earlier call's run; clocks alone tell which it was.
    public enum Run: Sendable, Equatable {
        /// This call's.
        case own
        /// This call's, or one that began up to two seconds before.
        case recent
        /// An earlier call's.
        case old
    }

    private let aws: AWSClient
    private let settings: RedshiftSettings
    private let traceID: String?
    private let deadline: ContinuousClock.Instant

    /// - Parameters:
    ///   - traceID: The X-Ray trace that the calls belong to.
    ///   - deadline: When to give up waiting.
    public init(
        _ aws: AWSClient, settings: RedshiftSettings, traceID: String? = nil, deadline: ContinuousClock.Instant
    ) {
        (self.aws, self.settings, self.traceID, self.deadline) = (aws, settings, traceID, deadline)
    }

    /// The call that runs `statements`: several in one transaction.
    public static func request(
        _ statements: [String], settings: RedshiftSettings, token: String? = nil, name: String? = nil,
        waitSeconds: Int? = nil
    ) -> AWSRequest {
        let operation = statements.count == 1 ? "ExecuteStatement" : "BatchExecuteStatement"
        let sql: (String, JSONValue?) =
            statements.count == 1
            ? ("Sql", statements.first.map { .string($0) })
            : ("Sqls", .array(statements.map { .string($0) }))
        return .redshiftData(
            operation,
            .object(
                ofPresent: settings.connection + [
                    sql, ("ClientToken", token.map { .string($0) }), ("StatementName", name.map { .string($0) }),
                    ("WaitTimeSeconds", waitSeconds.map { .integer($0) }),
                ]))
    }

    /// Runs `statements` and waits for the end.
    ///
    /// What still runs at the deadline goes on running: the same statements with the same token find it again.
    ///
    /// - Parameter token: Makes a call whose answer was lost safe to repeat, for eight hours.
    /// - Throws: ``WarehouseError``, or `CancellationError`.
    public func run(_ statements: [String], token: String, name: String? = nil) async throws -> Ending {
        let (answer, start) = try await submit(statements, token: token, name: name)
        guard let id = answer["Id"]?.string, (1...Self.longestID).contains(id.utf8.count) else {
            throw WarehouseError.unavailable("redshift-data: the response does not contain the statement's Id")
        }
        let run = answer["CreatedAt"]?.double.map(start.run) ?? .recent
        return try await end(of: id, status: Status(answer), run: run)
    }

    /// All rows of a statement's result.
    ///
    /// - Throws: ``WarehouseError`` also for a result of more pages than any query of this program has.
    public func rows(of id: String) async throws -> [[JSONValue]] {
        var rows: [[JSONValue]] = []
        var next: JSONValue?
        for _ in 0..<Self.pageLimit {
            let answer = try await call(
                .redshiftData("GetStatementResult", .object(ofPresent: [("Id", .string(id)), ("NextToken", next)])))
            rows += answer.json["Records"]?.array?.compactMap(\.array) ?? []
            next = answer.json["NextToken"]
            guard next != nil else { return rows }
        }
        throw WarehouseError.unavailable(
            "redshift-data: the result of a statement has more than \(Self.pageLimit) pages")
    }

    private static let pageLimit = 1000
    /// Longer than the UUIDs that the service uses.
    private static let longestID = 200
}

/// Calls.
extension RedshiftDataClient {
    private struct Answer {
        var json: JSONValue
        /// When the service answered, by its own clock, in seconds since the Unix epoch.
        var serverTime: Double?
    }

    /// When a call began, by two clocks.
    private struct Start {
        /// The service's own, in seconds since the Unix epoch; to the second, and nil where it did not say.
        var serverTime: Double?
        /// This machine's.
        var localTime: Double

        /// - Parameter created: When the service began what the call is about.
        func run(created: Double) -> Run {
            if created >= localTime { return .own }
            return created < (serverTime ?? localTime) - 2 ? .old : .recent
        }
    }

    /// How far a statement has got.
    private enum Status: String, CaseIterable {
        case submitted = "SUBMITTED"
        case picked = "PICKED"
        case started = "STARTED"
        case finished = "FINISHED"
        case failed = "FAILED"
        case aborted = "ABORTED"

        /// Returns nil where the response has no status that is known.
        init?(_ answer: JSONValue) {
            guard let text = answer["Status"]?.string,
                let status = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) })
            else { return nil }
            self = status
        }
    }

    private static let longestWait = 30

    /// How long a call may wait for the end on the service's side; nil when there is no time.
    private var waitSeconds: Int? {
        let left = (deadline - .now).components.seconds
        return left >= 1 ? Int(min(left, Int64(Self.longestWait))) : nil
    }

    private func submit(
        _ statements: [String], token: String, name: String?
    ) async throws -> (answer: JSONValue, start: Start) {
        var backoff = Backoff()
        var environmentalErrors = 0
        while true {
            let (start, localTime) = (ContinuousClock.now, WallClock.now())
            guard start < deadline else { throw WarehouseError.outOfTime("the statement was not taken") }
            do {
                let request = Self.request(
                    statements, settings: settings, token: token, name: name, waitSeconds: waitSeconds)
                let answer = try await call(request)
                let elapsed = (ContinuousClock.now - start).seconds
                return (
                    answer.json,
                    Start(serverTime: answer.serverTime.map { $0 - elapsed }, localTime: localTime.seconds)
                )
            } catch let error as AWSError where Self.isPassing(error) {
                if !Self.isThrottling(error) { environmentalErrors += 1 }
                // A throttled call is made again as long as there is time; a warehouse that is not there only a few times.
                guard environmentalErrors < 3 else { throw unavailable(error) }
                try await backoff.pause(until: deadline)
            } catch let error as AWSError {
                throw unavailable(error)
            }
        }
    }

    /// Polls until the statement has ended; calls that fail are repeated.
    ///
    /// - Throws: ``WarehouseError`` also for a response about another statement.
    private func end(of id: String, status: Status?, run: Run) async throws -> Ending {
        var status = status ?? .submitted
        var backoff = Backoff(first: .milliseconds(20), longest: .seconds(1))
        // The answer to the call that made it says how it ended, but not why it failed.
        while status != .finished {
            guard ContinuousClock.now < deadline else {
                throw WarehouseError.outOfTime(
                    "statement \(MessageText.escaped(id)) is \(status.rawValue) still; the next try finds it again")
            }
            let start = ContinuousClock.now
            do {
                let answer = try await call(
                    .redshiftData(
                        "DescribeStatement",
                        .object(
                            ofPresent: [
                                ("Id", .string(id)), ("WaitTimeSeconds", waitSeconds.map { .integer($0) }),
                            ]))
                ).json
                guard answer["Id"]?.string?.utf8.elementsEqual(id.utf8) == true else {
                    throw WarehouseError.unavailable(
                        "redshift-data DescribeStatement: the response is not about statement \(MessageText.escaped(id))"
                    )
                }
                status = Status(answer) ?? status
                if status == .failed || status == .aborted {
                    return .failed(Self.reason(answer, status: status), run: run)
                }
            } catch let error as AWSError where Self.isPassing(error) || !error.isDefinite {
                try await backoff.pause(until: deadline)
                continue
            } catch let error as AWSError {
                throw unavailable(error)
            }
            // A server that waits has waited; for one that does not know how to, the pause is on this side.
            if status != .finished, ContinuousClock.now - start < .seconds(1) {
                try await backoff.pause(until: deadline)
            }
        }
        return .finished(id: id)
    }

    private static func reason(_ answer: JSONValue, status: Status) -> String {
        let ofStatements = answer["SubStatements"]?.array?.lazy.compactMap { $0["Error"]?.string }.first
        return answer["Error"]?.string ?? ofStatements ?? "the statement is \(status.rawValue)"
    }

    private func call(_ request: AWSRequest) async throws -> Answer {
        var request = request
        if let traceID { request.headers.append(HTTPHeader("X-Amzn-Trace-Id", traceID)) }
        request.timeout = .seconds(Self.longestWait + 20)
        let response = try await aws.send(request)
        let time = response.headers["date"].flatMap(WallClock.init(httpDate:))
        return Answer(json: try response.json(), serverTime: time?.seconds)
    }
}

/// What is worth another try.
extension RedshiftDataClient {
    /// Whether the same call may succeed a little later.
    private static func isPassing(_ error: AWSError) -> Bool {
        guard let code = error.code else { return false }
        return isThrottling(error) || passingCodes.contains { $0.utf8.elementsEqual(code.utf8) }
    }

    private static func isThrottling(_ error: AWSError) -> Bool {
        guard let code = error.code else { return false }
        return RetryReason(status: 0, code: code) == .throttled
            || throttlingCodes.contains { $0.utf8.elementsEqual(code.utf8) }
    }

    private static let throttlingCodes = [
        "ActiveStatementsExceededException", "ActiveSessionsExceededException",
        "ActiveWaitingRequestsExceededException",
    ]
    private static let passingCodes = [
        "DatabaseConnectionException", "QueryTimeoutException", "ExecuteStatementException",
        "BatchExecuteStatementException",
    ]

    private func unavailable(_ error: AWSError) -> WarehouseError {
        let advice =
            switch error.code {
            case "AccessDeniedException":
                "; allow the function's role redshift-data:* calls and the credentials of \(settings.name)"
            case "ResourceNotFoundException", "ValidationException":
                "; check REDSHIFT_... and that \(settings.name) is there and running"
            default: ""
            }
        return .unavailable("\(settings.name), database \(settings.database): \(error)\(advice)", cause: error)
    }
}

/// Why a statement has no ending.
public enum WarehouseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The warehouse, or the way to it, is not there, or refuses all statements alike.
    ///
    /// - Parameter cause: What the call ended with, where one was made.
    case unavailable(String, cause: AWSError? = nil)
    /// The deadline came first.
    case outOfTime(String)

    public var description: String {
        switch self {
        case .unavailable(let reason, _): reason
        case .outOfTime(let reason): "the deadline came near: \(reason)"
        }
    }

    /// What a call ended with, if that was why.
    public var cause: AWSError? { if case .unavailable(_, let cause) = self { cause } else { nil } }
}

/// Pauses that grow, each of random length.
struct Backoff: Sendable {
    private var ceiling: Duration
    private let longest: Duration

    init(first: Duration = .milliseconds(100), longest: Duration = .seconds(5)) {
        (ceiling, self.longest) = (first, longest)
    }

    mutating func pause(until deadline: ContinuousClock.Instant) async throws {
        let length = ceiling * Double.random(in: 0.5...1)
        ceiling = min(ceiling * 2, longest)
        try await Task.sleep(until: min(.now + length, deadline), clock: .continuous)
    }
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension WallClock {
    fileprivate var seconds: Double { Double(millisecondsSinceEpoch) / 1000 }
}
