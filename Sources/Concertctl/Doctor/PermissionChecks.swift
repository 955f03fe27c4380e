import Basics
import Clients
import Telemetry

/// Checks of the permissions of the current identity.
extension Check {
    static let permissions = [
        Check(name: "Permissions", needs: [.aws]) { context in try await ownPermissions(&context) }
    ]

    /// Tries each read call.
    ///
    /// The response "not found" also shows that a call is allowed.
    private static func ownPermissions(_ context: inout DiagnosisContext) async throws -> Finding {
        let invocations = MetricQuery(
            namespace: "AWS/Lambda", metric: "Invocations",
            dimensions: [.init("FunctionName", context.functionName)],
            statistic: .sum, since: WallClock(millisecondsSinceEpoch: context.now.millisecondsSinceEpoch - 300_000),
            until: context.now)
        let probes = [
            context.describeStream, context.streamReference.request("ListShards"), context.getFunction,
            context.listMappings(source: nil), invocations.request,
        ]
        var denied: [String] = []
        for probe in probes {
            do {
                _ = try await context.answer(to: probe)
            } catch let error as AWSError {
                // The check that needs the response reports other errors.
                if DiagnosisContext.isDenial(error) { denied.append("\(probe.service.name):\(probe.operation)") }
                if case .unreachable = error { throw error }
            }
        }
        let names = probes.map { "\($0.service.name):\($0.operation)" }.joined(separator: ", ")
        guard !denied.isEmpty else { return .ok("may call \(names)") }
        return Finding(
            verdict: .fault, text: "may not call \(denied.joined(separator: ", "))", advice: denied.map(Remedy.allow))
    }
}

/// The requests that several checks share.
extension DiagnosisContext {
    var describeStream: AWSRequest { streamReference.request("DescribeStreamSummary") }

    var getFunction: AWSRequest { .lambda("GetFunction", "GET", ["functions", functionName]) }

    func listMappings(source: String?, marker: String? = nil) -> AWSRequest {
        var query = [source.map { AWSRequest.QueryItem("EventSourceArn", $0) } ?? .init("FunctionName", functionName)]
        if let marker { query.append(.init("Marker", marker)) }
        return .lambda("ListEventSourceMappings", "GET", ["event-source-mappings"], query: query)
    }
}
