import Glibc

/// The file of certificate authorities that TLS connections trust.
///
/// A static binary has no built-in place to look, so it is found at run time.
public struct CertificateBundle: Sendable, Equatable {
    public let path: String

    public init(path: String) { self.path = path }

    /// Finds the bundle; fails when there is none, and every HTTPS request then fails with advice.
    ///
    /// `AWS_CA_BUNDLE` comes first, then `SSL_CERT_FILE`, then where Amazon Linux and Debian keep theirs. A path
    /// from the environment counts even if no such file exists: to trust another bundle
    /// than the one asked for would be worse than an error.
    ///
    /// - Parameters:
    ///   - environment: The process's own; a literal in tests. Empty counts as unset.
    ///   - isReadable: Whether there is a file to read at a path.
    public init?(environment: [String: String], isReadable: (String) -> Bool = CertificateBundle.isReadable) {
        let named = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        guard let path = named ?? Self.wellKnownPaths.first(where: isReadable) else { return nil }
        self.path = path
    }

    static let wellKnownPaths = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"]

    /// Asks the file system.
    public static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }
}
