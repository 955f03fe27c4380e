import Glibc

/// One accepted, blocking connection, which is closed when its last reference is released.
///
/// Every buffer passed to the system is an array that outlives the call, with its own count.
final class ClientSocket: Sendable {
    private let descriptor: Int32

    /// - Parameter descriptor: The descriptor, which this object owns.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var on: Int32 = 1
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Ends all calls on this connection, on any thread.
    func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Whether the peer can still read; false once it has closed the connection or exited.
    var isOpen: Bool {
        var byte: UInt8 = 0
        let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR))
    }

    /// Sends all of `bytes`; returns false if the peer has closed the connection.
    func send(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Receives into `buffer` from `offset` on; returns 0 if the peer has closed the connection or `buffer` is full.
    func receive(into buffer: inout [UInt8], at offset: Int) -> Int {
        let room = buffer.count - offset
        guard offset >= 0, room > 0 else { return 0 }
        while true {
            // `room` bytes follow `offset` in `buffer`.
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress.map { unsafe $0 + offset }, room, 0)
            }
            if count < 0, errno == EINTR { continue }
            return max(count, 0)
        }
    }
}
