/// Where the Runtime API listens: the value of `AWS_LAMBDA_RUNTIME_API`, such as `127.0.0.1:9001`.
public struct Endpoint: Sendable, Hashable {
    var host: String
    var port: UInt16
    /// Host and port as they were given, for the `Host` header.
    private let text: String

    /// Fails unless `text` is a host, an IPv4 address or an IPv6 address in brackets, with or without a port (80 then).
    public init?(_ text: String) {
        self.text = text
        var host = Substring(text)
        var port = Substring("80")
        let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[afterBracket...].lastIndex(of: ":") {
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        let isPlain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        // Digits alone, without the sign that UInt16 would take.
        let isNumber = port.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 }
        guard !host.isEmpty, isPlain, isNumber, let number = UInt16(port), number > 0 else { return nil }
        self.host = String(host)
        self.port = number
    }

    /// Whether the host is an address in digits.
    var isNumeric: Bool {
        host.contains(":") || host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || $0 &- UInt8(ascii: "0") < 10 }
    }
}

extension Endpoint: CustomStringConvertible {
    public var description: String { text }
}
