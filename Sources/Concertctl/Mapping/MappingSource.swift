import Basics
import Clients

/// The event source of a mapping: a stream, or a consumer with enhanced fan-out.
struct MappingSource: Sendable, Equatable {
    static let eventSourceARN = Option<String?>(
        "--event-source-arn", value: "ARN", "ARN of the stream, or of a consumer with enhanced fan-out")

    let stream: StreamReference
    /// The ARN of the stream or the consumer, or nil if only the name of the stream is known.
    let arn: String?

    /// Reads the options, and fails if neither an option nor a variable names a stream.
    ///
    /// - Parameter streamName: The option for the name of the stream.
    init?(_ input: Input, streamName option: Option<String?> = SharedOption.streamName) throws(UsageError) {
        switch (try input[Self.eventSourceARN], input.has(option)) {
        case (_?, true):
            throw UsageError(description: "--event-source-arn and --stream-name cannot be combined")
        case (let arn?, false): try self.init(arn: arn)
        case (nil, _):
            guard let name = try input[option] else { return nil }
            let isARN = name.utf8.starts(with: "arn:".utf8)
            if isARN { try self.init(arn: name) } else { try self.init(streamName: name) }
        }
    }

    private init(streamName: String) throws(UsageError) { (stream, arn) = (try StreamReference(streamName), nil) }

    /// - Throws: ``UsageError`` unless `arn` is the ARN of a stream or a consumer.
    init(arn: String) throws(UsageError) {
        guard let source = KinesisStreamARN(arn) else {
            let other = ARN(arn).flatMap { $0.service == "kinesis" ? nil : " (its service is \($0.service))" } ?? ""
            throw UsageError(
                description: "invalid ARN of a Kinesis stream \"\(arn)\"\(other); expected "
                    + "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME, with /consumer/NAME:TIME for enhanced fan-out")
        }
        (stream, self.arn) = (try StreamReference(source.arn.description), arn)
    }

    /// Returns `NAME` or `NAME/consumer/CONSUMER:TIME`.
    static func shortName(_ arn: String) -> String {
        guard let source = KinesisStreamARN(arn) else { return arn }
        return source.name + (source.consumer.map { "/consumer/\($0)" } ?? "")
    }

    /// Returns the name of the stream in the ARN of a stream or a consumer, or nil for other event sources.
    static func streamName(_ arn: String) -> String? { KinesisStreamARN(arn)?.name }

    /// Returns the ARN, with a call to `DescribeStreamSummary` if it was not given.
    func resolvedARN(_ session: AWSSession) async throws -> String {
        _ = try stream.checked(in: session)
        if let arn { return arn }
        return try await stream.summary(session).arn
    }
}
