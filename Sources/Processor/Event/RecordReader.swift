import Basics
import JSON

/// A reader of single records' data by the rules of the function, for the commands that read from and write to streams.
package struct RecordReader: Sendable {
    /// The content of a user record.
    package enum Content: Sendable, Equatable {
        /// An entity: its kind, and its document as stored in the cache.
        case entity(EntityKind, document: [UInt8])
        case test
        case bad(PayloadError)
    }

    /// A Kinesis record, or one of the records in an aggregate.
    package struct UserRecord: Sendable {
        /// The index in the aggregate; nil outside of one.
        package var subSequenceNumber: Int?
        /// The record's own bytes, unchanged.
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

    /// Calls `body` with each user record of a Kinesis record, in order, so that not all are in memory at once.
    ///
    /// A damaged aggregate is one bad record; an empty one has no user records.
    ///
    /// - Parameter data: The record's data, after decoding of base64.
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

    /// Decodes one user record.
    ///
    /// - Returns: Nil for a test record.
    private mutating func decode(_ data: [UInt8], isAggregated: Bool) throws(PayloadError) -> EntityRecord? {
        // Removes the content of the previous record.
        decoder.begin(deadline: .now)
        let position = RecordPosition(source: 0, subSequenceNumber: isAggregated ? 0 : nil)
        var records: [EntityRecord] = []
        try decoder.decode(data.span, at: position, into: &records)
        return records.first
    }
}

/// Checks for producers.
extension RecordReader {
    /// Returns the ID of the entity in `data`, and the error with which the function would reject the record.
    ///
    /// The ID is also returned for an invalid record, so that its order relative to other versions can be kept. It is nil for
    /// a test record, and if the record has none.
    ///
    /// - Parameter data: The data of a record that is not an aggregate.
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

    /// Returns the decompressed `data`; nil if it is not gzip data, or is damaged.
    package static func inflated(_ data: [UInt8]) -> [UInt8]? { inflated(data, limit: Gzip.limit) }

    /// Returns the decompressed `data`; nil if it is not gzip data, is damaged, or inflates to more than `limit` bytes.
    package static func inflated(_ data: [UInt8], limit: Int) -> [UInt8]? {
        guard Gzip.isGzip(data.span) else { return nil }
        var output: [UInt8] = []
        do throws(PayloadError) { try Gzip.inflate(data.span, limit: limit, into: &output) } catch { return nil }
        return output
    }
}
