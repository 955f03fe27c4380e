import Clients
import JSON

/// One of a stream's shards, as far as people look at it.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Shard.html>
struct Shard: Sendable {
    var id: String
    /// Whether records can still be put on it.
    var isOpen: Bool
    var hashKeys: ClosedRange<UInt128>?
    /// The shards that it was split from or merged of.
    var parents: [String]

    init(_ shard: JSONValue) {
        id = shard["ShardId"]?.string ?? ""
        isOpen = shard["SequenceNumberRange"]?["EndingSequenceNumber"]?.string == nil
        parents = ["ParentShardId", "AdjacentParentShardId"].compactMap { shard[$0]?.string }
        let range = shard["HashKeyRange"]
        if let low = range?["StartingHashKey"]?.string.flatMap({ UInt128($0) }),
            let high = range?["EndingHashKey"]?.string.flatMap({ UInt128($0) }), low <= high
        {
            hashKeys = low...high
        }
    }

    /// Its range as the first 8 of each key's 32 hexadecimal digits, such as `80000000-ffffffff`.
    var hashKeyText: String {
        guard let hashKeys else { return "" }
        return [hashKeys.lowerBound, hashKeys.upperBound].map { key in
            let digits = String(key >> 96, radix: 16)
            return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
        }.joined(separator: "-")
    }

    /// How much of all keys falls on it, such as `33.3 %`.
    var share: String {
        guard let hashKeys else { return "" }
        let thousandths = (Double(hashKeys.upperBound - hashKeys.lowerBound) / Double(UInt128.max) * 1000).rounded()
        return "\(thousandths / 10) %"
    }
}

extension StreamReference {
    /// All pages of `ListShards`, closed shards included.
    func shards(_ session: AWSSession) async throws -> [JSONValue] {
        try await Paging.all { token in
            // With a token AWS refuses the stream's name.
            let answer = try await session.send(
                token.map { .kinesis("ListShards", ["NextToken": .string($0)]) } ?? request("ListShards")
            ).json()
            return Page(answer["Shards"]?.array ?? [], next: answer["NextToken"]?.string)
        }
    }
}
