/// Reads the requests of one connection, one after the other.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9112>
struct RequestReader {
    /// Request line and headers.
    struct Head: Sendable {
        var method = ""
        var path = ""
        var headers: [(name: String, value: String)] = []

        func value(of name: String) -> String? { headers.first { ASCII.equal($0.name, name) }?.value }
    }

    /// What the request is not allowed to be.
    struct Malformed: Error, CustomStringConvertible {
        var description: String
    }

    private let socket: ClientSocket
    /// Room for what comes, of which `start..<filled` has come and is not read yet.
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    private var start = 0
    private var filled = 0

    private static let headLimit = 64 * 1024
    /// Far above what Lambda accepts, which the server refuses by its own rule.
    private static let bodyLimit = 64 * 1024 * 1024

    init(_ socket: ClientSocket) { self.socket = socket }

    /// The next request's head; nil when the other side has closed.
    mutating func readHead() throws(Malformed) -> Head? {
        var head = Head()
        guard let requestLine = try readLine() else { return nil }
        let parts = requestLine.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].elementsEqual("HTTP/1.1".utf8) else {
            throw Malformed(
                description: "the request line is \"\(Self.shown(requestLine))\"; expected METHOD PATH HTTP/1.1")
        }
        (head.method, head.path) = (Self.text(parts[0]), Self.text(parts[1]))
        var size = requestLine.count
        while let line = try readLine() {
            if line.isEmpty { return head }
            size += line.count
            guard size <= Self.headLimit else { throw Malformed(description: "the head is larger than 64 KiB") }
            head.headers.append(try Self.header(line))
        }
        return nil
    }

    /// The body that `head` announces; nil when the other side closes before its end.
    ///
    /// Memory follows the bytes that arrive, whatever length is announced.
    mutating func readBody(of head: Head) throws(Malformed) -> [UInt8]? {
        if let expected = head.value(of: "expect"), ASCII.equal(expected, "100-continue") {
            guard socket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)[...]) else { return nil }
        }
        if let coding = head.value(of: "transfer-encoding") {
            guard ASCII.equal(coding, "chunked") else {
                throw Malformed(description: "Transfer-Encoding is \"\(Self.shown(coding.utf8))\"; expected chunked")
            }
            return try readChunks()
        }
        guard let text = head.value(of: "content-length") else { return [] }
        guard let length = ASCII.number(text.utf8, radix: 10), length <= Self.bodyLimit else {
            throw Malformed(
                description: "Content-Length is \"\(Self.shown(text.utf8))\"; expected 0 to \(Self.bodyLimit)")
        }
        var body: [UInt8] = []
        return read(length, into: &body) ? body : nil
    }

    private static func header(_ line: [UInt8]) throws(Malformed) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            !line[..<colon].contains(UInt8(ascii: " "))
        else { throw Malformed(description: "\"\(shown(line))\" is not a header") }
        func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let value = line[(colon + 1)...].drop(while: isBlank)
        let end = value.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? value.startIndex
        return (text(line[..<colon]), text(value[..<end]))
    }

    private mutating func readChunks() throws(Malformed) -> [UInt8]? {
        var body: [UInt8] = []
        while let line = try readLine() {
            let digits = line.prefix { $0 != UInt8(ascii: ";") }
            guard let size = ASCII.number(digits, radix: 16), size <= Self.bodyLimit - body.count else {
                throw Malformed(description: "\"\(Self.shown(line))\" is not a chunk size")
            }
            guard size > 0 else { return try readTrailers() ? body : nil }
            guard read(size, into: &body), let end = try readLine() else { return nil }
            guard end.isEmpty else { throw Malformed(description: "a chunk is longer than its size") }
        }
        return nil
    }

    private mutating func readTrailers() throws(Malformed) -> Bool {
        var size = 0
        while let line = try readLine() {
            if line.isEmpty { return true }
            size += line.count
            guard size <= Self.headLimit else { throw Malformed(description: "the trailers are larger than 64 KiB") }
        }
        return false
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    /// What an error quotes: no more than a line of a terminal has.
    private static func shown(_ bytes: some Collection<UInt8>) -> String { text(bytes.prefix(100)) }

    /// One line without its end; nil when the other side has closed.
    private mutating func readLine() throws(Malformed) -> [UInt8]? {
        var searched = start
        while true {
            if let end = buffer[searched..<filled].firstIndex(of: 0x0A) {
                let line = buffer[start..<end]
                start = end + 1
                return Array(line.last == 0x0D ? line.dropLast() : line)
            }
            guard filled - start <= Self.headLimit else { throw Malformed(description: "a line does not end") }
            searched = filled - start
            guard receiveMore() else { return nil }
        }
    }

    /// Adds the next `count` bytes to `body`, as they arrive; false when the other side closes before.
    private mutating func read(_ count: Int, into body: inout [UInt8]) -> Bool {
        var left = count
        while left > 0 {
            if start == filled, !receiveMore() { return false }
            let part = min(left, filled - start)
            body += buffer[start..<start + part]
            start += part
            left -= part
        }
        return true
    }

    /// Receives what has come, behind what is not read yet, which moves to the front of the buffer.
    private mutating func receiveMore() -> Bool {
        if start > 0 { buffer.removeFirst(start) }
        filled -= start
        buffer.append(contentsOf: repeatElement(0, count: filled == buffer.count ? max(start, 16 * 1024) : start))
        start = 0
        let received = socket.receive(into: &buffer, at: filled)
        filled += received
        return received > 0
    }
}

/// Comparison and numbers of HTTP's own texts, byte for byte.
enum ASCII {
    /// Whether both are the same but for the case of ASCII letters.
    static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8) { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// A number of digits alone; nil for a sign, for anything else, and from a gigabyte on.
    static func number(_ digits: some Collection<UInt8>, radix: Int) -> Int? {
        guard (1...16).contains(digits.count) else { return nil }
        var value = 0
        for byte in digits {
            guard let digit = digit(byte), digit < radix else { return nil }
            value = value * radix + digit
            guard value < 1 << 30 else { return nil }
        }
        return value
    }

    /// The value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> Int? {
        switch lowercased(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(lowercased(byte) - UInt8(ascii: "a")) + 10
        default: nil
        }
    }
}
