import FoundationEssentials
import JSON

/// A tumbling window of a shard, whose state is passed from one invocation to the next.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
package struct PolledWindow: Sendable, Equatable {
    /// The start in milliseconds since the Unix epoch, inclusive.
    package let start: Int64
    /// The end in milliseconds since the Unix epoch, exclusive.
    package let end: Int64
    /// The state that the last invocation returned, as JSON; `{}` in the first.
    package internal(set) var state = Array("{}".utf8)
    /// Whether this is the window's final invocation, which contains no records.
    package internal(set) var isFinal = false
    /// Whether the window ends early because its state has become too large.
    package internal(set) var isEndedEarly = false
    let streamARN: String?

    /// The maximum size of a state in bytes.
    static let stateLimit = 1 << 20

    /// Creates the window of the given length that contains a record's arrival.
    init(arrival: Int64, length: Int64, streamARN: String?) {
        start = arrival - arrival % length
        end = start + length
        self.streamARN = streamARN
    }

    /// Writes the event's members for the window, next to its records.
    func write(to writer: inout JSONWriter, shard: String) {
        func text(_ milliseconds: Int64) -> String {
            Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(.iso8601)
        }
        writer.key("window")
        writer.openObject()
        writer.key("start")
        writer.string(text(start))
        writer.key("end")
        writer.string(text(end))
        writer.closeObject()
        writer.key("state")
        writer.raw(state.span)
        writer.key("shardId")
        writer.string(shard)
        writer.key("eventSourceARN")
        writer.string(streamARN ?? "")
        writer.key("isFinalInvokeForWindow")
        writer.bool(isFinal)
        writer.key("isWindowTerminatedEarly")
        writer.bool(isEndedEarly)
    }
}
