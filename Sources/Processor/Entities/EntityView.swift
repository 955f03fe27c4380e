/// A typed view of a record of one kind.
package protocol EntityView: Sendable {
    /// The built-in description of the kind.
    static var schema: EntitySchema { get }

    init(_ values: EntityValues)
}

/// A reference to a field of one kind, with the type of its values.
struct FieldHandle<Value>: Sendable {
    /// The index among the kind's fields.
    ///
    /// It stays valid because fields that a catalog adds follow the kind's own.
    let index: Int
}

/// The values of one record, in the order of its kind's fields.
package struct EntityValues: Sendable {
    private let all: [FieldValue]
    private let first: Int

    init(_ all: [FieldValue], from first: Int) { (self.all, self.first) = (all, first) }

    subscript<Value: FieldValueReadable>(field: FieldHandle<Value>) -> Value? { Value(all[first + field.index]) }
}

extension RecordBatch {
    /// Returns the record as a `View`; nil if it is of another kind.
    package func view<View: EntityView>(_ record: EntityRecord, as type: View.Type) -> View? {
        guard catalog[record.kind].describes(View.self) else { return nil }
        return View(EntityValues(storage.values, from: Int(record.firstValue)))
    }

    /// Returns the entity's key.
    package func id(of record: EntityRecord) -> Text {
        guard case .text(let id) = storage.values[Int(record.firstValue) + catalog[record.kind].keyIndex] else {
            return Text(start: 0, count: 0)
        }
        return id
    }

    /// Returns the values of the record's fields, in their order.
    func values(of record: EntityRecord) -> ArraySlice<FieldValue> {
        let first = Int(record.firstValue)
        return storage.values[first..<first + catalog[record.kind].fields.count]
    }
}
