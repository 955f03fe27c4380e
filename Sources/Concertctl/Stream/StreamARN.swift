import Clients

/// The parts of a stream's ARN.
struct StreamARN: Sendable, Equatable {
    var partition: String
    var region: String
    var account: String

    init(partition: String, region: String, account: String) {
        (self.partition, self.region, self.account) = (partition, region, account)
    }

    /// - Parameter text: Such as `arn:aws:kinesis:us-east-1:123456789012:stream/NAME`.
    init(parsing text: String) throws(CommandError) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "kinesis" else {
            throw CommandError(description: "\"\(text)\" is no stream's ARN")
        }
        self.init(partition: parts[1], region: parts[3], account: parts[4])
    }
}
