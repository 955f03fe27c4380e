/// What has arrived of an answer so far.
struct PartialResponse {
    private(set) var headers: HTTPHeaders = [:]
    private(set) var body: [UInt8] = []
    /// Whether the body went past its limit, and the transfer was therefore given up.
    private(set) var isTooLong = false
    /// After the head, only trailers come this way; nobody asked for them.
    private var isHeadComplete = false
    private let bodyLimit: Int

    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    /// Takes a status line, a header, or the empty line that ends the head.
    mutating func takeHeaderLine(_ bytes: some Sequence<UInt8>) {
        let line = String(decoding: Array(bytes), as: UTF8.self).trimmingBlanks
        if line.hasPrefix("HTTP/") {
            // An answer such as 100 Continue may come before the real one.
            headers.removeAll()
            isHeadComplete = false
        } else if line.isEmpty {
            isHeadComplete = true
            if let length = headers["content-length"].flatMap({ Int($0) }), (0...bodyLimit).contains(length) {
                body.reserveCapacity(length)
            }
        } else if !isHeadComplete, let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) {
            headers.append(String(line[..<colon]), String(line[line.utf8.index(after: colon)...]).trimmingBlanks)
        }
    }

    /// Takes a piece of the body; `false` when it does not fit any more.
    mutating func takeBody(_ bytes: some Collection<UInt8>) -> Bool {
        isTooLong = bytes.count > bodyLimit - body.count
        if !isTooLong { body.append(contentsOf: bytes) }
        return !isTooLong
    }
}

extension String {
    /// Without spaces, tabs and line ends at either end.
    fileprivate var trimmingBlanks: String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let first = utf8.firstIndex(where: { !isBlank($0) }), let last = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }

    /// Whether the text can stand in a line of a request's head without ending it.
    var isOneLine: Bool { utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 } }
}

extension HTTPRequest {
    var isSecure: Bool { url.prefix(6).lowercased() == "https:" }

    /// The URL's host and port, without user, path and query: fit for an error message.
    var host: String {
        guard let scheme = url.firstIndex(of: ":") else { return "a URL without a scheme" }
        let authority = url[url.index(after: scheme)...].drop { $0 == "/" }.prefix { !"/?#".contains($0) }
        return String(authority.split(separator: "@").last ?? "a URL without a host")
    }
}

extension Duration {
    /// Rounded up, and at least 1, for 0 means "no limit" to libcurl; at most 24 days, the most that it takes.
    var wholeMilliseconds: Int {
        let milliseconds = components.seconds.multipliedReportingOverflow(by: 1000)
        guard !milliseconds.overflow else { return self < .zero ? 1 : Int(Int32.max) }
        let rest = (components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int(min(max(milliseconds.partialValue.addingReportingOverflow(rest).partialValue, 1), Int64(Int32.max)))
    }
}
