import Basics
import Clients
import JSON
import Telemetry
import Transport

/// A client of the Redshift Data API, which runs SQL statements and waits for their results.
///
/// Source: <https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html>
package struct RedshiftDataClient: Sendable {
    /// The final result of a statement, or of a transaction of several statements.
    package enum StatementResult: Sendable, Equatable {
        case finished(id: String)
        /// The statement failed, and had no effect.
        ///
        /// - Parameter run: The call that started the failed run.
        case failed(String, run: Run)
    }

    /// The origin of a run.
    ///
    /// A call with a token that was used before returns the earlier run, which only clocks can distinguish.
    package enum Run: Sendable, Equatable {
        /// This call started the run.
        case own
        /// This call, or another one up to two seconds earlier, started the run.
        case recent
        /// An earlier call started the run.
        case old
    }

    private let aws: AWSClient
    private let settings: RedshiftSettings
    private let traceID: String?
    private let deadline: ContinuousClock.Instant

    /// - Parameters:
    ///   - traceID: The X-Ray trace that the calls belong to.
    ///   - deadline: When to stop waiting.
    package init(
        _ aws: AWSClient, settings: RedshiftSettings, traceID: String? = nil, deadline: ContinuousClock.Instant
    ) {
        (self.aws, self.settings, self.traceID, self.deadline) = (aws, settings, traceID, deadline)
    }

    /// Returns the call that runs `statements`, several of them in one transaction.
    package static func request(
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

    /// Runs `statements` and waits for the result.
    ///
    /// Statements that still run at the deadline continue: a call with the same statements and token returns their result.
    ///
    /// - Parameter token: Makes the call idempotent for eight hours, so that it can be repeated if the response was lost.
    /// - Throws: ``WarehouseError``, or `CancellationError`.
    package func run(_ statements: [String], token: String, name: String? = nil) async throws -> StatementResult {
        let (answer, start) = try await submit(statements, token: token, name: name)
        guard let id = answer["Id"]?.string, (1...Self.longestID).contains(id.utf8.count) else {
            throw WarehouseError.unavailable("redshift-data: the response does not contain the statement's Id")
        }
        let run = answer["CreatedAt"]?.double.map(start.run) ?? .recent
        return try await end(of: id, status: Status(answer), run: run)
    }

    /// Returns all rows of a statement's result.
    ///
    /// - Throws: ``WarehouseError``, also if the result has more pages than any query of this program returns.
    package func rows(of id: String) async throws -> [[JSONValue]] {
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
    /// The longest accepted statement ID; the service uses UUIDs, which are shorter.
    private static let longestID = 200
}

/// The calls of the Data API.
extension RedshiftDataClient {
    private struct Answer {
        var json: JSONValue
        /// The time of the response by the service's clock, in seconds since the Unix epoch.
        var serverTime: Double?
    }

    /// The start of a call by two clocks.
    private struct Start {
        /// The time by the service's clock, in whole seconds since the Unix epoch; nil if the response has no date.
        var serverTime: Double?
        /// The time by this machine's clock.
        var localTime: Double

        /// Returns the origin of a run.
        ///
        /// - Parameter created: When the service created the run.
        func run(created: Double) -> Run {
            if created >= localTime { return .own }
            return created < (serverTime ?? localTime) - 2 ? .old : .recent
        }
    }

    /// The state of a statement.
    private enum Status: String, CaseIterable {
        case submitted = "SUBMITTED"
        case picked = "PICKED"
        case started = "STARTED"
        case finished = "FINISHED"
        case failed = "FAILED"
        case aborted = "ABORTED"

        /// Reads the status; returns nil if the response has no known status.
        init?(_ answer: JSONValue) {
            guard let text = answer["Status"]?.string,
                let status = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) })
            else { return nil }
            self = status
        }
    }

    private static let longestWait = 30

    /// The time for which the service may wait for the result before it responds; nil if no time is left.
    private var waitSeconds: Int? {
        let left = (deadline - .now).components.seconds
        return left >= 1 ? Int(min(left, Int64(Self.longestWait))) : nil
    }

    private func submit(
        _ statements: [String], token: String, name: String?
    ) async throws -> (answer: JSONValue, start: Start) {
        var backoff = Backoff.statements
        var environmentalErrors = 0
        while true {
            let (start, localTime) = (ContinuousClock.now, WallClock.now())
            guard start < deadline else { throw WarehouseError.outOfTime("the Data API did not accept the statement") }
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
                // A throttled call is repeated until the deadline; a call to an unavailable warehouse only a few times.
                guard environmentalErrors < 3 else { throw unavailable(error) }
                try await backoff.pause(until: deadline)
            } catch let error as AWSError {
                throw unavailable(error)
            }
        }
    }

    /// Polls until the statement has finished; failed calls are repeated.
    ///
    /// - Throws: ``WarehouseError``, also if a response is about another statement.
    private func end(of id: String, status: Status?, run: Run) async throws -> StatementResult {
        var status = status ?? .submitted
        var backoff = Backoff.polls
        // The response to the call that started the statement has its status, but not the reason of a failure.
        while status != .finished {
            guard ContinuousClock.now < deadline else {
                throw WarehouseError.outOfTime(
                    "statement \(MessageText.escaped(id)) is still \(status.rawValue); the next attempt continues to wait for it"
                )
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
            // The pause for servers that do not support waiting.
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

/// Classification of errors.
extension RedshiftDataClient {
    /// Returns whether the same call can succeed after a short time.
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
                "; check the REDSHIFT_... settings, and that \(settings.name) exists and is running"
            default: ""
            }
        return .unavailable("\(settings.name), database \(settings.database): \(error)\(advice)", cause: error)
    }
}

/// The reason why the result of a statement is unknown.
package enum WarehouseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The warehouse or the Data API is unavailable, or rejects all statements.
    ///
    /// - Parameter cause: The error of the call, if one was made.
    case unavailable(String, cause: AWSError? = nil)
    /// The deadline passed first.
    case outOfTime(String)

    package var description: String {
        switch self {
        case .unavailable(let reason, _): reason
        case .outOfTime(let reason): "the deadline was reached: \(reason)"
        }
    }

    /// The error of the call that caused this one, if any.
    package var cause: AWSError? { if case .unavailable(_, let cause) = self { cause } else { nil } }
}

extension Backoff {
    /// Between attempts of a statement or transaction that failed transiently.
    static let statements = Backoff(first: .milliseconds(100), longest: .seconds(5), smallestPart: 0.5)
    /// Between polls of a running statement.
    static let polls = Backoff(first: .milliseconds(20), longest: .seconds(1), smallestPart: 0.5)
}

extension Duration {
    fileprivate var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension WallClock {
    fileprivate var seconds: Double { Double(millisecondsSinceEpoch) / 1000 }
}
