import Basics
import Foundation
import JSON
import Processor

/// The kind and the ID of a record, as far as they can be read from a record that may be invalid.
struct RecordIdentity {
    var kind: String
    var id: String

    /// The most bytes of an ID that messages show.
    private static let idLimit = 100

    /// Returns nil if the record is not one JSON object with an ID.
    ///
    /// - Parameters:
    ///   - event: A Kinesis event.
    ///   - elements: The ranges of its records.
    init?(ofRecord sequenceNumber: String, in event: [UInt8], _ elements: [Range<Int>]) {
        let digits = Array(sequenceNumber.utf8)
        // The digits may also be a part of another record's number, or of its data.
        let records = elements.lazy.filter { event[$0].range(of: digits) != nil }
            .compactMap { try? JSONValue(parsing: Array(event[$0])) }
        let record = records.first { $0["kinesis"]?["sequenceNumber"]?.string?.utf8.elementsEqual(digits) ?? false }
        guard let data = record?["kinesis"]?["data"]?.string.flatMap({ Data(base64Encoded: $0) }) else { return nil }
        let bytes = Array(data)
        guard let payload = try? JSONValue(parsing: InputFile.inflated(bytes) ?? bytes) else { return nil }
        self.init(payload["payload"] ?? payload["data"] ?? payload, dataType: payload["data_type"]?.string)
    }

    /// - Parameter dataType: The kind that the record names, if it does.
    private init?(_ payload: JSONValue, dataType: String?) {
        let named = dataType.map { Array($0.lowercased().utf8) }
        for schema in EntityCatalog.builtIn.inferred {
            let names = schema.dataTypes + schema.otherDataTypes
            if let named, !names.contains(where: { $0.utf8.elementsEqual(named) }) { continue }
            guard let key = schema.fields.first(where: { $0.presence == .key }) else { continue }
            for source in key.sources where source.object == nil {
                guard let id = payload[source.member]?.string, !id.isEmpty, id.utf8.count <= Self.idLimit else {
                    continue
                }
                (kind, self.id) = (schema.name, id)
                return
            }
        }
        return nil
    }
}
