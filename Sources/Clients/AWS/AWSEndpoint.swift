/// Where a service is called, and the Region that its requests are signed for.
public struct AWSEndpoint: Sendable, Equatable {
    /// Scheme and authority, such as `https://kinesis.us-east-1.amazonaws.com`.
    public let origin: String
    /// The authority as the `Host` header has it: without a default port.
    public let host: String
    /// What stands before a request's own path; empty or `/...` without a final slash.
    public let basePath: String
    public let signingRegion: String

    /// The service's own endpoint in `region`.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/rande.html>
    public init(_ service: AWSService, region: String) {
        let partition = Partition(region: region)
        host =
            service.isGlobal
            ? "\(service.endpointPrefix).\(partition.globalEndpointRegion)\(partition.domain)"
            : "\(service.endpointPrefix).\(region).\(partition.domain)"
        origin = "https://" + host
        basePath = ""
        signingRegion = service.isGlobal ? partition.globalSigningRegion : region
    }

    /// An endpoint that somebody named, in `AWS_ENDPOINT_URL` for example.
    ///
    /// Fails unless it is `http(s)://host[:port][/path]`.
    public init?(url: String, _ service: AWSService, region: String) {
        let schemes = [("https://", ":443"), ("http://", ":80")]
        guard let (scheme, defaultPort) = schemes.first(where: { url.lowercased().hasPrefix($0.0) }) else { return nil }
        let rest = url.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" }
        guard !authority.isEmpty, !authority.hasPrefix(":"),
            rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !rest.contains(where: { "@?#\\\"".contains($0) }),
            Self.hasPortOrNone(authority)
        else { return nil }
        host = String(authority.hasSuffix(defaultPort) ? authority.dropLast(defaultPort.count) : authority)
        origin = scheme + authority
        var path = rest.dropFirst(authority.count)
        while path.hasSuffix("/") { path.removeLast() }
        basePath = String(path)
        signingRegion = service.isGlobal ? Partition(region: region).globalSigningRegion : region
    }

    /// Whether what follows the host, after a colon, is a port; an IPv6 host has brackets around its own colons.
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

/// A closed group of Regions with a domain of its own.
///
/// Source: <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
public struct Partition: Sendable, Equatable {
    /// As ARNs name it: `aws`, `aws-cn`, `aws-us-gov`.
    public let name: String
    let domain: String
    /// What stands between a global service's name and the domain: mostly nothing, else with a final dot.
    let globalEndpointRegion: String
    let globalSigningRegion: String

    public init(region: String) {
        switch region.prefix(while: { $0 != "-" }) {
        case "cn":
            (name, domain) = ("aws-cn", "amazonaws.com.cn")
            (globalEndpointRegion, globalSigningRegion) = ("cn-north-1.", "cn-north-1")
        case "us" where region.hasPrefix("us-gov-"):
            (name, domain) = ("aws-us-gov", "amazonaws.com")
            (globalEndpointRegion, globalSigningRegion) = ("us-gov.", "us-gov-west-1")
        case "eusc":
            (name, domain) = ("aws-eusc", "amazonaws.eu")
            (globalEndpointRegion, globalSigningRegion) = ("eusc-de-east-1.", "eusc-de-east-1")
        default:
            (name, domain) = ("aws", "amazonaws.com")
            (globalEndpointRegion, globalSigningRegion) = ("", "us-east-1")
        }
    }

    /// Whether `region` has the form of a Region's name, such as `eu-central-1`; it becomes part of host names.
    public static func isRegion(_ region: String) -> Bool {
        let parts = region.split(separator: "-", omittingEmptySubsequences: false)
        guard region.utf8.count <= 32, parts.count >= 3, let number = parts.last else { return false }
        return number.utf8.count <= 2 && !number.isEmpty && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
            && parts.dropLast().allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x61...0x7A).contains($0) } }
    }
}
