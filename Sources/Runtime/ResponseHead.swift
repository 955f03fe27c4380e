import Basics
import JSON

/// The status line and the headers of an HTTP/1.1 response, as far as the Runtime API requires them.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9112>
struct ResponseHead: Sendable {
    /// How the end of the body is determined.
    enum Body: Sendable, Equatable {
        case length(Int)
        case chunked
        case untilClose
    }

    /// The ranges of a header's name and value in ``text``.
    private struct Field {
        var name: Range<Int>
        var value: Range<Int>
    }

    private(set) var status = 0
    private(set) var body = Body.untilClose
    /// Whether the connection can be reused.
    private(set) var keepsAlive = false
    /// The bytes of the head; strings are created only for headers that are used.
    private let text: [UInt8]
    private var fields: [Field] = []

    /// The maximum size of the head in bytes.
    static let limit = 64 * 1024

    /// Parses a head.
    ///
    /// - Parameter range: The range of the head in `bytes`, from the status line to the empty line.
    init(_ range: Range<Int>, of bytes: Span<UInt8>) throws(HTTPError) {
        var text: [UInt8] = []
        text.append(copying: bytes.extracting(range))
        self.text = text
        fields.reserveCapacity(16)
        var position = 0
        guard let statusLine = nextLine(&position) else { throw .malformed("an empty response") }
        try readStatus(statusLine)
        var isChunked = false
        var length: Int?
        while let line = nextLine(&position) {
            if line.isEmpty { continue }
            let field = try field(line)
            if isName(field, "content-length") {
                guard let count = decimal(field.value), length == nil || length == count else {
                    throw .malformed("Content-Length \(shown(field.value))")
                }
                length = count
            } else if isName(field, "transfer-encoding") {
                guard isEqual(field.value, "chunked") else {
                    throw .malformed("Transfer-Encoding \(shown(field.value))")
                }
                isChunked = true
            } else if isName(field, "connection") {
                if isEqual(field.value, "close") { keepsAlive = false }
                if isEqual(field.value, "keep-alive") { keepsAlive = true }
            } else {
                fields.append(field)
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

    /// Returns the value of a header, or nil if it is missing or empty.
    ///
    /// - Parameter name: The name in lower case.
    func value(of name: StaticString) -> String? {
        fields.first { !$0.value.isEmpty && isName($0, name) }.map { string($0.value) }
    }
}

/// Parsing.
extension ResponseHead {
    /// Returns the line that starts at `position`, without its end; a single line feed also ends a line.
    private func nextLine(_ position: inout Int) -> Range<Int>? {
        let start = position
        let bytes = text.span
        guard let end = bytes.firstIndex(of: 0x0A, in: start..<bytes.count) else {
            position = bytes.count
            return nil
        }
        position = end + 1
        return start..<(end > start && bytes[end - 1] == 0x0D ? end - 1 : end)
    }

    /// Parses `HTTP/1.1 200` and ignores the reason phrase.
    private mutating func readStatus(_ line: Range<Int>) throws(HTTPError) {
        let version = line.lowerBound..<min(line.lowerBound + 8, line.upperBound)
        var start = version.upperBound
        while start < line.upperBound, text[start] == 0x20 { start += 1 }
        let code = start..<min(start + 3, line.upperBound)
        let isEnded = code.upperBound == line.upperBound || text[code.upperBound] == 0x20
        // `HTTP/1.` as a word whose last byte is the minor version.
        guard version.count == 8, let word = text.span.word(at: version.lowerBound),
            word & 0x00FF_FFFF_FFFF_FFFF == 0x002E_312F_5054_5448, start > version.upperBound,
            code.count == 3,
            isEnded, let number = decimal(code), number >= 100
        else { throw .malformed("the status line \"\(shown(line))\"") }
        status = number
        keepsAlive = text[version.upperBound - 1] != UInt8(ascii: "0")
    }

    /// Parses a header line.
    ///
    /// A folded header, which RFC 9112 has removed, is malformed, and so is a name with a space.
    private func field(_ line: Range<Int>) throws(HTTPError) -> Field {
        let bytes = text.span
        var colon = line.lowerBound
        while true {
            let block = bytes.stringBlock(at: colon)
            let length = (block.positions(of: UInt8(ascii: ":")) | block.gaps).trailingZeroBitCount
            colon += length
            if length < StringBlock.size { break }
        }
        guard colon > line.lowerBound, colon < line.upperBound, bytes.byte(at: colon) == UInt8(ascii: ":") else {
            throw .malformed("the header line \"\(shown(line))\"")
        }
        var (start, end) = (colon + 1, line.upperBound)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return Field(name: line.lowerBound..<colon, value: start..<end)
    }

    private func isName(_ field: Field, _ name: StaticString) -> Bool { isEqual(field.name, name) }

    /// Returns whether `range`, which contains no control character, equals `word`, ignoring case.
    ///
    /// - Parameter word: Lower-case letters, digits and hyphens.
    private func isEqual(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        let bytes = text.span
        return word.withUTF8Buffer { word in
            // Upper and lower case differ in one bit, which is set in digits and hyphens, too.
            let caseBits: UInt64 = 0x2020_2020_2020_2020
            var index = 0
            while index <= word.count - 8, let characters = bytes.word(at: range.lowerBound + index) {
                // In bounds because of the loop's condition.
                let wanted = unsafe UnsafeRawPointer(word.baseAddress.unsafelyUnwrapped)
                    .loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if characters | caseBits != UInt64(littleEndian: wanted) { return false }
                index += 8
            }
            while index < word.count {
                // In bounds because of the loop's condition.
                if unsafe bytes.byte(at: range.lowerBound + index) | 0x20 != word[index] { return false }
                index += 1
            }
            return true
        }
    }

    private func string(_ range: Range<Int>) -> String { text.span.string(range) }

    /// Returns the beginning of a text for an error message.
    private func shown(_ range: Range<Int>) -> String {
        string(range.lowerBound..<min(range.upperBound, range.lowerBound + 100))
    }

    /// Returns a number of digits only, without the sign that `Int` would accept; nil if it is out of range.
    private func decimal(_ range: Range<Int>) -> Int? {
        guard !range.isEmpty else { return nil }
        var value = 0
        for index in range {
            let digit = text[index] &- UInt8(ascii: "0")
            let product = value.multipliedReportingOverflow(by: 10)
            let sum = product.partialValue.addingReportingOverflow(Int(digit))
            guard digit < 10, !product.overflow, !sum.overflow else { return nil }
            value = sum.partialValue
        }
        return value
    }
}

/// An error while a response is read.
enum HTTPError: Error, Equatable {
    case malformed(String)
    case tooLarge(Int)
    /// The peer closed the connection before the response was complete; `isUntouched` if no byte of it had arrived.
    case closedEarly(isUntouched: Bool)
    case socket(SocketError)
}

extension HTTPError: CustomStringConvertible {
    var description: String {
        switch self {
        case .malformed(let what): "the response is malformed: \(what)"
        case .tooLarge(let count): "the response is larger than \(count) bytes"
        case .closedEarly: "the connection was closed before the response was complete"
        case .socket(let error): error.description
        }
    }
}
