import Basics
import JSON

/// The aggregate format of the Kinesis Producer Library: many user records in one Kinesis record.
///
/// An aggregate consists of a magic number, a protobuf message, and the message's MD5:
/// `AggregatedRecord{1: repeated string partition keys, 2: repeated string hash keys, 3: repeated Record}`,
/// `Record{1: partition key index, 2: hash key index, 3: data, 4: tags}`.
///
/// Source: <https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md>
struct Aggregation: Sendable {
    /// One user record, as ranges of the aggregate.
    struct UserRecord: Sendable {
        var data: Range<Int>
        var partitionKey: Range<Int>
    }

    private(set) var records: [UserRecord] = []

    private static let magic: [4 of UInt8] = [0xF3, 0x89, 0x9A, 0xC2]
    private static let digestLength = MD5.length

    static func isAggregate(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 4 && (0..<4).allSatisfy { bytes.byte(at: $0) == magic[$0] }
    }

    /// - Throws: ``PayloadError`` with reason `kpl` if the aggregate is truncated or damaged.
    init(_ bytes: Span<UInt8>) throws(PayloadError) {
        let start = Self.magic.count
        guard bytes.count >= start + Self.digestLength else { throw Self.broken("it is cut short") }
        let message = start..<bytes.count - Self.digestLength
        guard MD5.digest(of: bytes.extracting(message)) == Self.digest(in: bytes) else {
            throw Self.broken("its MD5 does not match")
        }
        try read(message, of: bytes)
    }

    private mutating func read(_ message: Range<Int>, of bytes: Span<UInt8>) throws(PayloadError) {
        var partitionKeys: [Range<Int>] = []
        var hashKeys = 0
        var parsed: [(data: Range<Int>, partitionKey: UInt64, hashKey: UInt64?)] = []
        var reader = ProtobufReader(message)
        while let field = try reader.next(in: bytes) {
            switch (field.number, field.value) {
            case (1, .bytes(let key)): partitionKeys.append(key)
            case (2, .bytes): hashKeys += 1
            case (3, .bytes(let record)): parsed.append(try Self.record(record, of: bytes))
            case (1...3, _): throw Self.broken("it has a field of a wrong type")
            default: continue
            }
        }
        for (index, record) in parsed.enumerated() {
            guard record.partitionKey < UInt64(partitionKeys.count) else {
                throw Self.broken(
                    "user record \(index) names partition key \(record.partitionKey) of \(partitionKeys.count)")
            }
            if let hashKey = record.hashKey, hashKey >= UInt64(hashKeys) {
                throw Self.broken("user record \(index) names explicit hash key \(hashKey) of \(hashKeys)")
            }
            records.append(UserRecord(data: record.data, partitionKey: partitionKeys[Int(record.partitionKey)]))
        }
    }

    private static func record(
        _ message: Range<Int>, of bytes: Span<UInt8>
    ) throws(PayloadError) -> (data: Range<Int>, partitionKey: UInt64, hashKey: UInt64?) {
        var data: Range<Int>?
        var partitionKey: UInt64?
        var hashKey: UInt64?
        var reader = ProtobufReader(message)
        while let field = try reader.next(in: bytes) {
            switch (field.number, field.value) {
            case (1, .integer(let index)): partitionKey = index
            case (2, .integer(let index)): hashKey = index
            case (3, .bytes(let range)): data = range
            case (1...3, _): throw broken("it has a field of a wrong type")
            default: continue
            }
        }
        guard let data else { throw broken("a user record has no data") }
        guard let partitionKey else { throw broken("a user record names no partition key") }
        return (data, partitionKey, hashKey)
    }

    private static func broken(_ what: String) -> PayloadError {
        PayloadError(.kpl, "data is an aggregate, and \(what)")
    }

    private static func digest(in bytes: Span<UInt8>) -> [UInt8] {
        (bytes.count - digestLength..<bytes.count).map { bytes.byte(at: $0) }
    }
}
