import CCurl
import Glibc

/// One TCP or TLS connection that carries bytes of any protocol, over libcurl's connect-only mode.
///
/// Sole owner of its connection: it can be moved but not copied, and closes it at its end. Every call blocks the
/// calling thread until its deadline at the latest; ``Waker/wake()`` makes it look at once whether its task was cancelled.
///
/// Source: <https://curl.se/libcurl/c/CURLOPT_CONNECT_ONLY.html>
@safe public struct ByteStream: ~Copyable {
    /// Whom to connect to, and how.
    public struct Destination: Sendable, Hashable {
        /// A name, an IPv4 address, or an IPv6 address without brackets.
        public var host: String
        public var port: Int
        /// TLS, with the certificate verified against the host's name.
        public var isSecure: Bool

        public init(host: String, port: Int, isSecure: Bool) {
            (self.host, self.port, self.isSecure) = (host, port, isSecure)
        }

        /// Such as `cache.example:6379` or `[::1]:6379`.
        public var name: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// What another thread may use to end a wait of a stream, or of those that one owner has one after the other.
    public struct Waker: Sendable {
        fileprivate let multi: MultiHandle

        /// - Throws: ``CurlError`` when there is no memory.
        public init() throws(CurlError) {
            guard isLibraryReady, let multi = MultiHandle() else {
                throw CurlError(CURLE_FAILED_INIT, doing: "start libcurl", reason: "not enough memory")
            }
            self.multi = multi
        }

        public func wake() { multi.wake() }
    }

    private let easy: UnsafeMutableRawPointer
    private let multi: MultiHandle
    private let socket: curl_socket_t
    private let name: String
    /// Where libcurl puts what it receives.
    private var piece: [UInt8]

    /// Connects.
    ///
    /// - Parameters:
    ///   - timeout: For the name lookup, the connection and the TLS handshake together.
    ///   - certificateBundle: Whom to trust; only TLS needs one.
    public init(
        to destination: Destination, timeout: Duration, certificateBundle: CertificateBundle?, waker: Waker
    ) throws(CurlError) {
        let name = destination.name
        guard !destination.isSecure || certificateBundle != nil else {
            let reason = "no CA bundle was found; set AWS_CA_BUNDLE to the path of one"
            throw CurlError(CURLE_SSL_CACERT_BADFILE, doing: "trust \(name)", reason: reason)
        }
        guard let easy = unsafe curl_easy_init() else {
            throw CurlError(CURLE_FAILED_INIT, doing: "connect to \(name)", reason: "not enough memory")
        }
        let multi = waker.multi
        let socket: curl_socket_t
        do throws(CurlError) {
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
    ) throws(CurlError) -> curl_socket_t {
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
            // Every connection looks the name up anew: what is behind it may have moved.
            ccurl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0), ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1),
            ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1), ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            ccurl_set_long(easy, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
            // The protocol is none that ALPN has a name for.
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
            throw CurlError(
                code == CURLE_OK ? CURLE_COULDNT_CONNECT : code, doing: "connect to \(destination.name)",
                reason: reason)
        }
        return curl_socket_t(socket)
    }
}

/// Sending and receiving.
extension ByteStream {
    /// Sends everything; when it throws, the peer may have received a part.
    ///
    /// What comes in the meantime is appended to `received`: a peer that cannot get rid of its answers may stop reading.
    public mutating func send(
        _ bytes: [UInt8], receivingInto received: inout [UInt8], until deadline: ContinuousClock.Instant
    ) throws(CurlError) {
        var sent = 0
        while sent < bytes.count {
            var count = 0
            let code = unsafe bytes.withUnsafeBytes { buffer in
                // `sent` is below the count, so this is a part of the buffer.
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

    /// Waits for bytes and appends those that there are.
    ///
    /// - Throws: ``CurlError``, also when the peer has closed.
    public mutating func receive(
        into buffer: inout [UInt8], until deadline: ContinuousClock.Instant
    ) throws(CurlError) {
        // TLS may hold bytes that the socket no longer shows, so waiting comes only after a look.
        while try !receiveAvailable(into: &buffer) {
            try wait(for: CURL_WAIT_POLLIN, until: deadline, doing: "receive from")
        }
    }

    /// Whether the peer has closed the connection or sent something that nobody asked for; does not wait.
    public var isStale: Bool {
        var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&look, 1, 0) != 0
    }

    /// Appends what has arrived; false when nothing has.
    private mutating func receiveAvailable(into buffer: inout [UInt8]) throws(CurlError) -> Bool {
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
    ) throws(CurlError) {
        if Task.isCancelled { throw failure(CURLE_ABORTED_BY_CALLBACK, doing: action, "the time for it is over") }
        let rest = deadline - .now
        guard rest > .zero else { throw failure(CURLE_OPERATION_TIMEDOUT, doing: action, "no answer in time") }
        guard multi.wait(for: events, on: socket, milliseconds: Int32(clamping: rest.wholeMilliseconds)) else {
            throw failure(CURLE_RECV_ERROR, doing: action)
        }
    }

    private func failure(_ code: CURLcode, doing action: String, _ reason: String? = nil) -> CurlError {
        CurlError(
            code, doing: "\(action) \(name)", reason: reason ?? (unsafe String(cString: curl_easy_strerror(code))))
    }
}
