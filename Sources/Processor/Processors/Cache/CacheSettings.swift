import Clients
import Transport

/// The settings `CACHE_...`: the Redis, Valkey or ElastiCache to write to.
package struct CacheSettings: Sendable, Equatable {
    /// The method by which a connection logs in.
    package enum Authentication: Sendable, Equatable {
        /// Without a login, or with the user and password in `CACHE_URL`.
        case password
        /// `CACHE_AUTH=iam`: with a token that is signed with AWS credentials, as the user in `CACHE_URL`.
        case iam(user: String)
    }

    package var destination: ByteStream.Destination
    /// The login; nil if `CACHE_URL` contains no password, and with IAM.
    package var login: RedisConnection.Login?
    package var authentication: Authentication
    package var database: Int
    /// `CACHE_KEY_PREFIX`.
    package var keyPrefix: String
    /// `CACHE_TTL_SECONDS`; 0: documents do not expire.
    package var timeToLive: Int
    /// `CACHE_CLUSTER`.
    package var isCluster: Bool
}

/// Reading of the settings.
extension CacheSettings: SettingsPart {
    package static let url = Setting(
        "CACHE_URL", .cacheURL, required: "for cache, such as rediss://cache.example:6379", isSecret: true,
        "`redis://` or `rediss://` (TLS), then `[user[:password]@]host[:port][/database]`; special characters of user and password percent-encoded, `redis://:password@host` for the default user"
    )
    package static let keyPrefix = Setting(
        "CACHE_KEY_PREFIX", .text(), default: "concert:", "the prefix of every key")
    package static let timeToLive = Setting(
        "CACHE_TTL_SECONDS", .integer(0...3_153_600_000), default: 86_400,
        "the time until a document expires, in seconds; 0: never. Sorted sets do not expire")
    package static let cluster = Setting<Bool>(
        "CACHE_CLUSTER", .choice(["true": true, "false": false]), default: false,
        "whether the host belongs to a cluster, as the endpoint of ElastiCache Serverless does")
    package static let iam = Setting<Bool>(
        "CACHE_AUTH", .choice(["password": false, "iam": true]), default: false,
        "`iam`: log in to ElastiCache over TLS as the user in `CACHE_URL`, with a token that is signed with the function's role; the role needs `elasticache:Connect`"
    )

    package init?(_ reader: inout SettingsReader) {
        let url = reader.required(Self.url)
        keyPrefix = reader.read(Self.keyPrefix)
        timeToLive = reader.read(Self.timeToLive)
        isCluster = reader.read(Self.cluster)
        let isIAM = reader.read(Self.iam)
        guard let url else { return nil }
        if isCluster, url.database != 0 {
            reader.complain(
                "CACHE_URL names database \(url.database), but a cluster (CACHE_CLUSTER) has only database 0")
        }
        (destination, database) = (url.destination, url.database)
        if isIAM {
            if !url.destination.isSecure {
                reader.complain("CACHE_AUTH is iam, which requires TLS; CACHE_URL must begin with rediss://")
            }
            if url.user == nil {
                reader.complain("CACHE_AUTH is iam; CACHE_URL must name the user: rediss://USER@host")
            }
            (authentication, login) = (.iam(user: url.user ?? ""), nil)
        } else {
            if url.user != nil, url.password == nil {
                reader.complain("CACHE_URL names a user without a password; give both, or set CACHE_AUTH to iam")
            }
            authentication = .password
            login = url.password.map { RedisConnection.Login(user: url.user, password: $0) }
        }
    }
}

extension SettingForm where Value == CacheURL {
    fileprivate static var cacheURL: SettingForm {
        SettingForm(.text("URL")) { text, faults in
            let url = CacheURL(text)
            if url == nil {
                faults.append(
                    .expected(
                        "redis:// or rediss://, then [user:password@]host[:port][/database], "
                            + "with special characters percent-encoded"))
            }
            return url
        }
    }
}

/// A description without the login.
extension CacheSettings: CustomStringConvertible, CustomReflectable {
    package var description: String { "cache at \(destination.host):\(destination.port)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// `redis://[user[:password]@]host[:port][/database]`.
package struct CacheURL: Sendable, Equatable {
    var destination: ByteStream.Destination
    var user: String?
    var password: String?
    var database = 0

    init?(_ text: String) {
        // In visible ASCII, each byte is one character.
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let schemes = [("redis://", false), ("rediss://", true)]
        guard let (scheme, isSecure) = schemes.first(where: { text.lowercased().hasPrefix($0.0) }) else { return nil }
        var rest = text.dropFirst(scheme.count)
        guard !rest.contains("?"), !rest.contains("#") else { return nil }
        if let at = rest.lastIndex(of: "@") {
            guard let login = Self.login(rest[..<at]) else { return nil }
            (user, password) = (login.user, login.password)
            rest = rest[rest.index(after: at)...]
        }
        if let slash = rest.firstIndex(of: "/") {
            let number = rest[rest.index(after: slash)...]
            guard number.isEmpty || number.allSatisfy(\.isNumber), let database = Int(number.isEmpty ? "0" : number),
                (0...65_535).contains(database)
            else { return nil }
            self.database = database
            rest = rest[..<slash]
        }
        guard let (host, port) = Self.hostAndPort(rest) else { return nil }
        destination = ByteStream.Destination(host: host, port: port, isSecure: isSecure)
    }

    private static func login(_ text: Substring) -> (user: String?, password: String?)? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let user = percentDecoded(parts[0]) else { return nil }
        guard parts.count == 2 else { return user.isEmpty ? nil : (user, nil) }
        guard let password = percentDecoded(parts[1]) else { return nil }
        return (user.isEmpty ? nil : user, password.isEmpty ? nil : password)
    }

    private static func hostAndPort(_ text: Substring) -> (String, Int)? {
        var host = text
        var port = 6379
        let end = text.hasPrefix("[") ? text.firstIndex(of: "]") : text.startIndex
        guard let end else { return nil }
        if let colon = text[end...].firstIndex(of: ":") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65_535).contains(number) else { return nil }
            (host, port) = (text[..<colon], number)
        }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = host.dropFirst().dropLast()
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
        } else {
            guard host.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) }) else {
                return nil
            }
        }
        return host.isEmpty ? nil : (String(host), port)
    }

    /// Decodes percent-encoding; returns nil if a percent sign is not followed by two hexadecimal digits, or if the result is
    /// not UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
