import Clients
import Dispatch
import Glibc
import Synchronization
import TestSupport

/// A server with scripted replies on a free port of 127.0.0.1, which stops with this object.
///
/// Most states of the cluster specification are hard to produce with a real cluster.
final class ScriptedNode: Sendable {
    /// A received request.
    struct Request: Sendable {
        /// The number of the connection, starting at 0.
        var connection: Int
        /// The number of earlier requests on the connection.
        var position: Int
        var words: [String]

        var name: String { words.first ?? "" }
    }

    enum Answer: Sendable {
        /// A reply in one piece.
        case reply(String)
        /// A reply byte by byte.
        case drip(String)
        /// Closes the connection without a reply.
        case close
        /// Sends nothing and keeps the connection open.
        case silence
    }

    typealias Script = @Sendable (Request) -> Answer

    let port: Int
    private let descriptor: Int32
    private let log: Log

    /// - Parameter script: The replies; ``answer(with:)`` replaces the script.
    init(_ script: @escaping Script = { _ in .reply("+OK\r\n") }) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = unsafe withUnsafeMutablePointer(to: &address) { [descriptor] address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, size) == 0 && listen(descriptor, 16) == 0
                    ? getsockname(descriptor, address, &size) : -1
            }
        }
        guard code == 0 else {
            close(descriptor)
            throw Failure("no port to listen on")
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        log = Log(script)
        DispatchQueue(label: "scripted node").async { [descriptor, log] in log.accept(on: descriptor) }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        log.end()
    }

    /// The address as in a redirection.
    var address: String { "127.0.0.1:\(port)" }

    func answer(with script: @escaping Script) { log.state.withLock { $0.script = script } }

    var requests: [Request] { log.state.withLock { $0.requests } }

    /// Returns and forgets the requests, without those of the client's own.
    func takeRequests() -> [[String]] {
        log.state.withLock { state in
            defer { state.requests = [] }
            return state.requests.map(\.words).filter { $0.first != "CLUSTER" }
        }
    }

    var connectionCount: Int { log.state.withLock { $0.count } }

    /// The data shared by the connections' threads.
    private final class Log: Sendable {
        struct State {
            var script: Script
            var requests: [Request] = []
            var open: [Int: Int32] = [:]
            var count = 0
            var hasEnded = false
        }

        let state: Mutex<State>

        init(_ script: @escaping Script) { state = Mutex(State(script: script)) }

        func accept(on descriptor: Int32) {
            while true {
                let client = Glibc.accept(descriptor, nil, nil)
                guard client >= 0 else { break }
                let number: Int? = state.withLock { state in
                    guard !state.hasEnded else { return nil }
                    state.open[state.count] = client
                    state.count += 1
                    return state.count - 1
                }
                guard let number else {
                    close(client)
                    break
                }
                DispatchQueue(label: "scripted connection").async { [self] in serve(client, number) }
            }
            close(descriptor)
        }

        func end() {
            state.withLock { state in
                state.hasEnded = true
                for client in state.open.values { shutdown(client, Int32(SHUT_RDWR)) }
            }
        }

        private func serve(_ client: Int32, _ number: Int) {
            defer {
                state.withLock { _ = $0.open.removeValue(forKey: number) }
                close(client)
            }
            var parser = RESPParser()
            var position = 0
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                while let words = (try? parser.next())?.array {
                    let request = Request(
                        connection: number, position: position, words: words.map { $0.text ?? "" })
                    position += 1
                    let script = state.withLock { state in
                        state.requests.append(request)
                        return state.script
                    }
                    guard send(script(request), to: client) else { return }
                }
                let count = unsafe piece.withUnsafeMutableBytes { unsafe recv(client, $0.baseAddress, $0.count, 0) }
                guard count > 0 else { return }
                parser.buffer += piece[..<count]
            }
        }

        private func send(_ answer: Answer, to client: Int32) -> Bool {
            switch answer {
            case .reply(let text): send(Array(text.utf8)[...], to: client)
            case .drip(let text): text.utf8.allSatisfy { send([$0], to: client) }
            case .close: false
            case .silence: true
            }
        }

        private func send(_ bytes: ArraySlice<UInt8>, to client: Int32) -> Bool {
            var rest = bytes
            while !rest.isEmpty {
                let count = unsafe rest.withUnsafeBytes {
                    unsafe Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }
}
