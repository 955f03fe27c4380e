import Transport

/// Which node of a cluster holds which slot, as far as is known.
struct SlotMap: Sendable {
    /// Empty before the map was fetched.
    private var owners: [ByteStream.Destination?] = []
    /// Those that could take over from the owners; they know the map as well.
    private(set) var replicas: Set<ByteStream.Destination> = []
    /// Whether a slot has moved since: others may have, too.
    private(set) var isOutdated = false

    init() {}

    /// - Parameters:
    ///   - reply: To `CLUSTER SLOTS`; what is not of its form is left out.
    ///   - node: Who sent it.
    init(_ reply: RESPValue, seenFrom node: ByteStream.Destination) {
        owners = Array(repeating: nil, count: HashSlot.count)
        let slots = 0..<Int64(HashSlot.count)
        for range in reply.array ?? [] {
            guard let parts = range.array, parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer,
                slots.contains(first), slots.contains(last), first <= last,
                let owner = Self.node(parts[2], seenFrom: node)
            else { continue }
            for slot in Int(first)...Int(last) { owners[slot] = owner }
            replicas.formUnion(parts.dropFirst(3).compactMap { Self.node($0, seenFrom: node) })
        }
    }

    private static func node(_ reply: RESPValue, seenFrom node: ByteStream.Destination) -> ByteStream.Destination? {
        guard let parts = reply.array, parts.count >= 2, let port = parts[1].integer else { return nil }
        return self.node(host: parts[0].text ?? "", port: port, seenFrom: node)
    }

    var isEmpty: Bool { owners.isEmpty }

    var nodes: Set<ByteStream.Destination> { Set(owners.compactMap(\.self)) }

    subscript(slot: Int) -> ByteStream.Destination? { owners.indices.contains(slot) ? owners[slot] : nil }

    mutating func move(_ slot: Int, to node: ByteStream.Destination) {
        guard owners.indices.contains(slot) else { return }
        owners[slot] = node
        isOutdated = true
    }

    /// Reads an address such as `10.0.0.7:6379` or `::1:6379`, as redirections have it.
    static func node(_ text: Substring, seenFrom node: ByteStream.Destination) -> ByteStream.Destination? {
        // The port follows the last colon; an IPv6 address has others.
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let (host, port) = (text.utf8[..<colon], text.utf8[text.utf8.index(after: colon)...])
        guard let port = Int64(String(decoding: port, as: UTF8.self)) else { return nil }
        return self.node(host: String(decoding: host, as: UTF8.self), port: port, seenFrom: node)
    }

    /// A node that does not know its own name sends none, or a question mark: it has the name that it was asked by.
    private static func node(
        host: String, port: Int64, seenFrom node: ByteStream.Destination
    ) -> ByteStream.Destination? {
        guard (1...65_535).contains(port) else { return nil }
        let host = host.isEmpty || host == "?" ? node.host : host
        return ByteStream.Destination(host: host, port: Int(port), isSecure: node.isSecure)
    }
}
