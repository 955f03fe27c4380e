import Dispatch
import Glibc
import Synchronization

/// A listener on a free port of 127.0.0.1 that serves each connection on its own thread.
final class Listener: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let connections = Mutex(Connections())

    private struct Connections: Sendable {
        var open: [Int: ClientSocket] = [:]
        var count = 0
        var isStopped = false
    }

    init() throws(ListenError) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ListenError(doing: "make a socket") }
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // These calls accept a sockaddr_in as a sockaddr, of the given size.
        let code = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, size) == 0 && listen(descriptor, 128) == 0
                    ? getsockname(descriptor, address, &size) : -1
            }
        }
        guard code == 0 else {
            let error = ListenError(doing: "listen on 127.0.0.1")
            close(descriptor)
            throw error
        }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    /// The number of connections so far.
    var connectionCount: Int { connections.withLock { $0.count } }

    /// Accepts connections until ``stop()``, and calls `serve` with each connection and its number on a separate
    /// thread.
    func start(_ serve: @escaping @Sendable (ClientSocket, Int) -> Void) {
        DispatchQueue(label: "runtime server").async { [self] in
            while let socket = accept() {
                guard let number = add(socket) else { return }
                // A separate queue amounts to a separate thread, which is released when the connection ends.
                DispatchQueue(label: "runtime server connection \(number)").async { [self] in
                    serve(socket, number)
                    socket.shutDown()
                    _ = connections.withLock { $0.open.removeValue(forKey: number) }
                }
            }
        }
    }

    /// Closes all connections and accepts no more.
    func stop() {
        shutdown(descriptor, Int32(SHUT_RDWR))
        let open = connections.withLock { connections in
            connections.isStopped = true
            return connections.open.values.map { $0 }
        }
        for socket in open { socket.shutDown() }
    }

    private func accept() -> ClientSocket? {
        while true {
            let client = Glibc.accept(descriptor, nil, nil)
            if client >= 0 {
                // A child process with a copy of the descriptor would keep the peer waiting.
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                return ClientSocket(client)
            }
            guard errno == EINTR || errno == ECONNABORTED else { return nil }
        }
    }

    private func add(_ socket: ClientSocket) -> Int? {
        connections.withLock { connections in
            guard !connections.isStopped else { return nil }
            let number = connections.count
            connections.count += 1
            connections.open[number] = socket
            return number
        }
    }
}

/// The reason why the server cannot listen.
package struct ListenError: Error, Sendable, CustomStringConvertible {
    package var description: String

    init(doing action: String) {
        let code = errno
        let reason = unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
        description = "could not \(action): \(reason)"
    }
}
