/// A parser of replies whose bytes arrive in pieces; it reads each byte once.
///
/// RESP3 types are accepted, too: maps and sets become arrays, doubles and big numbers text, booleans 1 and 0; pushes
/// and attributes are skipped. Memory is allocated only for bytes that have arrived, not for announced lengths, and is
/// limited.
package struct RESPParser: Sendable {
    /// The received bytes; those from `offset` are not parsed yet.
    package var buffer: [UInt8] = []
    private var offset = 0
    /// The open lists of the current reply, outermost first.
    private var open: [OpenList] = []
    /// The size of the current reply: its bytes and the announced elements of its lists.
    private var size = 0
    private var elementCount = 0

    private struct OpenList {
        var elements: [RESPValue] = []
        /// The number of missing elements.
        var rest: Int
        /// Whether it is a push or an attribute, which is not an element of the enclosing list.
        var isOutOfBand: Bool
    }

    private static let bulkLimit = 64 << 20
    private static let replyLimit = 128 << 20
    private static let elementLimit = 1 << 20
    /// The maximum nesting depth of lists.
    private static let depthLimit = 7
    /// The maximum length of a line, which is a number or a message.
    private static let lineLimit = 64 << 10
    /// The capacity above which a drained buffer is freed.
    private static let keptCapacity = 4 << 20

    package init() {}

    /// Whether all received bytes belong to complete replies that were parsed.
    package var isEmpty: Bool { offset == buffer.count && open.isEmpty }

    /// Returns the next complete reply, or nil if it has not arrived.
    ///
    /// - Throws: ``RedisError/notRESP(_:)``, after which the connection must be closed.
    package mutating func next() throws(RedisError) -> RESPValue? {
        while let part = try part() {
            guard let value = try begin(part), let reply = complete(value) else { continue }
            (size, elementCount) = (0, 0)
            return reply
        }
        if offset == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptCapacity)
            offset = 0
        } else if offset > 1 << 20 {
            buffer.removeFirst(offset)
            offset = 0
        }
        return nil
    }

    /// Opens a list; returns anything else, including an empty list, as a complete value.
    private mutating func begin(_ part: Part) throws(RedisError) -> RESPValue? {
        guard case .list(let count, let isOutOfBand) = part else {
            if case .value(let value) = part { return value }
            return nil
        }
        elementCount += count
        guard elementCount <= Self.elementLimit else { throw .notRESP("a list of \(elementCount) elements") }
        guard open.count < Self.depthLimit else { throw .notRESP("replies nested deeper than \(Self.depthLimit)") }
        guard count == 0 else {
            open.append(OpenList(rest: count, isOutOfBand: isOutOfBand))
            return nil
        }
        return isOutOfBand ? nil : .array([])
    }

    /// Adds a value to its list and closes completed lists; returns a value that is not part of any list.
    private mutating func complete(_ value: RESPValue) -> RESPValue? {
        var value = value
        while var list = open.popLast() {
            list.elements.append(value)
            list.rest -= 1
            guard list.rest == 0 else {
                open.append(list)
                return nil
            }
            if list.isOutOfBand { return nil }
            value = .array(list.elements)
        }
        return value
    }
}

/// Parsing one part of a reply.
extension RESPParser {
    private enum Part {
        case value(RESPValue)
        case list(count: Int, isOutOfBand: Bool)
    }

    /// Returns nil, without consuming anything, if the part has not arrived.
    private mutating func part() throws(RedisError) -> Part? {
        var position = offset
        guard let line = try line(at: &position) else { return nil }
        guard let type = line.first else { throw .notRESP("an empty line") }
        guard let part = try part(type, line.dropFirst(), at: &position) else { return nil }
        size += position - offset
        guard size <= Self.replyLimit else { throw .notRESP("a reply of more than \(Self.replyLimit >> 20) MiB") }
        offset = position
        return part
    }

    private func part(
        _ type: UInt8, _ content: ArraySlice<UInt8>, at position: inout Int
    ) throws(RedisError) -> Part? {
        switch type {
        case UInt8(ascii: "+"): return .value(.simple(Self.text(content)))
        case UInt8(ascii: "-"): return .value(.error(Self.text(content)))
        case UInt8(ascii: ":"): return .value(.integer(try Self.number(content)))
        case UInt8(ascii: ","), UInt8(ascii: "("): return .value(.simple(Self.text(content)))
        case UInt8(ascii: "#"): return .value(.integer(content.first == UInt8(ascii: "t") ? 1 : 0))
        case UInt8(ascii: "_"): return .value(.null)
        case UInt8(ascii: "$"), UInt8(ascii: "!"), UInt8(ascii: "="): return try bulk(type, content, at: &position)
        case UInt8(ascii: "*"), UInt8(ascii: "~"): return try Self.list(content, factor: 1)
        case UInt8(ascii: "%"): return try Self.list(content, factor: 2)
        case UInt8(ascii: ">"): return try Self.list(content, factor: 1, isOutOfBand: true)
        case UInt8(ascii: "|"): return try Self.list(content, factor: 2, isOutOfBand: true)
        default: throw .notRESP("a reply that begins with byte \(type)")
        }
    }

    /// Returns the line without its terminator, or nil if the terminator has not arrived.
    private func line(at position: inout Int) throws(RedisError) -> ArraySlice<UInt8>? {
        guard let end = buffer[position...].firstIndex(of: 0x0D) else {
            guard buffer.count - position <= Self.lineLimit else { throw .notRESP("a line of more than 64 KiB") }
            return nil
        }
        guard end + 1 < buffer.count else { return nil }
        guard buffer[end + 1] == 0x0A else { throw .notRESP("a line that does not end") }
        defer { position = end + 2 }
        return buffer[position..<end]
    }

    private func bulk(
        _ type: UInt8, _ length: ArraySlice<UInt8>, at position: inout Int
    ) throws(RedisError) -> Part? {
        let count = try Self.number(length)
        if count == -1, type == UInt8(ascii: "$") { return .value(.null) }
        guard (0...Int64(Self.bulkLimit)).contains(count) else { throw .notRESP("a string of \(count) bytes") }
        let end = position + Int(count)
        guard end + 2 <= buffer.count else { return nil }
        guard buffer[end] == 0x0D, buffer[end + 1] == 0x0A else { throw .notRESP("a string that does not end") }
        defer { position = end + 2 }
        let content = buffer[position..<end]
        switch type {
        case UInt8(ascii: "!"): return .value(.error(Self.text(content)))
        // The format of the text is three letters and a colon.
        case UInt8(ascii: "="): return .value(.bytes(Array(content.dropFirst(4))))
        default: return .value(.bytes(Array(content)))
        }
    }

    private static func list(
        _ length: ArraySlice<UInt8>, factor: Int, isOutOfBand: Bool = false
    ) throws(RedisError) -> Part {
        let count = try number(length)
        if count == -1, !isOutOfBand { return .value(.null) }
        guard (0...Int64(elementLimit)).contains(count) else { throw .notRESP("a list of \(count) elements") }
        return .list(count: Int(count) * factor, isOutOfBand: isOutOfBand)
    }

    private static func number(_ digits: ArraySlice<UInt8>) throws(RedisError) -> Int64 {
        guard let number = Int64(String(decoding: digits, as: UTF8.self)) else {
            throw .notRESP("an invalid length")
        }
        return number
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
