import Basics
import Clients
import Foundation
import JSON
import Telemetry

/// The subject of a diagnosis and what the checks have found so far.
struct DiagnosisContext: Sendable {
    let session: AWSSession
    let region: String
    let streamReference: StreamReference
    /// The function, as given by the option.
    let functionName: String
    /// The name of the function that loads staged rows.
    let loaderName: String
    /// The path of the built function, or nil if it is the default and does not exist.
    let bootstrapPath: String?
    /// The end of the time range of metrics, the same for all checks so that equal queries are sent once.
    let now = WallClock.now()

    /// The reason why AWS is not called any more, or nil while it responds.
    var outage: String? = "AWS has not been called yet"
    var summary: StreamSummary?
    /// The response to `GetFunction`.
    var function: JSONValue?
    /// The configuration of the loader in the response to `GetFunction`.
    var loader: JSONValue?
    /// The mapping of the stream to the function, preferably an enabled one.
    var mapping: MappingSettings?
    var bootstrap: ExecutableFile?
    private var answers: [(request: AWSRequest, answer: Result<AWSResponse, AWSError>)] = []

    init(
        session: AWSSession, stream: StreamReference, functionName: String, loaderName: String, bootstrapPath: String?
    ) {
        (self.session, streamReference, self.functionName) = (session, stream, functionName)
        self.loaderName = loaderName
        self.bootstrapPath = bootstrapPath
        region = session.region
    }

    /// Returns why a prerequisite is missing, or nil if it is met.
    func absence(of need: Check.Need) -> String? {
        switch need {
        case .aws: outage
        case .stream: outage ?? (summary == nil ? "requires the stream; see Stream" : nil)
        case .function: outage ?? (function == nil ? "requires the function; see Function" : nil)
        case .mapping: outage ?? (mapping == nil ? "requires the mapping; see Mapping" : nil)
        case .bootstrap: bootstrap == nil ? "requires the built function; see Bootstrap" : nil
        }
    }
}

/// Calls, each of which is made once and then answered from a cache.
extension DiagnosisContext {
    /// The maximum time to wait for a call, including its retries.
    static let patience = Duration.seconds(8)

    mutating func json(_ request: AWSRequest) async throws -> JSONValue { try await answer(to: request).json() }

    mutating func xml(_ request: AWSRequest) async throws -> XMLElement { try await answer(to: request).xml() }

    mutating func answer(to request: AWSRequest) async throws -> AWSResponse {
        if let known = answers.first(where: { $0.request == request }) { return try known.answer.get() }
        do {
            let response = try await Self.limited("\(request.service.name) \(request.operation)") { [session] in
                try await session.send(request)
            }
            answers.append((request, .success(response)))
            return response
        } catch let error as AWSError {
            answers.append((request, .failure(error)))
            throw error
        }
    }

    /// Returns the values of a metric in the last five minutes, oldest first.
    mutating func values(
        _ metric: String, of namespace: String, _ statistic: MetricQuery.Statistic, _ dimension: MetricQuery.Dimension
    ) async throws -> [Double] {
        let query = MetricQuery(
            namespace: namespace, metric: metric, dimensions: [dimension], statistic: statistic,
            since: WallClock(millisecondsSinceEpoch: now.millisecondsSinceEpoch - 300_000), until: now)
        return query.datapoints(in: try await xml(query.request)).map(\.value)
    }

    /// Runs `work` with the time limit ``patience``.
    static func limited<Value: Sendable>(
        _ what: String, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await Task.sleep(for: patience)
                throw Unanswered(what: what)
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() else { throw Unanswered(what: what) }
            return value
        }
    }

    /// A call without a response within the time limit.
    struct Unanswered: Error, CustomStringConvertible {
        var what: String
        var description: String { "\(what): no response within \(DiagnosisContext.patience.components.seconds) s" }
    }
}

/// The findings for failed calls.
extension DiagnosisContext {
    private static let denials: Set = [
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError",
        "AuthorizationErrorException",
    ]

    static func isDenial(_ error: any Error) -> Bool {
        switch error as? AWSError {
        case .refused(let refusal): denials.contains(refusal.code)
        // The response to HEAD has no body and therefore no error code.
        case .unreadable(_, _, let status, _): status == 403
        default: false
        }
    }

    /// Returns the finding of a check that failed.
    ///
    /// If AWS cannot be reached, all further calls are skipped, because each one would only fail after its timeout.
    mutating func finding(for error: any Error, in check: String) -> Finding {
        switch error as? AWSError {
        case .unreachable:
            outage = "AWS cannot be reached; see \(check)"
            return .fault("\(error)", ErrorAdvice.advice(on: error))
        case .refused(let refusal) where Self.isDenial(error):
            return .unknown("\(refusal.service):\(refusal.operation) is not allowed", Remedy.allow(refusal))
        case .some: return .unknown("\(error)", ErrorAdvice.advice(on: error))
        case nil where error is Unanswered:
            outage = "AWS cannot be reached; see \(check)"
            return .fault("\(error)", "check the Region and the network")
        case nil where error is PagingError: return .unknown("\(error)", nil)
        case nil: return .fault("\(error)", ErrorAdvice.advice(on: error))
        }
    }
}
