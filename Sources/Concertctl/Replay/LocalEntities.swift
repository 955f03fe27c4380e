import Foundation
import Processor
import Synchronization

/// Embedded sink: keeps the newest version of each entity, as the warehouse and the cache do.
///
/// A repeat and an older version change nothing: the later arrival wins, then the higher sequence number.
final class LocalEntities: ImmediateProcessor {
    let name = "local"
    private let entities = Mutex<[Payload.Kind: [String: Version]]>([:])

    private struct Version {
        var arrival: Int64
        var sequenceNumber: SequenceNumber
        var document: [UInt8]
    }

    func processImmediately(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) {
        entities.withLock { entities in
            for record in batch.records {
                let version = Version(
                    arrival: batch.arrivalMilliseconds(of: record.position) ?? 0,
                    sequenceNumber: batch.sequenceNumber(of: record.position),
                    document: batch.document(of: record.payload))
                let id = batch.string(record.payload.id)
                if let known = entities[record.payload.kind]?[id],
                    (known.arrival, known.sequenceNumber) > (version.arrival, version.sequenceNumber)
                {
                    continue
                }
                entities[record.payload.kind, default: [:]][id] = version
            }
        }
        outcomes.markAll(.succeeded)
    }

    /// The documents of one kind, in order of their IDs.
    func documents(of kind: Payload.Kind) -> [[UInt8]] {
        entities.withLock { ($0[kind] ?? [:]).sorted { $0.key < $1.key }.map(\.value.document) }
    }
}

/// Embedded sink: keeps what the cache would hold.
final class LocalCache: ImmediateProcessor {
    let name = "cache"
    private let contents = Mutex(CacheContents())

    func processImmediately(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) {
        contents.withLock { $0.take(batch) }
        outcomes.markAll(.succeeded)
    }

    /// Keys and what they hold, as JSON.
    var json: [UInt8] { Array(contents.withLock { $0.json }.prettyText.utf8) }
}

/// Embedded sink: keeps the SQL that the warehouse would be sent, transaction by transaction.
final class LocalWarehouse: ImmediateProcessor {
    let name = "redshift"
    private let transactions = Mutex<[[String]]>([])

    func processImmediately(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) {
        let made = WarehouseScript().transactions(of: batch, outcomes: &outcomes)
        transactions.withLock { $0 += made }
    }

    /// A script for a SQL client.
    var lines: [[UInt8]] {
        transactions.withLock { transactions in
            transactions.flatMap { ["BEGIN;"] + $0.map { $0 + ";" } + ["COMMIT;", ""] }.map { Array($0.utf8) }
        }
    }
}

/// Embedded sink for dead letters: keeps them in memory, in the order they came.
final class LocalDeadLetters: DeadLetterSink {
    private let letters = Mutex<[[UInt8]]>([])

    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout OutcomeSheet) async {
        self.letters.withLock { $0 += letters.map(\.body) }
        outcomes.markAll(.succeeded)
    }

    var bodies: [[UInt8]] { letters.withLock { $0 } }
}
