import JSON

/// Reads single records' data as the function would, for people who look at a stream or feed it.
package struct RecordReader: Sendable {
    /// What a user record holds.
    package enum Content: Sendable, Equatable {
        /// An entity: its kind, and its document as the cache holds it.
        case entity(EntityKind, document: [UInt8])
        case test
        case bad(PayloadError)
    }

    /// A Kinesis record, or one of those that an aggregate holds.
    package struct UserRecord: Sendable {
        /// Its place in the aggregate; nil outside of one.
        package var subSequenceNumber: Int?
        /// Its own bytes, as they were put.
        package var data: [UInt8]
        package var content: Content

        package init(subSequenceNumber: Int? = nil, data: [UInt8], content: Content) {
            (self.subSequenceNumber, self.data, self.content) = (subSequenceNumber, data, content)
        }
    }

    package let catalog: EntityCatalog
    private var decoder: DataDecoder
    private var batch: RecordBatch

    package init(_ catalog: EntityCatalog = .builtIn) {
        self.catalog = catalog
        decoder = DataDecoder(catalog)
        batch = RecordBatch(catalog)
    }

    /// Hands over the user records of a Kinesis record in order, one at a time, for they may be many and large.
    ///
    /// An aggregate that is damaged is one bad record; one without any records hands over none.
    ///
    /// - Parameter data: The record's data, base64 already decoded.
    package mutating func forEachRecord(in data: [UInt8], _ body: (UserRecord) -> Void) {
        guard Aggregation.isAggregate(data.span) else {
            return body(UserRecord(data: data, content: content(of: data, isAggregated: false)))
        }
        do throws(PayloadError) {
            for (index, record) in try Aggregation(data.span).records.enumerated() {
                let own = Array(data[record.data])
                body(
                    UserRecord(
                        subSequenceNumber: index, data: own, content: content(of: own, isAggregated: true)))
            }
        } catch {
            body(UserRecord(data: data, content: .bad(error)))
        }
    }

    private mutating func content(of data: [UInt8], isAggregated: Bool) -> Content {
        do throws(PayloadError) {
            guard let record = try decode(data, isAggregated: isAggregated) else { return .test }
            swap(&batch.storage, &decoder.payloads.storage)
            defer { swap(&batch.storage, &decoder.payloads.storage) }
            return .entity(record.kind, document: batch.document(of: record))
        } catch {
            return .bad(error)
        }
    }

    /// - Returns: Nil for a test record.
    private mutating func decode(_ data: [UInt8], isAggregated: Bool) throws(PayloadError) -> EntityRecord? {
        // What the last record kept is forgotten.
        decoder.begin(deadline: .now)
        let position = RecordPosition(source: 0, subSequenceNumber: isAggregated ? 0 : nil)
        var records: [EntityRecord] = []
        try decoder.decode(data.span, at: position, into: &records)
        return records.first
    }
}

/// What a producer asks before it puts a record.
extension RecordReader {
    /// The ID of the entity that `data` has, and the error with which the function would reject the record.
    ///
    /// The ID is found in every shape of record, also where another rule is broken: a version that is bad must still not
    /// overtake a good one. Nil for a test record, and where there is none.
    ///
    /// - Parameter data: Of a record that is not an aggregate.
    package mutating func identify(_ data: [UInt8]) -> (id: String?, error: PayloadError?) {
        do throws(PayloadError) {
            guard let record = try decode(data, isAggregated: false) else { return (nil, nil) }
            swap(&batch.storage, &decoder.payloads.storage)
            defer { swap(&batch.storage, &decoder.payloads.storage) }
            return (batch.string(batch.id(of: record)), nil)
        } catch {
            return (decoder.payloads.idOfBadRecord(data.span), error)
        }
    }

    /// What `data` inflates to; nil when it is no gzip data, or damaged.
    package static func inflated(_ data: [UInt8]) -> [UInt8]? { inflated(data, limit: Gzip.limit) }

    /// What `data` inflates to; nil when it is not gzip data, damaged, or more than `limit` bytes.
    package static func inflated(_ data: [UInt8], limit: Int) -> [UInt8]? {
        guard Gzip.isGzip(data.span) else { return nil }
        var output: [UInt8] = []
        do throws(PayloadError) { try Gzip.inflate(data.span, limit: limit, into: &output) } catch { return nil }
        return output
    }
}
