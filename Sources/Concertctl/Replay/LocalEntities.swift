import Foundation
import Processor
import Synchronization

/// The embedded sink for entities, which keeps the newest version of each entity, like the warehouse and the cache.
final class LocalEntities: RecordProcessor {
    let name = "local"
    private let entities = Mutex<[EntityKey: (version: RecordVersion, document: [UInt8])]>([:])

    func process(_ batch: RecordBatch, context: InvocationContext, outcomes: inout RecordOutcomes) async {
        entities.withLock { entities in
            for entity in batch.entities() {
                if let stored = entities[entity.key], stored.version.isNewer(than: entity.version) { continue }
                entities[entity.key] = (entity.version, batch.document(of: batch.records[entity.newest]))
            }
        }
        outcomes.markAll(.succeeded)
    }

    /// Returns the documents of one kind, ordered by ID.
    func documents(of schema: EntitySchema) -> [[UInt8]] {
        entities.withLock { entities in
            entities.filter { $0.key.schema == schema }.sorted { EntityKey.precedes($0.key, $1.key) }
                .map(\.value.document)
        }
    }
}

/// The embedded sink for dead letters, which keeps them in memory in their original order.
final class LocalDeadLetters: DeadLetterSink {
    private let letters = Mutex<[[UInt8]]>([])

    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout RecordOutcomes) async {
        self.letters.withLock { $0 += letters.map(\.body) }
        outcomes.markAll(.succeeded)
    }

    var bodies: [[UInt8]] { letters.withLock { $0 } }
}
