import Clients
import Foundation
import JSON
import Telemetry

/// What `doctor` looks at, and what it found so far.
struct Examination: Sendable {
    let session: AWSSession
    let region: String
    let streamReference: StreamReference
    /// By name, as the option has it.
    let functionName: String
    /// The function that loads staged rows, by name.
    let loaderName: String
    /// Where the built function should be; nil when none was named and none is there.
    let bootstrapPath: String?
    /// The end of the time that figures are asked for; one moment for all, so that equal questions are asked once.
    let now = WallClock.now()

    /// Why AWS is not called any more; nil as long as it answers.
    var outage: String? = "AWS was not reached yet"
    var summary: StreamSummary?
    /// The whole answer of `GetFunction`.
    var function: JSONValue?
    /// The loader's configuration, as `GetFunction` has it.
    var loader: JSONValue?
    /// The mapping from the stream to the function, the enabled one where there are several.
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

    /// Why what a check needs is not there; nil when it is.
    func absence(of need: Check.Need) -> String? {
        switch need {
        case .aws: outage
        case .stream: outage ?? (summary == nil ? "needs the stream; see Stream" : nil)
        case .function: outage ?? (function == nil ? "needs the function; see Function" : nil)
        case .mapping: outage ?? (mapping == nil ? "needs the mapping; see Mapping" : nil)
        case .bootstrap: bootstrap == nil ? "needs the built function; see Bootstrap" : nil
        }
    }
}

/// Calls; each is made once, however many checks ask for it.
extension Examination {
    /// The longest that a call is waited for, all its attempts together.
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

    /// The values of the last five minutes, oldest first.
    mutating func values(
        _ metric: String, of namespace: String, _ statistic: MetricQuery.Statistic, _ dimension: MetricQuery.Dimension
    ) async throws -> [Double] {
        let query = MetricQuery(
            namespace: namespace, metric: metric, dimensions: [dimension], statistic: statistic,
            since: WallClock(millisecondsSinceEpoch: now.millisecondsSinceEpoch - 300_000), until: now)
        return query.datapoints(in: try await xml(query.request)).map(\.value)
    }

    /// Does `work`, but not for longer than the patience lasts.
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

    /// A call that was given up.
    struct Unanswered: Error, CustomStringConvertible {
        var what: String
        var description: String { "\(what): no answer within \(Examination.patience.components.seconds) s" }
    }
}

/// Failures.
extension Examination {
    private static let denials: Set = [
        "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError",
        "AuthorizationErrorException",
    ]

    static func isDenial(_ error: any Error) -> Bool {
        switch error as? AWSError {
        case .refused(let refusal): denials.contains(refusal.code)
        // A HEAD has no body that could hold a code.
        case .unreadable(_, _, let status, _): status == 403
        default: false
        }
    }

    /// What a check says that could not be carried out.
    ///
    /// When AWS cannot be reached all further calls are given up, for each would take its time to fail.
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
            return .fault("\(error)", "check that the Region is right and the network is up")
        case nil where error is PagingError: return .unknown("\(error)", nil)
        case nil: return .fault("\(error)", ErrorAdvice.advice(on: error))
        }
    }
}
