import Basics
import Clients
import JSON

/// An enhanced fan-out consumer, as AWS describes it.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ConsumerDescription.html>
struct StreamConsumerSummary: Sendable {
    var name: String
    var arn: String
    /// `CREATING`, `DELETING`, `ACTIVE`.
    var status: String
    /// The consumer as the API describes it.
    var json: JSONValue

    init(_ json: JSONValue) {
        name = json["ConsumerName"]?.string ?? ""
        arn = json["ConsumerARN"]?.string ?? ""
        status = json["ConsumerStatus"]?.string ?? ""
        self.json = json
    }
}

extension StreamSummary {
    /// Returns all pages of `ListStreamConsumers`.
    func consumers(_ session: AWSSession) async throws -> [JSONValue] {
        try await Paging.all { token in
            let answer = try await session.send(consumerRequest("ListStreamConsumers", token: token)).json()
            return Page(answer["Consumers"]?.array ?? [], next: answer["NextToken"]?.string)
        }
    }

    /// Returns the consumer, or nil if no consumer with this name is registered.
    ///
    /// - Parameter planned: Whether a dry run assumes that it is registered.
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

    /// Returns a placeholder for a consumer; its registration time, at the end of the ARN, is not known.
    func placeholder(ofConsumer name: String) -> JSONValue {
        [
            "ConsumerName": .string(name), "ConsumerARN": .string("\(arn)/consumer/\(name):{TIME}"),
            "ConsumerStatus": "ACTIVE",
        ]
    }

    /// Returns a request about this stream's consumers, which AWS identifies by the stream's ARN only.
    func consumerRequest(_ operation: String, name: String? = nil, token: String? = nil) -> AWSRequest {
        .kinesis(
            operation,
            .object(ofPresent: [
                ("StreamARN", .string(arn)), ("ConsumerName", name.map { .string($0) }),
                ("NextToken", token.map { .string($0) }),
            ]))
    }
}
