import CCrypto

@testable import Processor

/// The messages of aggregates, each with a valid checksum, because none would be parsed otherwise.
struct AggregationTarget: FuzzTarget {
    private var payloads = PayloadTarget()

    init() {}

    mutating func check(_ bytes: [UInt8]) {
        var digest = [UInt8](repeating: 0, count: 16)
        unsafe _ = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_md5(), nil)
        let data = [0xF3, 0x89, 0x9A, 0xC2] + bytes + digest
        do throws(PayloadError) {
            for record in try Aggregation(data.span).records {
                mustHold(record.data.upperBound <= data.count - 16, "a record ends at \(record.data.upperBound)")
                mustHold(record.partitionKey.upperBound <= data.count - 16, "a key ends behind the message")
            }
        } catch {
            mustHold(error.reason == .kpl, "refused for \(error.reason)")
        }
        payloads.check(data)
    }
}
