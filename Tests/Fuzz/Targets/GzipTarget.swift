@testable import Processor

/// Gzip data, random or created by zlib: decompressed to the original data within the limit.
struct GzipTarget: FuzzTarget {
    private var output: [UInt8] = []

    init() {}

    mutating func check(_ bytes: [UInt8]) {
        do throws(PayloadError) {
            try Gzip.inflate(bytes.span, into: &output)
            mustHold(output.count <= Gzip.limit, "inflated to \(output.count) bytes")
        } catch {
            mustHold(error.reason == .gzip, "refused for \(error.reason)")
        }
        guard let member = Gzip.deflate(bytes) else { fatalError("not deflated") }
        do throws(PayloadError) { try Gzip.inflate((member + member).span, into: &output) } catch {
            fatalError("\(error)")
        }
        mustHold(output == bytes + bytes, "two members are not what was deflated")
        var reader = RecordReader()
        let plain = reader.only(bytes)
        // Nested members, and an aggregate within one, are rejected although the unnested one is accepted.
        if !Gzip.isGzip(bytes.span), !Aggregation.isAggregate(bytes.span) {
            mustHold(reader.only(member) == plain, "compressed, it is another record")
        }
    }
}
