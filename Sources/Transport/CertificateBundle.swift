import Glibc

/// The file of trusted certificate authorities for TLS connections.
///
/// A static binary has no built-in path, so the file is located at run time.
package struct CertificateBundle: Sendable, Equatable {
    package let path: String

    package init(path: String) { self.path = path }

    /// Locates the bundle.
    ///
    /// Without one, the initializer fails and HTTPS requests fail with advice.
    ///
    /// `AWS_CA_BUNDLE` takes precedence over `SSL_CERT_FILE`, which takes precedence over the default paths of Amazon
    /// Linux and Debian. A path from the environment is used even if the file does not exist, because trusting another
    /// bundle than the configured one is worse than an error.
    ///
    /// - Parameters:
    ///   - environment: The process's environment variables; empty ones count as unset.
    ///   - isReadable: Returns whether a file at a path is readable.
    package init?(environment: [String: String], isReadable: (String) -> Bool = CertificateBundle.isReadable) {
        let named = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        guard let path = named ?? Self.wellKnownPaths.first(where: isReadable) else { return nil }
        self.path = path
    }

    static let wellKnownPaths = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"]

    /// Returns whether the file system has a readable file at the path.
    package static func isReadable(_ path: String) -> Bool { unsafe access(path, R_OK) == 0 }
}
