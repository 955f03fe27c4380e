import JSON

/// Status line and headers of an HTTP/1.1 response, as far as the Runtime API needs them.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9112>
struct ResponseHead: Sendable, Equatable {
    /// How the body ends.
    enum Body: Sendable, Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    private(set) var status = 0
    private(set) var body = Body.untilClose
    /// Whether the connection can carry another request.
    private(set) var keepsAlive = false
    /// Name, in lower case, and value of each header.
    private(set) var headers: [(name: String, value: String)] = []

    /// Header bytes that a response may have.
    static let limit = 64 * 1024

    /// - Parameter range: Of `bytes`, from the status line to the empty line, that one included.
    init(_ range: Range<Int>, of bytes: Span<UInt8>) throws(HTTPError) {
        var lines = Self.lines(range, of: bytes)[...]
        guard let statusLine = lines.popFirst() else { throw .malformed("an empty response") }
        try readStatus(bytes.string(statusLine))
        var isChunked = false
        var length: Int?
        for line in lines where !line.isEmpty {
            let (name, value) = try Self.header(bytes.string(line))
            switch name {
            case "content-length":
                guard let count = Self.decimal(value), length == nil || length == count else {
                    throw .malformed("Content-Length \(value)")
                }
                length = count
            case "transfer-encoding":
                guard value.lowercased() == "chunked" else { throw .malformed("Transfer-Encoding \(value)") }
                isChunked = true
            case "connection":
                if value.lowercased() == "close" { keepsAlive = false }
                if value.lowercased() == "keep-alive" { keepsAlive = true }
            default: headers.append((name, value))
            }
        }
        let hasNoBody = (100..<200).contains(status) || status == 204 || status == 304
        if hasNoBody {
            body = .length(0)
        } else if isChunked {
            body = .chunked
        } else if let length {
            body = .length(length)
        }
        if body == .untilClose { keepsAlive = false }
    }

    /// The value of a header, or nil when it is missing or empty.
    ///
    /// - Parameter name: In lower case.
    func value(of name: String) -> String? {
        headers.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    private mutating func readStatus(_ line: String) throws(HTTPError) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), parts[1].utf8.count == 3, let code = Int(parts[1]),
            code >= 100
        else { throw .malformed("the status line \"\(line.prefix(100))\"") }
        status = code
        keepsAlive = parts[0] != "HTTP/1.0"
    }

    /// A folded header, which RFC 9112 has done away with, is malformed, and so is a name with a space.
    private static func header(_ line: String) throws(HTTPError) -> (name: String, value: String) {
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon != line.startIndex,
            line.utf8[..<colon].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .malformed("the header line \"\(line.prefix(100))\"") }
        return (line[..<colon].lowercased(), trimmed(line[line.index(after: colon)...]))
    }

    /// Digits alone, without the sign that `Int` would take.
    private static func decimal(_ text: String) -> Int? {
        text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } ? Int(text) : nil
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while let first = text.utf8.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.utf8.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return String(text)
    }

    /// The lines of `range`, without their ends; a bare line feed ends one, too.
    private static func lines(_ range: Range<Int>, of bytes: Span<UInt8>) -> [Range<Int>] {
        var lines: [Range<Int>] = []
        var start = range.lowerBound
        for position in range where bytes.byte(at: position) == 0x0A {
            let end = position > start && bytes.byte(at: position - 1) == 0x0D ? position - 1 : position
            lines.append(start..<end)
            start = position + 1
        }
        return lines
    }

    static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.status == rhs.status && lhs.body == rhs.body && lhs.keepsAlive == rhs.keepsAlive
            && lhs.headers.elementsEqual(rhs.headers) { $0 == $1 }
    }
}

/// Why a response could not be read.
enum HTTPError: Error, Equatable {
    case malformed(String)
    case tooLarge(Int)
    /// The other side closed before the response was whole; nothing of it had come when `isUntouched`.
    case closedEarly(isUntouched: Bool)
    case socket(SocketError)
}

extension HTTPError: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformed(let what): "the response is malformed: \(what)"
        case .tooLarge(let count): "the response is larger than \(count) bytes"
        case .closedEarly: "the connection was closed before the response was whole"
        case .socket(let error): error.description
        }
    }
}
