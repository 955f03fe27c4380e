import Foundation
import Processor
import Synchronization

/// Embedded sink: keeps the newest version of each entity, as the warehouse and the cache do.
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

    /// The documents of one kind, in order of their IDs.
    func documents(of schema: EntitySchema) -> [[UInt8]] {
        entities.withLock { entities in
            entities.filter { $0.key.schema == schema }.sorted { EntityKey.precedes($0.key, $1.key) }
                .map(\.value.document)
        }
    }
}

/// Embedded sink for dead letters: keeps them in memory, in the order they came.
final class LocalDeadLetters: DeadLetterSink {
    private let letters = Mutex<[[UInt8]]>([])

    func write(_ letters: [DeadLetter], context: InvocationContext, outcomes: inout RecordOutcomes) async {
        self.letters.withLock { $0 += letters.map(\.body) }
        outcomes.markAll(.succeeded)
    }

    var bodies: [[UInt8]] { letters.withLock { $0 } }
}
