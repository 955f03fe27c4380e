import Transport

/// The known owners of a cluster's hash slots.
struct SlotMap: Sendable {
    /// The owners by slot; empty before the map is fetched.
    private var owners: [ByteStream.Destination?] = []
    /// The nodes that can take over from the owners and also know the map.
    private(set) var replicas: Set<ByteStream.Destination> = []
    /// Whether a slot has moved since the map was fetched, so that others may have moved, too.
    private(set) var isOutdated = false

    init() {}

    /// - Parameters:
    ///   - reply: The reply to `CLUSTER SLOTS`; malformed elements are ignored.
    ///   - node: The sender of the reply.
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

    /// Parses an address such as `10.0.0.7:6379` or `::1:6379`, as in redirections.
    static func node(_ text: Substring, seenFrom node: ByteStream.Destination) -> ByteStream.Destination? {
        // The port follows the last colon; an IPv6 address contains others.
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        let (host, port) = (text.utf8[..<colon], text.utf8[text.utf8.index(after: colon)...])
        guard let port = Int64(String(decoding: port, as: UTF8.self)) else { return nil }
        return self.node(host: String(decoding: host, as: UTF8.self), port: port, seenFrom: node)
    }

    /// Resolves a node that does not know its own name and sends none or a question mark: it has the name that the
    /// request was sent to.
    private static func node(
        host: String, port: Int64, seenFrom node: ByteStream.Destination
    ) -> ByteStream.Destination? {
        guard (1...65_535).contains(port) else { return nil }
        let host = host.isEmpty || host == "?" ? node.host : host
        return ByteStream.Destination(host: host, port: Int(port), isSecure: node.isSecure)
    }
}
