import Foundation

/// A saved event and the expected response.
struct Fixture: Sendable {
    let name: String
    let event: [UInt8]
    let response: JSONValue

    private static let folder = Repository.root.appendingPathComponent("Fixtures/kinesis")

    init(named name: String) throws {
        self.name = name
        event = Array(try Data(contentsOf: Self.folder.appendingPathComponent("\(name).event.json")))
        response = try JSONValue(parsing: Data(contentsOf: Self.folder.appendingPathComponent("\(name).response.json")))
    }

    /// All fixtures, by name.
    static func all() throws -> [Fixture] {
        let ending = ".event.json"
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(ending) }.sorted()
            .map { try Fixture(named: String($0.dropLast(ending.count))) }
    }
}

/// A generated event.
struct MadeEvent {
    private var records: [String] = []

    /// Returns the sequence number of the record at `index`.
    static func sequenceNumber(_ index: Int) -> String {
        "4966743289105634211748592036174862327021296236\(10_000_000 + index)"
    }

    /// The event's bytes.
    var bytes: [UInt8] { Array("{\"Records\":[\(records.joined(separator: ","))]}".utf8) }

    /// Appends a record with this text as its data.
    mutating func append(_ data: String) {
        let number = Self.sequenceNumber(records.count)
        records.append(
            #"{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"p","sequenceNumber":"\#(number)","#
                + #""data":"\#(Data(data.utf8).base64EncodedString())","approximateArrivalTimestamp":1794198257.237},"#
                + #""eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:\#(number)","#
                + #""eventName":"aws:kinesis:record","invokeIdentityArn":"arn:aws:iam::123456789012:role/r","#
                + #""awsRegion":"us-east-1","#
                + #""eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/concert-data-stream"}"#)
    }

    /// Returns artists with a number of bytes that the decoder skips.
    static func artists(_ count: Int, padding: Int = 0) -> MadeEvent {
        var event = MadeEvent()
        let padding = padding > 0 ? #","raw_data":{"note":"\#(String(repeating: "x", count: padding))"}"# : ""
        for index in 0..<count {
            event.append(#"{"data_type":"artists","artist_id":"a\#(index)","name":"Artist \#(index)"\#(padding)}"#)
        }
        return event
    }
}
