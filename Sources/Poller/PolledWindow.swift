import FoundationEssentials
import JSON

/// A tumbling window of a shard: what happened in it is handed from invocation to invocation as a state.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html>
public struct PolledWindow: Sendable, Equatable {
    /// In milliseconds since the Unix epoch; records that arrived from then on belong to it.
    public let start: Int64
    /// In milliseconds since the Unix epoch; records that arrived then or later do not.
    public let end: Int64
    /// What the last invocation answered, as JSON; `{}` in the first.
    public internal(set) var state = Array("{}".utf8)
    /// Whether the window's last invocation is at hand, which has no records.
    public internal(set) var isFinal = false
    /// Whether it ends before its time, because the state has grown too large.
    public internal(set) var isEndedEarly = false
    let streamARN: String?

    /// Bytes of a state, at most.
    static let stateLimit = 1 << 20

    /// The window of this length that a record falls into.
    init(arrival: Int64, length: Int64, streamARN: String?) {
        start = arrival - arrival % length
        end = start + length
        self.streamARN = streamARN
    }

    /// Writes what an event says of the window, as members beside its records.
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
