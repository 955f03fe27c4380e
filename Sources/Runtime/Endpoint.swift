/// The address of the Runtime API: the value of `AWS_LAMBDA_RUNTIME_API`, such as `127.0.0.1:9001`.
package struct Endpoint: Sendable, Hashable {
    var host: String
    var port: UInt16
    /// The prefix of every call's path: empty, or `/` and more, without a trailing slash.
    let basePath: String
    /// The host and port as configured, for the `Host` header.
    let authority: String
    private let text: String

    /// Returns nil unless `text` is a host name, an IPv4 address or an IPv6 address in brackets, with an optional port
    /// (default 80) and an optional path such as `/Function`.
    package init?(_ text: String) {
        self.text = text
        let bytes = Array(text.utf8)
        let slash = bytes.firstIndex(of: UInt8(ascii: "/")) ?? bytes.endIndex
        let authority = bytes[..<slash]
        var path = bytes[slash...]
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        var (host, port) = (authority, ArraySlice("80".utf8))
        let afterBracket = authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.startIndex
        if let colon = authority[afterBracket...].lastIndex(of: UInt8(ascii: ":")) {
            (host, port) = (authority[..<colon], authority[(colon + 1)...])
        }
        if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") { host = host.dropFirst().dropLast() }
        // Digits only, without the sign that UInt16 would accept.
        let isNumber = port.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
        guard !host.isEmpty, host.allSatisfy(Self.isVisible), path.allSatisfy(Self.isInPath), isNumber,
            let number = UInt16(String(decoding: port, as: UTF8.self)), number > 0
        else { return nil }
        self.host = String(decoding: host, as: UTF8.self)
        self.port = number
        basePath = String(decoding: path, as: UTF8.self)
        self.authority = String(decoding: authority, as: UTF8.self)
    }

    private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// Returns whether the byte is valid in a path; a query or a fragment would capture the paths of the calls.
    private static func isInPath(_ byte: UInt8) -> Bool {
        isVisible(byte) && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
    }

    /// Whether the host is a numeric address.
    var isNumeric: Bool {
        host.utf8.contains(UInt8(ascii: ":"))
            || host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || $0 &- UInt8(ascii: "0") < 10 }
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String { text }
}
