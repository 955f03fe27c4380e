import JSON

@testable import Processor

/// An event in the format of the event source mapping.
struct EventText {
    /// One record; members that are nil are omitted.
    struct Record {
        var data: String
        var sequenceNumber: String
        var partitionKey: String? = "key"
        var arrival: String? = "1794198257.237"
        var eventID: String? = "shardId-000000000007:1"
        /// The text in the event, valid or not.
        var subSequenceNumber: String?
        var streamARN: String? = "arn:aws:kinesis:us-east-1:123456789012:stream/concerts"

        /// - Parameter text: The data before base64 encoding.
        init(_ text: String, _ sequenceNumber: String) { self.init(bytes: Array(text.utf8), sequenceNumber) }

        init(bytes: [UInt8], _ sequenceNumber: String) {
            self.init(base64: Base64Text.encode(bytes.span), sequenceNumber)
        }

        /// - Parameter base64: The data in the event, valid or not.
        init(base64: String, _ sequenceNumber: String) { (data, self.sequenceNumber) = (base64, sequenceNumber) }

        fileprivate var text: String {
            let kinesis = [
                partitionKey.map { #""partitionKey":"\#($0)""# }, #""sequenceNumber":"\#(sequenceNumber)""#,
                #""data":"\#(data)""#, subSequenceNumber.map { #""subSequenceNumber":\#($0)"# },
                arrival.map { #""approximateArrivalTimestamp":\#($0)"# },
            ]
            let record = [
                #""kinesis":{\#(kinesis.compactMap(\.self).joined(separator: ","))}"#, #""eventSource":"aws:kinesis""#,
                eventID.map { #""eventID":"\#($0)""# }, streamARN.map { #""eventSourceARN":"\#($0)""# },
            ]
            return "{" + record.compactMap(\.self).joined(separator: ",") + "}"
        }
    }

    var records: [Record]
    /// The event's other members, such as `"window":{},`.
    var before = ""

    init(_ records: [Record], before: String = "") { (self.records, self.before) = (records, before) }

    var bytes: [UInt8] { Array("{\(before)\"Records\":[\(records.map(\.text).joined(separator: ","))]}".utf8) }
}

/// Payloads, good and bad.
enum Sample {
    static func artist(_ id: String) -> String { #"{"artist_id":"\#(id)","name":"Name"}"# }

    static let concert = #"{"concert_id":"c","event_date":"2026-11-08"}"#
    static let venue = #"{"venue_id":"v","name":"V","city":"Bern","country":"CH"}"#
    static let sale =
        #"{"sale_id":"s","concert_id":"c","ticket_tier":"vip","quantity":2,"unit_price":5.5,"purchase_timestamp":"2026-01-02"}"#
    static let test = #"{"test":true}"#
    /// A payload that is rejected with reason `missing`.
    static let nameless = #"{"artist_id":"a"}"#
}

extension RecordBatch {
    /// Decodes the event, and returns the batch.
    init(decoding event: EventText, _ catalog: EntityCatalog = .builtIn) throws {
        self.init(catalog)
        var decoder = EventDecoder(catalog)
        let bytes = event.bytes
        try decoder.decode(bytes, 0..<bytes.count, into: &self, deadline: .now + .seconds(3600))
    }
}
