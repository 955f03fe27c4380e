/// Reads the requests of one connection, one after the other.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9112>
struct RequestReader {
    /// Request line and headers.
    struct Head: Sendable {
        var method = ""
        var path = ""
        var headers: [(name: String, value: String)] = []

        /// - Parameter name: In lower case.
        func value(of name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
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
    /// Far over what Lambda takes, which the server has to refuse by its own rule.
    private static let bodyLimit = 256 * 1024 * 1024

    init(_ socket: ClientSocket) { self.socket = socket }

    /// The next request's head; nil when the other side has closed.
    mutating func readHead() throws(Malformed) -> Head? {
        var head = Head()
        guard let requestLine = try readLine() else { return nil }
        let parts = requestLine.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "HTTP/1.1" else {
            throw Malformed(description: "the request line is \"\(requestLine)\"; expected METHOD PATH HTTP/1.1")
        }
        (head.method, head.path) = (String(parts[0]), String(parts[1]))
        var size = requestLine.utf8.count
        while let line = try readLine() {
            if line.isEmpty { return head }
            size += line.utf8.count
            guard size <= Self.headLimit else { throw Malformed(description: "the head is larger than 64 KiB") }
            head.headers.append(try Self.header(line))
        }
        return nil
    }

    /// The body that `head` announces; nil when the other side closes before its end.
    mutating func readBody(of head: Head) throws(Malformed) -> [UInt8]? {
        if head.value(of: "expect")?.lowercased() == "100-continue" {
            guard socket.send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)[...]) else { return nil }
        }
        if let coding = head.value(of: "transfer-encoding") {
            guard coding.lowercased() == "chunked" else {
                throw Malformed(description: "Transfer-Encoding is \"\(coding)\"; expected chunked")
            }
            return try readChunks()
        }
        guard let text = head.value(of: "content-length") else { return [] }
        guard let length = Int(text), (0...Self.bodyLimit).contains(length) else {
            throw Malformed(description: "Content-Length is \"\(text)\"; expected 0 to \(Self.bodyLimit)")
        }
        return read(length)
    }

    private static func header(_ line: String) throws(Malformed) -> (name: String, value: String) {
        guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, !line[..<colon].contains(" ") else {
            throw Malformed(description: "\"\(line)\" is no header")
        }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        let end = value.lastIndex { $0 != " " && $0 != "\t" }.map(value.index(after:)) ?? value.startIndex
        return (String(line[..<colon]), String(value[..<end]))
    }

    private mutating func readChunks() throws(Malformed) -> [UInt8]? {
        var body: [UInt8] = []
        while let line = try readLine() {
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16), size >= 0, size <= Self.bodyLimit - body.count
            else { throw Malformed(description: "\"\(line)\" is no chunk size") }
            guard size > 0 else { return try readTrailers() ? body : nil }
            guard let chunk = read(size), let end = try readLine() else { return nil }
            guard end.isEmpty else { throw Malformed(description: "a chunk is longer than its size") }
            body += chunk
        }
        return nil
    }

    private mutating func readTrailers() throws(Malformed) -> Bool {
        while let line = try readLine() {
            if line.isEmpty { return true }
        }
        return false
    }

    /// One line without its end; nil when the other side has closed.
    private mutating func readLine() throws(Malformed) -> String? {
        var searched = start
        while true {
            if let end = buffer[searched..<filled].firstIndex(of: 0x0A) {
                let line = buffer[start..<end]
                start = end + 1
                return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            }
            guard filled - start <= Self.headLimit else { throw Malformed(description: "a line does not end") }
            searched = filled - start
            guard receiveMore() else { return nil }
        }
    }

    /// The next `count` bytes; nil when the other side closes before.
    private mutating func read(_ count: Int) -> [UInt8]? {
        let ready = min(count, filled - start)
        var bytes = [UInt8](repeating: 0, count: count)
        bytes.replaceSubrange(0..<ready, with: buffer[start..<start + ready])
        start += ready
        var position = ready
        while position < count {
            let received = socket.receive(into: &bytes, at: position)
            guard received > 0 else { return nil }
            position += received
        }
        return bytes
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
