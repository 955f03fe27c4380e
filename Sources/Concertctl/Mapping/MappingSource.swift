import Clients

/// What a mapping reads: a stream, or a consumer of a stream with enhanced fan-out.
struct MappingSource: Sendable, Equatable {
    static let eventSourceARN = Option<String?>(
        "--event-source-arn", value: "ARN", "the stream's ARN, or that of a consumer with enhanced fan-out")

    let stream: StreamReference
    /// Of the stream or the consumer; nil where only the stream's name is known.
    let arn: String?

    /// - Returns: Nil when neither option nor variable names a stream.
    ///
    /// - Parameter streamName: The option for the stream's name, which may have a variable or none.
    init?(_ input: Input, streamName option: Option<String?> = SharedOption.streamName) throws(UsageError) {
        switch (try input[Self.eventSourceARN], input.has(option)) {
        case (_?, true):
            throw UsageError(description: "--event-source-arn and --stream-name both name the stream; give one")
        case (let arn?, false): try self.init(arn: arn)
        case (nil, _):
            guard let name = try input[option] else { return nil }
            let isARN = name.utf8.starts(with: "arn:".utf8)
            if isARN { try self.init(arn: name) } else { try self.init(streamName: name) }
        }
    }

    private init(streamName: String) throws(UsageError) { (stream, arn) = (try StreamReference(streamName), nil) }

    /// - Throws: ``UsageError`` unless it is a stream's or a consumer's.
    init(arn: String) throws(UsageError) {
        guard let source = KinesisStreamARN(arn) else {
            let other = ARN(arn).flatMap { $0.service == "kinesis" ? nil : " (it is of \($0.service))" } ?? ""
            throw UsageError(
                description: "invalid ARN of a Kinesis stream \"\(arn)\"\(other); expected "
                    + "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME, with /consumer/NAME:TIME for enhanced fan-out")
        }
        (stream, self.arn) = (try StreamReference(source.arn.description), arn)
    }

    /// `NAME`, or `NAME/consumer/CONSUMER:TIME`.
    static func shortName(_ arn: String) -> String {
        guard let source = KinesisStreamARN(arn) else { return arn }
        return source.name + (source.consumer.map { "/consumer/\($0)" } ?? "")
    }

    /// The name of the stream that a mapping reads, by itself or by a consumer; nil unless it is a Kinesis stream.
    static func streamName(_ arn: String) -> String? { KinesisStreamARN(arn)?.name }

    /// Returns the ARN, which `DescribeStreamSummary` provides where it was not given.
    func resolvedARN(_ session: AWSSession) async throws -> String {
        _ = try stream.checked(in: session)
        if let arn { return arn }
        return try await stream.summary(session).arn
    }
}
