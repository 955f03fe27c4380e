import JSON

/// The members of records that mean something to any kind, each with an ID; all others are skipped.
///
/// A class, so that the decoder hands it on without a copy; it never changes.
final class RecordKeys: Sendable {
    /// A member that is an object whose own members are read, too.
    struct Object: Sendable {
        let members: KeyTable
        /// The IDs of ``members``.
        let ids: Range<UInt16>
    }

    /// Members around an entity.
    static let dataType: UInt16 = 0
    static let payload: UInt16 = 1
    static let data: UInt16 = 2
    static let test: UInt16 = 3
    /// The ID of the first of ``objects``; the others follow.
    static let firstObject: UInt16 = 4

    /// Members of the record itself.
    let members: KeyTable
    let objects: [Object]
    /// Names by ID, those in objects without the object's.
    let names: [String]
    private let ids: [String: UInt16]

    init(_ schemas: [EntitySchema]) {
        var names = ["data_type", "payload", "data", "test"]
        var ids: [String: UInt16] = [:]
        func add(_ name: String, path: String) {
            guard ids[path] == nil else { return }
            ids[path] = UInt16(names.count)
            names.append(name)
        }
        for (index, name) in names.enumerated() { ids[name] = UInt16(index) }
        let sources = schemas.flatMap { $0.fields.flatMap(\.sources) }
        var objectNames: [String] = []
        for name in schemas.flatMap(\.objects) + sources.compactMap(\.object) where ids[name] == nil {
            objectNames.append(name)
            add(name, path: name)
        }
        for source in sources where source.object == nil { add(source.member, path: source.path) }
        let topLevel = ids.map { (key: $0.key, id: $0.value) }
        objects = objectNames.map { object in
            let start = UInt16(names.count)
            for source in sources where source.object == object { add(source.member, path: source.path) }
            let range = start..<UInt16(names.count)
            return Object(members: KeyTable(range.map { (names[Int($0)], $0) }), ids: range)
        }
        precondition(names.count < Int(UInt16.max), "the kinds have too many members")
        members = KeyTable(topLevel.sorted { $0.id < $1.id })
        (self.names, self.ids) = (names, ids)
    }

    /// The object whose members count, if the member `id` is one.
    @inline(__always)
    func objectIndex(_ id: UInt16) -> Int? {
        let index = Int(id) &- Int(Self.firstObject)
        return index >= 0 && index < objects.count ? index : nil
    }

    /// The ID of a member of the record, or of an object in it; traps where there is none.
    func id(of path: String) -> UInt16 {
        guard let id = ids[path] else { preconditionFailure("no kind reads \(path)") }
        return id
    }
}
