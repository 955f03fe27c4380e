import CCurl

/// A request that did not get a complete response.
///
/// The text contains no header and no body, and only the host of the URL.
package struct TransportError: Error, Equatable {
    /// libcurl's error code; see <https://curl.se/libcurl/c/libcurl-errors.html>.
    package let code: Int
    /// The action that failed, such as `complete the request to localhost:8443`.
    package let action: String
    /// The reason, usually libcurl's text.
    package let reason: String

    package init(code: Int, action: String, reason: String) {
        (self.code, self.action, self.reason) = (code, action, reason)
    }

    init(_ code: CURLcode, doing action: String, reason: String) {
        self.init(code: Int(code.rawValue), action: action, reason: reason)
    }

    /// Whether a retry of the same request may succeed: the network or the peer failed, but did not reject the request.
    ///
    /// The peer may have processed the request.
    package var isRetryable: Bool { Self.retryable.contains { $0.rawValue == code } }

    /// Whether the request's timeout or the connection timeout expired.
    package var isTimeout: Bool { code == CURLE_OPERATION_TIMEDOUT.rawValue }

    /// Whether the task was cancelled during the request.
    var isCancellation: Bool { code == CURLE_ABORTED_BY_CALLBACK.rawValue }

    private static let retryable = [
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT,
        CURLE_SSL_CONNECT_ERROR, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE,
    ]
}

extension TransportError: CustomStringConvertible {
    package var description: String { "could not \(action): \(reason) (curl error \(code))" }
}

/// Advice for the users of a command line.
extension TransportError {
    /// How to fix the error, if known.
    package var advice: String? {
        switch code {
        case Int(CURLE_PEER_FAILED_VERIFICATION.rawValue):
            "set AWS_CA_BUNDLE to a file with the authority that signed the server's certificate, "
                + "and use the host name that the certificate was issued for"
        case Int(CURLE_SSL_CACERT_BADFILE.rawValue):
            "set AWS_CA_BUNDLE to a readable file of certificates in PEM form"
        case Int(CURLE_COULDNT_RESOLVE_HOST.rawValue):
            "check the host name, and that the network's resolver is reachable"
        case Int(CURLE_COULDNT_CONNECT.rawValue), Int(CURLE_OPERATION_TIMEDOUT.rawValue):
            "check that the server runs there, and that security groups, routes or a VPC endpoint let the function reach it"
        case Int(CURLE_SSL_CONNECT_ERROR.rawValue):
            "check that the server speaks TLS 1.2 or later on that port"
        case Int(CURLE_URL_MALFORMAT.rawValue), Int(CURLE_UNSUPPORTED_PROTOCOL.rawValue):
            "give an absolute URL that starts with https:// or http://"
        default: nil
        }
    }
}
