import CCurl
import Glibc

/// One TCP or TLS connection that carries bytes of any protocol, over libcurl's connect-only mode.
///
/// Sole owner of its connection: it can be moved but not copied, and closes it at its end. Every call blocks the
/// calling thread until its deadline at the latest, and looks every few milliseconds whether its task was cancelled.
///
/// Source: <https://curl.se/libcurl/c/CURLOPT_CONNECT_ONLY.html>
@safe public struct ByteStream: ~Copyable {
    /// Whom to connect to, and how.
    public struct Destination: Sendable, Equatable {
        /// A name, an IPv4 address, or an IPv6 address without brackets.
        public var host: String
        public var port: Int
        /// TLS, with the certificate verified against the host's name.
        public var isSecure: Bool

        public init(host: String, port: Int, isSecure: Bool) {
            (self.host, self.port, self.isSecure) = (host, port, isSecure)
        }
    }

    private let easy: UnsafeMutableRawPointer
    private let socket: Int32
    private let name: String

    /// How long a wait lasts before it looks for a cancellation, in ms.
    private static let slice: Int32 = 20

    /// Connects.
    ///
    /// - Parameters:
    ///   - timeout: For the name lookup, the connection and the TLS handshake together.
    ///   - certificateBundle: Whom to trust; only TLS needs one.
    public init(
        to destination: Destination, timeout: Duration, certificateBundle: CertificateBundle?
    ) throws(CurlError) {
        let host = destination.host.contains(":") ? "[\(destination.host)]" : destination.host
        name = "\(host):\(destination.port)"
        guard !destination.isSecure || certificateBundle != nil else {
            let reason = "no CA bundle was found; set AWS_CA_BUNDLE to the path of one"
            throw CurlError(CURLE_SSL_CACERT_BADFILE, doing: "trust \(name)", reason: reason)
        }
        guard isLibraryReady, let easy = unsafe curl_easy_init() else {
            throw CurlError(CURLE_FAILED_INIT, doing: "start libcurl", reason: "not enough memory")
        }
        do throws(CurlError) {
            let url = "\(destination.isSecure ? "https" : "http")://\(name)"
            socket = try unsafe Self.connect(easy, url, name, timeout, certificateBundle)
        } catch {
            unsafe curl_easy_cleanup(easy)
            throw error
        }
        unsafe self.easy = easy
    }

    deinit { unsafe curl_easy_cleanup(easy) }

    private static func connect(
        _ easy: UnsafeMutableRawPointer, _ url: String, _ name: String, _ timeout: Duration,
        _ certificateBundle: CertificateBundle?
    ) throws(CurlError) -> Int32 {
        let errorText = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0)
        defer {
            _ = unsafe ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, nil)
            unsafe errorText.deallocate()
        }
        let codes = unsafe [
            ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText.baseAddress),
            ccurl_set_string(easy, CURLOPT_URL, url), ccurl_set_string(easy, CURLOPT_PROXY, ""),
            ccurl_set_long(easy, CURLOPT_CONNECT_ONLY, 1), ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout.wholeMilliseconds),
            ccurl_set_long(easy, CURLOPT_TCP_NODELAY, 1), ccurl_allow_only_http(easy), ccurl_abandon_lookups(easy),
            // Every connection looks the name up anew: what is behind it may have moved.
            ccurl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0), ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1),
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1), ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            // The protocol is none that ALPN has a name for.
            ccurl_set_long(easy, CURLOPT_SSL_ENABLE_ALPN, 0),
            ccurl_set_string(easy, CURLOPT_CAINFO, certificateBundle?.path),
            ccurl_set_string(easy, CURLOPT_CAPATH, nil),
        ]
        let code = unsafe codes.first { $0 != CURLE_OK } ?? curl_easy_perform(easy)
        var socket = -1
        let socketCode = unsafe ccurl_get_socket(easy, &socket)
        guard code == CURLE_OK, socketCode == CURLE_OK, socket >= 0 else {
            let detail = unsafe errorText.baseAddress.map { unsafe String(cString: $0) } ?? ""
            let reason = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
            throw CurlError(
                code == CURLE_OK ? CURLE_COULDNT_CONNECT : code, doing: "connect to \(name)", reason: reason)
        }
        return Int32(socket)
    }
}

/// Sending and receiving.
extension ByteStream {
    /// Sends everything; when it throws, the peer may have received a part.
    public mutating func send(_ bytes: [UInt8], until deadline: ContinuousClock.Instant) throws(CurlError) {
        var sent = 0
        while sent < bytes.count {
            var count = 0
            let code = unsafe bytes.withUnsafeBytes { buffer in
                // `sent` is below the count, so this is a part of the buffer.
                unsafe curl_easy_send(easy, buffer.baseAddress.map { unsafe $0 + sent }, buffer.count - sent, &count)
            }
            switch code {
            case CURLE_OK: sent += count
            case CURLE_AGAIN: try wait(for: POLLOUT, until: deadline, doing: "send to")
            default: throw failure(code, doing: "send to")
            }
        }
    }

    /// Waits for bytes and appends those that there are.
    ///
    /// - Throws: ``CurlError``, also when the peer has closed.
    public mutating func receive(
        into buffer: inout [UInt8], until deadline: ContinuousClock.Instant
    ) throws(CurlError) {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            var count = 0
            let code = unsafe piece.withUnsafeMutableBytes { piece in
                unsafe curl_easy_recv(easy, piece.baseAddress, piece.count, &count)
            }
            switch code {
            case CURLE_OK:
                guard count > 0 else { throw failure(CURLE_GOT_NOTHING, doing: "receive from", "the peer has closed") }
                buffer += piece[..<count]
                return
            // TLS may hold bytes that the socket no longer shows, so waiting comes only now.
            case CURLE_AGAIN: try wait(for: POLLIN, until: deadline, doing: "receive from")
            default: throw failure(code, doing: "receive from")
            }
        }
    }

    /// Whether the peer has closed the connection or sent something that nobody asked for; does not wait.
    public var isStale: Bool {
        var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&look, 1, 0) != 0
    }

    private func wait(
        for event: Int32, until deadline: ContinuousClock.Instant, doing action: String
    ) throws(CurlError) {
        while true {
            if Task.isCancelled { throw failure(CURLE_ABORTED_BY_CALLBACK, doing: action, "the time for it is over") }
            guard ContinuousClock.now < deadline else {
                throw failure(CURLE_OPERATION_TIMEDOUT, doing: action, "no answer in time")
            }
            var look = pollfd(fd: socket, events: Int16(event), revents: 0)
            let ready = unsafe poll(&look, 1, Self.slice)
            if ready > 0 { return }
            if ready < 0, errno != EINTR { throw failure(CURLE_RECV_ERROR, doing: action) }
        }
    }

    private func failure(_ code: CURLcode, doing action: String, _ reason: String? = nil) -> CurlError {
        CurlError(
            code, doing: "\(action) \(name)", reason: reason ?? (unsafe String(cString: curl_easy_strerror(code))))
    }
}
