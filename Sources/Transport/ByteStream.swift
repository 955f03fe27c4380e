import CCurl
import Glibc

/// One TCP or TLS connection for any protocol, in libcurl's connect-only mode.
///
/// The value owns its connection: it cannot be copied, and closes the connection when it is destroyed. Every call
/// blocks the calling thread until its deadline at the latest; after ``Waker/wake()``, it checks whether its task was
/// cancelled.
///
/// Source: <https://curl.se/libcurl/c/CURLOPT_CONNECT_ONLY.html>
@safe package struct ByteStream: ~Copyable {
    /// The server to connect to, and whether to use TLS.
    package struct Destination: Sendable, Hashable {
        /// A host name, an IPv4 address, or an IPv6 address without brackets.
        package var host: String
        package var port: Int
        /// Whether to use TLS and verify the certificate against the host name.
        package var isSecure: Bool

        package init(host: String, port: Int, isSecure: Bool) {
            (self.host, self.port, self.isSecure) = (host, port, isSecure)
        }

        /// The host and port, such as `cache.example:6379` or `[::1]:6379`.
        package var name: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// A handle with which another thread interrupts a wait of a stream, or of the successive streams of one owner.
    package struct Waker: Sendable {
        fileprivate let multi: MultiHandle

        /// - Throws: ``TransportError`` if memory is exhausted.
        package init() throws(TransportError) {
            guard isLibraryReady, let multi = MultiHandle() else {
                throw TransportError(CURLE_FAILED_INIT, doing: "start libcurl", reason: "not enough memory")
            }
            self.multi = multi
        }

        package func wake() { multi.wake() }
    }

    private let easy: UnsafeMutableRawPointer
    private let multi: MultiHandle
    private let socket: curl_socket_t
    private let name: String
    /// The buffer in which libcurl stores what it receives.
    private var piece: [UInt8]

    /// Connects.
    ///
    /// - Parameters:
    ///   - timeout: The limit for the name lookup, the connection and the TLS handshake together.
    ///   - certificateBundle: The trusted certificate authorities; required for TLS.
    package init(
        to destination: Destination, timeout: Duration, certificateBundle: CertificateBundle?, waker: Waker
    ) throws(TransportError) {
        let name = destination.name
        guard !destination.isSecure || certificateBundle != nil else {
            let reason = "no CA bundle was found; set AWS_CA_BUNDLE to the path of one"
            throw TransportError(CURLE_SSL_CACERT_BADFILE, doing: "trust \(name)", reason: reason)
        }
        guard let easy = unsafe curl_easy_init() else {
            throw TransportError(CURLE_FAILED_INIT, doing: "connect to \(name)", reason: "not enough memory")
        }
        let multi = waker.multi
        let socket: curl_socket_t
        do throws(TransportError) {
            socket = try unsafe Self.connect(easy, multi, destination, timeout, certificateBundle)
        } catch {
            unsafe multi.end(easy)
            unsafe curl_easy_cleanup(easy)
            throw error
        }
        unsafe (self.easy, self.multi, self.socket, self.name) = (easy, multi, socket, name)
        piece = [UInt8](repeating: 0, count: 64 << 10)
    }

    deinit {
        unsafe multi.end(easy)
        unsafe curl_easy_cleanup(easy)
    }

    private static func connect(
        _ easy: UnsafeMutableRawPointer, _ multi: MultiHandle, _ destination: Destination, _ timeout: Duration,
        _ certificateBundle: CertificateBundle?
    ) throws(TransportError) -> curl_socket_t {
        let errorText = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0)
        defer {
            _ = unsafe ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, nil)
            unsafe errorText.deallocate()
        }
        let url = "\(destination.isSecure ? "https" : "http")://\(destination.name)"
        let codes = unsafe [
            ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText.baseAddress),
            ccurl_set_string(easy, CURLOPT_URL, url), ccurl_set_string(easy, CURLOPT_PROXY, ""),
            ccurl_set_long(easy, CURLOPT_CONNECT_ONLY, 1), ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, timeout.wholeMilliseconds),
            ccurl_set_long(easy, CURLOPT_TCP_NODELAY, 1), ccurl_allow_only_http(easy), ccurl_abandon_lookups(easy),
            // Every connection repeats the name lookup, because the address may have changed.
            ccurl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0), ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1),
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1), ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            // ALPN has no identifier for the protocol.
            ccurl_set_long(easy, CURLOPT_SSL_ENABLE_ALPN, 0),
            ccurl_set_string(easy, CURLOPT_CAINFO, certificateBundle?.path),
            ccurl_set_string(easy, CURLOPT_CAPATH, nil),
        ]
        let code = unsafe codes.first { $0 != CURLE_OK } ?? multi.begin(easy)
        var socket = -1
        let socketCode = unsafe ccurl_get_socket(easy, &socket)
        guard code == CURLE_OK, socketCode == CURLE_OK, socket >= 0 else {
            let detail = unsafe errorText.baseAddress.map { unsafe String(cString: $0) } ?? ""
            let reason = detail.isEmpty ? unsafe String(cString: curl_easy_strerror(code)) : detail
            throw TransportError(
                code == CURLE_OK ? CURLE_COULDNT_CONNECT : code, doing: "connect to \(destination.name)",
                reason: reason)
        }
        return curl_socket_t(socket)
    }
}

/// Sending and receiving.
extension ByteStream {
    /// Sends all bytes; if it throws, the peer may have received some of them.
    ///
    /// Bytes that arrive during that time are appended to `received`, because a peer that cannot send its responses may stop
    /// reading.
    package mutating func send(
        _ bytes: [UInt8], receivingInto received: inout [UInt8], until deadline: ContinuousClock.Instant
    ) throws(TransportError) {
        var sent = 0
        while sent < bytes.count {
            var count = 0
            let code = unsafe bytes.withUnsafeBytes { buffer in
                // `sent` is less than the count, so this is a part of the buffer.
                unsafe curl_easy_send(easy, buffer.baseAddress.map { unsafe $0 + sent }, buffer.count - sent, &count)
            }
            switch code {
            case CURLE_OK: sent += count
            case CURLE_AGAIN:
                guard try !receiveAvailable(into: &received) else { continue }
                try wait(for: CURL_WAIT_POLLOUT | CURL_WAIT_POLLIN, until: deadline, doing: "send to")
            default: throw failure(code, doing: "send to")
            }
        }
    }

    /// Waits for bytes and appends those that have arrived.
    ///
    /// - Throws: ``TransportError``, also if the peer has closed the connection.
    package mutating func receive(
        into buffer: inout [UInt8], until deadline: ContinuousClock.Instant
    ) throws(TransportError) {
        // TLS may have buffered bytes that the socket no longer shows, so data is read before waiting.
        while try !receiveAvailable(into: &buffer) {
            try wait(for: CURL_WAIT_POLLIN, until: deadline, doing: "receive from")
        }
    }

    /// Whether the peer has closed the connection or sent unexpected data; does not wait.
    package var isStale: Bool {
        var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&look, 1, 0) != 0
    }

    /// Appends the bytes that have arrived; returns false if there are none.
    private mutating func receiveAvailable(into buffer: inout [UInt8]) throws(TransportError) -> Bool {
        var count = 0
        let code = unsafe piece.withUnsafeMutableBytes { piece in
            unsafe curl_easy_recv(easy, piece.baseAddress, piece.count, &count)
        }
        switch code {
        case CURLE_OK:
            guard count > 0 else { throw failure(CURLE_GOT_NOTHING, doing: "receive from", "the peer has closed") }
            buffer += piece[..<count]
            return true
        case CURLE_AGAIN: return false
        default: throw failure(code, doing: "receive from")
        }
    }

    private func wait(
        for events: Int32, until deadline: ContinuousClock.Instant, doing action: String
    ) throws(TransportError) {
        if Task.isCancelled { throw failure(CURLE_ABORTED_BY_CALLBACK, doing: action, "the task was cancelled") }
        let rest = deadline - .now
        guard rest > .zero else { throw failure(CURLE_OPERATION_TIMEDOUT, doing: action, "no response in time") }
        guard multi.wait(for: events, on: socket, milliseconds: Int32(clamping: rest.wholeMilliseconds)) else {
            throw failure(CURLE_RECV_ERROR, doing: action)
        }
    }

    private func failure(_ code: CURLcode, doing action: String, _ reason: String? = nil) -> TransportError {
        TransportError(
            code, doing: "\(action) \(name)", reason: reason ?? (unsafe String(cString: curl_easy_strerror(code))))
    }
}
