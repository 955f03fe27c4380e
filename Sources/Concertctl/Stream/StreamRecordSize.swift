import Basics
import Clients

/// The size of the largest record that a stream accepts.
///
/// Source: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html>
enum StreamRecordSize {
    /// The range that AWS allows, in KiB.
    static let range = 1024...10_240
    /// The default limit, in KiB.
    static let standard = 1024

    static let option = Option<Int?>(
        "--max-record-size-in-ki-b", value: "KIB", range, "largest record that the stream accepts")

    static func desiredState(_ kibibytes: Int, of stream: StreamReference) -> DesiredState {
        DesiredState(
            what: "records of up to \(kibibytes) KiB", state: { "records of up to \(size(of: $0)) KiB" },
            isReached: { size(of: $0) == kibibytes },
            warning: { _ in
                fitsIntoAnEvent(kibibytes)
                    ? nil
                    : "a record of \(kibibytes) KiB exceeds the 6 MB limit of a Lambda event: Lambda does not "
                        + "deliver it to the function"
            },
            request: { summary in
                // This call takes no stream name.
                .kinesis(
                    "UpdateMaxRecordSize",
                    ["StreamARN": .string(summary.arn), "MaxRecordSizeInKiB": .integer(kibibytes)])
            })
    }

    private static func size(of summary: StreamSummary) -> Int { summary.maxRecordKibibytes ?? standard }

    /// Returns whether a Lambda event can contain a record of this size, in KiB.
    static func fitsIntoAnEvent(_ kibibytes: Int) -> Bool { FunctionLoad.maximumRecords(of: kibibytes << 10) > 0 }
}
