import JSON

/// A generator of Lambda events as from a Kinesis stream of concert data; the same seed produces the same bytes.
///
/// One generator represents one shard, and each event continues where the previous one ended: sequence numbers and
/// arrival times only increase. Entities come from finite pools, so later records contain new versions of earlier ones.
/// Every record is valid; the fixtures contain bad records.
package struct EventGenerator: Sendable {
    /// The size of a record.
    package enum Size: String, Sendable, CaseIterable {
        /// Required fields with short texts, bare objects, short names in the ARNs, and fewer ticket sales, whose
        /// required fields are the longest: an event with 10,000 records, the maximum batch size, stays below Lambda's
        /// limit of 6 MiB.
        ///
        /// The envelope takes most of that.
        case compact
        /// The producers' full format including `raw_data`: about 1.6 KB of the event for each record, so that 3,500
        /// records fill an invocation.
        case full
    }

    let size: Size
    let catalogue: Catalogue
    /// The random numbers of the payloads.
    var random: SplitMix64
    /// The arrival time of the current record.
    private(set) var now = Moment(microseconds: 1_794_139_200 * Moment.second)
    /// The number of sales so far.
    var saleCount = 0
    private var position: ShardPosition

    package init(seed: UInt64 = 1, size: Size = .full) {
        self.size = size
        catalogue = Catalogue(seed: seed)
        random = catalogue.random(for: .payloads)
        position = ShardPosition(random: catalogue.random(for: .positions))
    }

    /// Returns one Lambda event with `records` records, as delivered by Lambda's poller (compact JSON, base64 data).
    ///
    /// Its payloads are those that the same number of ``payload()`` calls would have returned.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html>
    package mutating func event(records: Int) -> [UInt8] {
        var payload = PythonJSONWriter()
        var data: [UInt8] = []
        var event = JSONWriter()
        event.openObject()
        event.key("Records")
        event.openArray()
        for _ in 0..<records {
            payload.removeAll()
            let partitionKey = writePayload(to: &payload)
            data.removeAll(keepingCapacity: true)
            Base64Text.append(payload.bytes.span, to: &data)
            writeRecord(data, partitionKey: partitionKey, to: &event)
        }
        event.closeArray()
        event.closeObject()
        return event.bytes
    }

    /// Returns the payload of one record in the producers' format: JSON in the style of Python's `json.dumps`.
    package mutating func payload() -> [UInt8] {
        var payload = PythonJSONWriter()
        _ = writePayload(to: &payload)
        return payload.bytes
    }

    /// - Returns: The entity's ID, which the producers use as the partition key.
    private mutating func writePayload(to payload: inout PythonJSONWriter) -> String {
        now = now + Int64(random.within(1...25)) * 1000
        switch size {
        case .compact: return writeCompactPayload(to: &payload)
        case .full: return writeFullPayload(to: &payload)
        }
    }

    private mutating func writeRecord(_ data: [UInt8], partitionKey: String, to event: inout JSONWriter) {
        let sequenceNumber = position.next()
        event.openObject()
        event.key("kinesis")
        event.openObject()
        event.key("kinesisSchemaVersion")
        event.string("1.0")
        event.key("partitionKey")
        event.string(partitionKey)
        event.key("sequenceNumber")
        event.string(sequenceNumber)
        event.key("data")
        event.string(data.span)
        event.key("approximateArrivalTimestamp")
        event.number(Double(now.microseconds / 1000) / 1000)
        event.closeObject()
        event.key("eventSource")
        event.string("aws:kinesis")
        event.key("eventVersion")
        event.string("1.0")
        event.key("eventID")
        event.string("shardId-000000000000:" + sequenceNumber)
        event.key("eventName")
        event.string("aws:kinesis:record")
        event.key("invokeIdentityArn")
        event.string("arn:aws:iam::123456789012:role/" + (size == .full ? "concert-data-processor-role" : "concerts"))
        event.key("awsRegion")
        event.string("us-east-1")
        event.key("eventSourceARN")
        event.string(
            "arn:aws:kinesis:us-east-1:123456789012:stream/" + (size == .full ? "concert-data-stream" : "concerts"))
        event.closeObject()
    }
}

/// The position in a shard: a sequence number of 56 digits, each higher than the previous one.
private struct ShardPosition: Sendable {
    var random: SplitMix64
    /// The last 18 digits of the number; enough for hundreds of millions of steps.
    private var end = 100_000_000_000_000_000

    init(random: SplitMix64) { self.random = random }

    mutating func next() -> String {
        end += random.within(1...1_000_000_000)
        return "49667432891056342117485920361748604380\(end)"
    }
}
