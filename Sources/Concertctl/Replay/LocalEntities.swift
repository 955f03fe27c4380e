import Foundation
import Processor
import Synchronization

/// Embedded sink: keeps the newest version of each entity, as the warehouse and the cache do.
final class LocalEntities: ImmediateProcessor {
    let name = "local"
    private let entities = Mutex<[EntityKey: (version: RecordVersion, document: [UInt8])]>([:])

    func processImmediately(_ batch: RecordBatch, context: InvocationContext, outcomes: inout OutcomeSheet) {
        entities.withLock { entities in
            for entity in batch.entities() {
                if let stored = entities[entity.key], stored.version.isNewer(than: entity.version) { continue }
                entities[entity.key] = (entity.version, batch.document(of: batch.records[entity.newest]))
            }
        }
        outcomes.markAll(.succeeded)
    }

    /// The documents of one kind, in order of their IDs.
    func documents(of schema: EntitySchema) -> [[UInt8]] {
        entities.withLock { entities in
            entities.filter { $0.key.schema == schema }.sorted { EntityKey.precedes($0.key, $1.key) }
                .map(\.value.document)
        }
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
