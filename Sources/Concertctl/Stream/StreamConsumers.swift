import Clients
import JSON

/// A consumer with a throughput of its own, as AWS shows it.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ConsumerDescription.html>
struct StreamConsumerSummary: Sendable {
    var name: String
    var arn: String
    /// `CREATING`, `DELETING`, `ACTIVE`.
    var status: String
    /// The whole object.
    var json: JSONValue

    init(_ json: JSONValue) {
        name = json["ConsumerName"]?.string ?? ""
        arn = json["ConsumerARN"]?.string ?? ""
        status = json["ConsumerStatus"]?.string ?? ""
        self.json = json
    }
}

extension StreamSummary {
    /// All pages of `ListStreamConsumers`.
    func consumers(_ session: AWSSession) async throws -> [JSONValue] {
        try await Paging.all { token in
            let answer = try await session.send(consumerRequest("ListStreamConsumers", token: token)).json()
            return Page(answer["Consumers"]?.array ?? [], next: answer["NextToken"]?.string)
        }
    }

    /// Nil when no consumer of this name is registered.
    ///
    /// - Parameter planned: Whether a dry run takes it for registered.
    func consumer(
        _ name: String, _ session: AWSSession, planned: Bool = false
    ) async throws -> StreamConsumerSummary? {
        do {
            let request = consumerRequest("DescribeStreamConsumer", name: name)
                .standingIn(planned ? ["ConsumerDescription": placeholder(ofConsumer: name)] : [:])
            let answer = try await session.send(request).json()
            return answer["ConsumerDescription"].map(StreamConsumerSummary.init)
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }

    /// A consumer whose time of registration, which its ARN ends with, is not known.
    func placeholder(ofConsumer name: String) -> JSONValue {
        [
            "ConsumerName": .string(name), "ConsumerARN": .string("\(arn)/consumer/\(name):{TIME}"),
            "ConsumerStatus": "ACTIVE",
        ]
    }

    /// A call about this stream's consumers, which AWS takes by the stream's ARN alone.
    func consumerRequest(_ operation: String, name: String? = nil, token: String? = nil) -> AWSRequest {
        .kinesis(
            operation,
            .object(ofPresent: [
                ("StreamARN", .string(arn)), ("ConsumerName", name.map { .string($0) }),
                ("NextToken", token.map { .string($0) }),
            ]))
    }
}
