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
    /// Of each name in ``names``, with that of its object: names are found by these, for a start should not hash strings.
    private let hashes: [UInt64]

    init(_ schemas: [EntitySchema]) {
        var names: [String] = []
        var hashes: [UInt64] = []
        var owners: [String?] = []
        func add(_ member: String, of object: String? = nil) {
            let hash = Self.hash(member, of: object)
            if let known = hashes.firstIndex(of: hash) {
                precondition(
                    names[known].hasSameBytes(as: member) && (owners[known] ?? "").hasSameBytes(as: object ?? ""),
                    "\(member) and \(names[known]) have one hash; rename one of them")
                return
            }
            names.append(member)
            owners.append(object)
            hashes.append(hash)
        }
        for name in ["data_type", "payload", "data", "test"] { add(name) }
        for schema in schemas {
            for object in schema.objects { add(object) }
            for field in schema.fields { for case let object? in field.sources.map(\.object) { add(object) } }
        }
        let objectNames = names[Int(Self.firstObject)...]
        for schema in schemas {
            for field in schema.fields { for source in field.sources where source.object == nil { add(source.member) } }
        }
        let topLevelCount = names.count
        objects = objectNames.map { object in
            let start = UInt16(names.count)
            for schema in schemas {
                for field in schema.fields {
                    for source in field.sources where source.object?.hasSameBytes(as: object) == true {
                        add(source.member, of: object)
                    }
                }
            }
            let ids = start..<UInt16(names.count)
            return Object(members: KeyTable(ids.map { (names[Int($0)], $0) }), ids: ids)
        }
        precondition(names.count < Int(UInt16.max), "the kinds have too many members")
        members = KeyTable((0..<topLevelCount).map { (names[$0], UInt16($0)) })
        (self.names, self.hashes) = (names, hashes)
    }

    /// FNV-1a of the path; that no two paths of a catalog have the same one is checked when it is made.
    private static func hash(_ member: String, of object: String?) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        if let object {
            for byte in object.utf8 { add(byte) }
            add(UInt8(ascii: "."))
        }
        for byte in member.utf8 { add(byte) }
        return hash
    }

    /// The object whose members count, if the member `id` is one.
    @inline(__always)
    func objectIndex(_ id: UInt16) -> Int? {
        let index = Int(id) &- Int(Self.firstObject)
        return index >= 0 && index < objects.count ? index : nil
    }

    /// The ID of a member of the record, or of an object in it; traps where there is none.
    func id(of member: String, in object: String? = nil) -> UInt16 {
        guard let index = hashes.firstIndex(of: Self.hash(member, of: object)) else {
            preconditionFailure("no kind reads \(member)")
        }
        return UInt16(index)
    }

    func id(of source: FieldSource) -> UInt16 { id(of: source.member, in: source.object) }
}
