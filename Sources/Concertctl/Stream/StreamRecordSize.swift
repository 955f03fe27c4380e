import Clients

/// The size of the largest record that a stream takes.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html>
enum StreamRecordSize {
    /// In KiB.
    static let range = 1024...10_240
    /// The limit of a stream whose limit was never changed.
    static let standard = 1024

    static let option = Option<Int?>(
        "--max-record-size-in-ki-b", value: "KIB", range, "largest record that the stream takes")

    static func goal(_ kibibytes: Int, of stream: StreamReference) -> StreamGoal {
        StreamGoal(
            what: "records of up to \(kibibytes) KiB", state: { "records of up to \(size(of: $0)) KiB" },
            isReached: { size(of: $0) == kibibytes },
            warning: { _ in
                fitsIntoAnEvent(kibibytes)
                    ? nil
                    : "a record of \(kibibytes) KiB does not fit into the 6 MB of a Lambda event: Lambda does not "
                        + "deliver it to the function"
            },
            request: { summary in
                // This call takes no name.
                .kinesis(
                    "UpdateMaxRecordSize",
                    ["StreamARN": .string(summary.arn), "MaxRecordSizeInKiB": .integer(kibibytes)])
            })
    }

    private static func size(of summary: StreamSummary) -> Int { summary.maxRecordKibibytes ?? standard }

    /// Whether a record of this size, in KiB, can reach a function.
    static func fitsIntoAnEvent(_ kibibytes: Int) -> Bool { FunctionLoad.maximumRecords(of: kibibytes << 10) > 0 }
}
