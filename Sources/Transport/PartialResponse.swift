/// The part of a response that has arrived.
struct PartialResponse {
    private(set) var headers: HTTPHeaders = [:]
    private(set) var body: [UInt8] = []
    /// The reason why the transfer was aborted: the head or the body exceeds its limit.
    private(set) var problem: String?
    /// Whether the head is complete; later header lines are trailers, which are ignored.
    private(set) var isHeadComplete = false
    private var headSize = 0
    private let bodyLimit: Int

    /// The limit in bytes of all heads and trailers together.
    private static let headLimit = 256 << 10
    /// The maximum number of bytes reserved for an announced length; memory for a longer body grows as it arrives.
    private static let reservedLimit = 1 << 20

    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    /// Receives a status line, a header, or the empty line that ends the head; returns `false` if the limit is
    /// exceeded.
    mutating func takeHeaderLine(_ bytes: some Collection<UInt8>) -> Bool {
        headSize += bytes.count
        guard headSize <= Self.headLimit else {
            problem = "its headers are longer than \(Self.headLimit) bytes"
            return false
        }
        let line = String(decoding: Array(bytes), as: UTF8.self).trimmingBlanks
        if line.utf8.starts(with: "HTTP/".utf8) {
            // An interim response, such as 100 Continue, may precede the final one.
            headers.removeAll()
            isHeadComplete = false
        } else if line.isEmpty {
            isHeadComplete = true
            if let length = headers["content-length"].flatMap({ Int($0) }), (0...bodyLimit).contains(length) {
                body.reserveCapacity(min(length, Self.reservedLimit))
            }
        } else if !isHeadComplete, let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(String(line[..<colon]), String(line[line.utf8.index(after: colon)...]).trimmingBlanks)
        }
        return true
    }

    /// Receives a part of the body; returns `false` if the limit is exceeded.
    mutating func takeBody(_ bytes: some Collection<UInt8>) -> Bool {
        guard bytes.count <= bodyLimit - body.count else {
            problem = "its body is longer than \(bodyLimit) bytes"
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }
}

extension String {
    /// The text without spaces, tabs and line ends at either end.
    fileprivate var trimmingBlanks: String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = utf8.firstIndex(where: { !isBlank($0) }), let last = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }

    /// Whether the text can be part of a line of a request's head without ending the line.
    var isOneLine: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
}

extension HTTPRequest {
    var isSecure: Bool { String(decoding: url.utf8.prefix(6), as: UTF8.self).isEqualIgnoringCase(to: "https:") }

    /// The URL's host and port, without user, path and query, for error messages.
    var host: String {
        guard let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")) else { return "a URL without a scheme" }
        let authority = url.utf8[url.utf8.index(after: scheme)...].drop { $0 == UInt8(ascii: "/") }
            .prefix { !"/?#".utf8.contains($0) }
        guard let host = authority.split(separator: UInt8(ascii: "@")).last else { return "a URL without a host" }
        return String(decoding: host, as: UTF8.self)
    }
}

extension Duration {
    /// The milliseconds, rounded up: at least 1, because 0 means "no limit" to libcurl, and at most 24 days, libcurl's
    /// maximum.
    var wholeMilliseconds: Int {
        let milliseconds = components.seconds.multipliedReportingOverflow(by: 1000)
        guard !milliseconds.overflow else { return self < .zero ? 1 : Int(Int32.max) }
        let rest = (components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int(min(max(milliseconds.partialValue.addingReportingOverflow(rest).partialValue, 1), Int64(Int32.max)))
    }
}
