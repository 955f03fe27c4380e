import JSON

/// The members of records that mean something to any kind, each with an ID; all others are skipped.
///
/// A class, so that the decoder hands it on without a copy; it never changes.
final class RecordKeys: Sendable {
    /// Members around an entity.
    static let dataType: UInt16 = 0
    static let test: UInt16 = 1
    static let payload: UInt16 = 2
    static let data: UInt16 = 3
    /// The ID of the first of ``objects``; the others follow.
    static let firstObject: UInt16 = 4

    /// Members of the record itself, and in a scope of its own those of each object whose own members are read, too: the
    /// object's ID.
    let members: KeyTable
    /// The IDs of each object's members.
    private let objects: [Range<UInt16>]
    /// Of `payload` and `data`, and of ``objects``: members whose own members may count.
    private let containerCount: UInt16
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
        for name in ["data_type", "test", "payload", "data"] { add(name) }
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
            return start..<UInt16(names.count)
        }
        containerCount = Self.firstObject - Self.payload + UInt16(objects.count)
        precondition(names.count < Int(UInt16.max), "the kinds have too many members")
        var members = (0..<topLevelCount).map { (key: names[$0], scope: UInt32(0), id: UInt16($0)) }
        for (index, ids) in objects.enumerated() {
            members += ids.map { (names[Int($0)], UInt32(Self.firstObject) + UInt32(index), $0) }
        }
        self.members = KeyTable(members)
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

    /// Whether the member `id` is one whose own members may count.
    @inline(__always)
    func isContainer(_ id: UInt16) -> Bool { id &- Self.payload < containerCount }

    /// The IDs of the object's members, if the member `id` is one whose own members are read.
    func members(of id: UInt16) -> Range<UInt16>? { id < Self.firstObject ? nil : objects[Int(id - Self.firstObject)] }

    /// The ID of a member of the record, or of an object in it; traps where there is none.
    func id(of member: String, in object: String? = nil) -> UInt16 {
        guard let index = hashes.firstIndex(of: Self.hash(member, of: object)) else {
            preconditionFailure("no kind reads \(member)")
        }
        return UInt16(index)
    }

    func id(of source: FieldSource) -> UInt16 { id(of: source.member, in: source.object) }
}
