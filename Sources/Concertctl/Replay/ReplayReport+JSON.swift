import JSON
import Processor

/// JSON output; docs/replay.md documents its format.
extension ReplayReport {
    func json() -> JSONValue {
        JSONValue.object(
            ofPresent: [
                ("events", .integer(invocations.count)), ("bytes", .integer(bytes)), ("records", recordsValue),
                ("badRecords", badRecordsValue),
                ("unknownMembers", unknownMembers.findings.isEmpty ? nil : unknownMembers.json),
                (
                    "invocationErrors",
                    .array(invocationErrors.map { ["event": .string($0.event), "message": .string($0.message)] })
                ),
                ("poller", polling.map { Self.value(of: $0, invocations: invocations.count) }),
                (
                    "throughput",
                    [
                        "recordsPerSecond": .decimal(recordsPerSecond),
                        "megabytesPerSecond": .decimal(megabytesPerSecond),
                    ]
                ),
                ("latencyMilliseconds", Self.value(of: latencies)),
                (
                    "stagesMilliseconds",
                    .object(ofPresent: stages.map { ($0.name, Self.value(of: $0.times)) })
                ),
            ])
    }

    private var recordsValue: JSONValue {
        [
            "total": .integer(records),
            "byOutcome": .object(
                ofPresent: BatchReport.Disposition.allCases.map { ($0.rawValue, .integer(byOutcome[$0, default: 0])) }),
            "byKind": .object(
                ofPresent: kindCounts.map { ($0.name, .integer($0.count)) }),
        ]
    }

    private var badRecordsValue: JSONValue {
        let first = badRecords.map { bad in
            let record = bad.record
            return JSONValue.object(
                ofPresent: [
                    ("event", .string(bad.event)), ("file", bad.origin.map { .string($0.name) }),
                    ("line", bad.origin.map { .integer($0.line) }), ("kind", bad.identity.map { .string($0.kind) }),
                    ("id", bad.identity.map { .string($0.id) }), ("sequenceNumber", .string(record.sequenceNumber)),
                    ("subSequenceNumber", record.subSequenceNumber.map { .integer($0) }),
                    ("reason", .string(record.reason)), ("message", .string(record.message)),
                ])
        }
        return [
            "total": .integer(badRecordCount),
            "byReason": .object(
                ofPresent: byReason.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) }),
            "first": .array(first),
        ]
    }

    private static func value(of polling: Polling, invocations: Int) -> JSONValue {
        [
            "invocations": .integer(invocations), "retries": .integer(polling.retries), "cuts": .integer(polling.cuts),
            "discardedBatches": .integer(polling.discardedBatches),
            "discardedRecords": .integer(polling.discardedRecords),
            "windows": .array(
                polling.windows.map { shard, window in
                    [
                        "shardId": .string(shard), "start": .integer(Int(window.start)),
                        "end": .integer(Int(window.end)), "state": (try? JSONValue(parsing: window.state)) ?? .null,
                    ]
                }),
        ]
    }

    /// Returns the percentiles, rounded to microseconds.
    private static func value(of figures: Percentiles) -> JSONValue {
        .object(ofPresent: figures.reported.map { ($0.name, .decimal(($0.value * 1000).rounded() / 1000)) })
    }
}
