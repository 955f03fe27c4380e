/// What a mapping reads: a stream, or a consumer of a stream with enhanced fan-out.
struct MappingSource: Sendable, Equatable {
    static let eventSourceARN = OptionDescription(
        "--event-source-arn", .value("ARN"), "the stream's ARN, or that of a consumer with enhanced fan-out")

    let stream: StreamReference
    /// Of the stream or the consumer; nil where only the stream's name is known.
    let arn: String?

    /// - Returns: Nil when neither option nor variable names a stream.
    init?(_ arguments: Arguments, environment: [String: String]) throws(UsageError) {
        try self.init(arguments, variable: environment[StreamReference.variable])
    }

    /// What the options say, without a default.
    init?(optionsOf arguments: Arguments) throws(UsageError) { try self.init(arguments, variable: nil) }

    private init?(_ arguments: Arguments, variable: String?) throws(UsageError) {
        switch (arguments.string(Self.eventSourceARN), arguments.string(.streamName)) {
        case (_?, _?):
            throw UsageError(description: "--event-source-arn and --stream-name both name the stream; give one")
        case (let arn?, nil): try self.init(arn: arn)
        case (nil, let given):
            guard let name = given ?? variable, !name.isEmpty || given != nil else { return nil }
            if name.hasPrefix("arn:") { try self.init(arn: name) } else { try self.init(streamName: name) }
        }
    }

    private init(streamName: String) throws(UsageError) { (stream, arn) = (try StreamReference(streamName), nil) }

    /// - Throws: ``UsageError`` unless it is a stream's or a consumer's.
    init(arn: String) throws(UsageError) {
        let parts = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        let resource = parts.last?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        guard parts.count == 6, parts[0] == "arn", parts[2] == "kinesis", resource.first == "stream",
            resource.count == 2 || (resource.count == 4 && resource[2] == "consumer" && !resource[3].isEmpty)
        else {
            let service = parts.count == 6 && parts[2] != "kinesis" ? ", but one of \(parts[2])" : ""
            throw UsageError(
                description: "\"\(arn)\" is no Kinesis stream's ARN\(service); expected "
                    + "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME, with /consumer/NAME:TIME for enhanced fan-out")
        }
        let streamARN = parts[0..<5].joined(separator: ":") + ":stream/" + resource[1]
        (stream, self.arn) = (try StreamReference(streamARN), arn)
    }

    /// `NAME`, or `NAME/consumer/CONSUMER`.
    static func shortName(_ arn: String) -> String {
        arn.firstRange(of: ":stream/").map { String(arn[$0.upperBound...]) } ?? arn
    }

    /// `DescribeStreamSummary` tells it where it was not given; in a dry run it stays open.
    func resolvedARN(_ session: AWSSession) async throws -> String {
        if let arn { return arn }
        guard session.isDryRun else { return try await stream.summary(session).arn }
        try session.planned(stream.request("DescribeStreamSummary"))
        return try StreamSummary.placeholder(of: stream, in: session.client.configuration.region).arn
    }
}
