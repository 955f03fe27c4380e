/// The URL of a service and the Region that its requests are signed for.
package struct AWSEndpoint: Sendable, Equatable {
    /// The scheme and the authority, such as `https://kinesis.us-east-1.amazonaws.com`.
    package let origin: String
    /// The authority for the `Host` header, without a default port.
    package let host: String
    /// The prefix of every request's path: empty, or `/...` without a trailing slash.
    package let basePath: String
    package let signingRegion: String

    /// Creates the default endpoint of a service in a Region.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/rande.html>
    ///
    /// - Parameter region: A name that satisfies ``Partition/isRegion(_:)``; it becomes part of the host name.
    package init(_ service: AWSService, region: String, variant: EndpointVariant = []) {
        let partition = Partition(region: region)
        host = service.host(in: partition, region: region, variant)
        origin = "https://" + host
        basePath = ""
        signingRegion = service.isGlobal ? partition.globalSigningRegion : region
    }

    /// Creates an endpoint from the configuration, such as from `AWS_ENDPOINT_URL`.
    ///
    /// Fails unless `url` is `http(s)://host[:port][/path]`.
    package init?(url: String, _ service: AWSService, region: String) {
        // In ASCII, every character is one byte.
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let schemes = [("https://", ":443"), ("http://", ":80")]
        guard let (scheme, defaultPort) = schemes.first(where: { url.lowercased().hasPrefix($0.0) }) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !authority.hasPrefix(":"),
            !rest.contains(where: { "@?#\\\"".contains($0) }), Self.hasPortOrNone(authority)
        else { return nil }
        host = String(authority.hasSuffix(defaultPort) ? authority.dropLast(defaultPort.count) : authority)
        origin = scheme + authority
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path.removeLast() }
        basePath = String(path)
        signingRegion = service.isGlobal ? Partition(region: region).globalSigningRegion : region
    }

    /// Returns whether the text after the host is empty or a colon and a port; an IPv6 host has brackets around its own
    /// colons.
    static func hasPortOrNone(_ authority: Substring) -> Bool {
        var rest = authority
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return false }
            rest = rest[rest.index(after: end)...]
        } else {
            rest = rest.drop { $0 != ":" }
        }
        guard rest.first == ":" else { return rest.isEmpty }
        let digits = rest.dropFirst()
        return digits.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt16(digits).map { $0 > 0 } ?? false
    }
}
