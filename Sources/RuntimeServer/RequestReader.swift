/// A reader of the successive requests of one connection.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9112>
struct RequestReader {
    /// A request line and headers.
    struct Head: Sendable {
        var method = ""
        var path = ""
        var headers: [(name: String, value: String)] = []

        func value(of name: String) -> String? { headers.first { ASCII.equal($0.name, name) }?.value }
    }

    /// A description of why a request is malformed.
    struct Malformed: Error, CustomStringConvertible {
        var description: String
    }

    private let socket: ClientSocket
    /// The receive buffer; `start..<filled` has arrived and is not parsed yet.
    private var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    private var start = 0
    private var filled = 0

    private static let headLimit = 64 * 1024
    /// Far above Lambda's limit, which the server enforces separately.
    private static let bodyLimit = 64 * 1024 * 1024

    init(_ socket: ClientSocket) { self.socket = socket }

    /// Returns the next request's head, or nil if the peer has closed the connection.
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

    /// Returns the body that `head` announces, or nil if the peer closes the connection before its end.
    ///
    /// Memory is allocated for bytes that arrive, not for the announced length.
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

    /// Returns an excerpt for an error message, at most one line of a terminal.
    private static func shown(_ bytes: some Collection<UInt8>) -> String { text(bytes.prefix(100)) }

    /// Returns one line without its end, or nil if the peer has closed the connection.
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

    /// Appends the next `count` bytes to `body` as they arrive; returns false if the peer closes the connection before.
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

    /// Moves unparsed bytes to the front of the buffer and receives what has arrived after them.
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

/// Byte-wise comparison and numbers of HTTP texts.
enum ASCII {
    /// Returns whether both texts are equal, ignoring the case of ASCII letters.
    static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8) { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    /// Returns a number of digits only; nil for a sign, for any other text, and above one gigabyte.
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

    /// Returns the value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> Int? {
        switch lowercased(byte) {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(lowercased(byte) - UInt8(ascii: "a")) + 10
        default: nil
        }
    }
}
