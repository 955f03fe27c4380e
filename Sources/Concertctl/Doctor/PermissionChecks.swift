import Clients
import Telemetry

/// Whether whoever runs this, and the function, may do what they must.
extension Check {
    static let permissions = [
        Check(name: "Permissions", needs: [.aws]) { examination in try await ownPermissions(&examination) }
    ]

    /// Tries each call in a form that changes nothing; that there is no such stream is an answer as good as any.
    private static func ownPermissions(_ examination: inout Examination) async throws -> Finding {
        let invocations = MetricQuery(
            namespace: "AWS/Lambda", metric: "Invocations",
            dimensions: [.init("FunctionName", examination.functionName)],
            statistic: .sum, since: WallClock(millisecondsSinceEpoch: examination.now.millisecondsSinceEpoch - 300_000),
            until: examination.now)
        let probes = [
            examination.describeStream, examination.streamReference.request("ListShards"), examination.getFunction,
            examination.listMappings(source: nil), invocations.request,
        ]
        var denied: [String] = []
        for probe in probes {
            do {
                _ = try await examination.answer(to: probe)
            } catch let error as AWSError {
                // Other refusals are told by the check that needs the answer.
                if Examination.isDenial(error) { denied.append("\(probe.service.name):\(probe.operation)") }
                if case .unreachable = error { throw error }
            }
        }
        let names = probes.map { "\($0.service.name):\($0.operation)" }.joined(separator: ", ")
        guard !denied.isEmpty else { return .ok("may call \(names)") }
        return Finding(
            verdict: .fault, text: "may not call \(denied.joined(separator: ", "))", advice: denied.map(Remedy.allow))
    }
}

/// The questions that several checks ask.
extension Examination {
    var describeStream: AWSRequest { streamReference.request("DescribeStreamSummary") }

    var getFunction: AWSRequest { .lambda("GetFunction", "GET", ["functions", functionName]) }

    func listMappings(source: String?, marker: String? = nil) -> AWSRequest {
        var query = [source.map { AWSRequest.QueryItem("EventSourceArn", $0) } ?? .init("FunctionName", functionName)]
        if let marker { query.append(.init("Marker", marker)) }
        return .lambda("ListEventSourceMappings", "GET", ["event-source-mappings"], query: query)
    }
}
