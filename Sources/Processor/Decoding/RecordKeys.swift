import Basics
import JSON

/// The members of records that are fields of any kind, each with an ID; all other members are skipped.
///
/// A class, so that it is passed without a copy. It is immutable.
final class RecordKeys: Sendable {
    /// The members of the record that are not fields of an entity.
    static let dataType: UInt16 = 0
    static let test: UInt16 = 1
    static let payload: UInt16 = 2
    static let data: UInt16 = 3
    /// The ID of the first of ``objects``, which the others follow.
    static let firstObject: UInt16 = 4

    /// The members of the record and, in scopes identified by the object's ID, those of each object whose members are read.
    let members: KeyTable
    /// The quoted names by ID; members of objects without the name of the object.
    let quoted: [QuotedKey]
    /// The range of the IDs of each object's members.
    private let objects: [Range<UInt16>]
    /// The number of members whose own members may be read: `payload`, `data`, and ``objects``.
    private let containerCount: UInt16
    /// The names by ID; members of objects without the name of the object.
    let names: [String]
    /// A hash of each name in ``names`` together with the name of its object, which makes the start faster than hashing strings.
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
                    "\(member) and \(names[known]) have the same hash; rename one of them")
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
        self.members = KeyTable(scoped: members)
        quoted = names.map { QuotedKey($0) }
        (self.names, self.hashes) = (names, hashes)
    }

    /// Returns the FNV-1a hash of a path; the initializer checks that it is unique within the catalog.
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

    /// Returns whether the own members of the member `id` may be read.
    @inline(__always)
    func isContainer(_ id: UInt16) -> Bool { id &- Self.payload < containerCount }

    /// Returns the range of the IDs of a member's own members; nil if they are not read.
    func members(of id: UInt16) -> Range<UInt16>? { id < Self.firstObject ? nil : objects[Int(id - Self.firstObject)] }

    /// Returns the ID of a member of the record, or of an object in it; traps if there is none.
    func id(of member: String, in object: String? = nil) -> UInt16 {
        guard let index = hashes.firstIndex(of: Self.hash(member, of: object)) else {
            preconditionFailure("no kind reads \(member)")
        }
        return UInt16(index)
    }

    func id(of source: FieldSource) -> UInt16 { id(of: source.member, in: source.object) }
}
