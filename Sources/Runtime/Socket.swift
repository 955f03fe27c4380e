import Glibc

/// The owner of one connected, blocking TCP socket.
///
/// Every buffer passed to the system is an array or a span that outlives the call, with its own count.
struct Socket: ~Copyable {
    private let descriptor: Int32

    /// Connects to the first of the endpoint's addresses that responds.
    init(connectingTo endpoint: Endpoint) throws(SocketError) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // A numeric address does not need the resolver, whose initialization is slow in a static binary.
        unsafe hints.ai_flags = endpoint.isNumeric ? AI_NUMERICHOST | AI_NUMERICSERV : AI_NUMERICSERV
        var addresses: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(endpoint.host, String(endpoint.port), &hints, &addresses)
        guard code == 0 else {
            throw SocketError(doing: "resolve \(endpoint.host)", reason: unsafe String(cString: gai_strerror(code)))
        }
        defer { unsafe freeaddrinfo(addresses) }
        var failure = SocketError(doing: "connect to \(endpoint)", reason: "no address")
        var next = unsafe addresses
        while let address = unsafe next?.pointee {
            let descriptor = unsafe socket(address.ai_family, address.ai_socktype | Self.closeOnExec, 0)
            if descriptor >= 0, unsafe connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 {
                var on: Int32 = 1
                // Otherwise a small request may wait for the response to the previous one.
                _ = unsafe setsockopt(
                    descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
                self.descriptor = descriptor
                return
            }
            failure = SocketError(doing: "connect to \(endpoint)", code: errno)
            if descriptor >= 0 { close(descriptor) }
            unsafe next = address.ai_next
        }
        throw failure
    }

    private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

    deinit { close(descriptor) }

    /// Sets the timeout of `receive`; 0, the default, waits without limit.
    func setReceiveTimeout(seconds: Int) {
        var time = timeval(tv_sec: seconds, tv_usec: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends all of `bytes`.
    func send(_ bytes: Span<UInt8>) throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            let rest = bytes.extracting(sent...)
            let count = unsafe rest.withUnsafeBufferPointer {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SocketError(doing: "send", code: errno)
            }
            sent += count
        }
    }

    /// Receives the bytes that have arrived into `buffer` from `offset` on, limited by its size.
    ///
    /// - Returns: The number of bytes; 0 if the peer has closed the connection or `buffer` is full.
    func receive(into buffer: inout [UInt8], at offset: Int) throws(SocketError) -> Int {
        while true {
            let room = buffer.count - offset
            guard room > 0, offset >= 0 else { return 0 }
            // `room` bytes follow `offset` in `buffer`.
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress.map { unsafe $0 + offset }, room, 0)
            }
            if count >= 0 { return count }
            if errno == EINTR { continue }
            throw SocketError(doing: "receive", code: errno)
        }
    }
}

/// A failed system call.
struct SocketError: Error, Equatable, CustomStringConvertible {
    var description: String

    init(doing action: String, reason: String) { description = "could not \(action): \(reason)" }

    init(doing action: String, code: Int32) {
        self.init(doing: action, reason: unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)")
    }
}
