import Glibc
import Synchronization

@testable import LambdaRuntime

/// Responses of the Runtime API over a real connection: understood or refused, and within the buffer.
final class RuntimeTarget: FuzzTarget {
    private let answering = AnsweringSocket()
    private var connection: RuntimeConnection
    private static let request = Array("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".utf8)

    required init() {
        guard let endpoint = Endpoint("127.0.0.1:\(answering.port)") else { fatalError("no endpoint") }
        connection = RuntimeConnection(endpoint)
    }

    func check(_ bytes: [UInt8]) {
        answering.answer = bytes
        defer { connection.disconnect() }
        do throws(HTTPError) {
            let response = try connection.exchange(Self.request.span, timeout: 5)
            mustHold((200..<1000).contains(response.head.status), "status \(response.head.status)")
            mustHold(response.body.upperBound <= connection.buffer.count, "the body ends behind the buffer")
            mustHold(response.body.count <= bytes.count, "a body of \(response.body.count) bytes")
            _ = Invocation(response.head, now: 0, instant: .now)
        } catch {
            mustHold(!"\(error)".isEmpty, "refused without a word")
        }
    }
}

/// Listens on a free port of 127.0.0.1, answers each connection with the bytes at hand, and closes it.
private final class AnsweringSocket: Sendable {
    private let descriptor: Int32
    private let bytes = Mutex<[UInt8]>([])
    let port: UInt16

    var answer: [UInt8] {
        get { bytes.withLock { $0 } }
        set { bytes.withLock { $0 = newValue } }
    }

    init() {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, length) = (descriptor, size)
        unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe mustHold(bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0, "cannot listen")
                unsafe mustHold(getsockname(descriptor, $0, &size) == 0, "no port")
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        _ = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<AnsweringSocket>.fromOpaque(context).takeUnretainedValue().serve()
                }
                return nil
            }, context)
    }

    private func serve() {
        var request = [UInt8](repeating: 0, count: 4096)
        while true {
            let client = accept(descriptor, nil, nil)
            guard client >= 0 else { continue }
            _ = unsafe recv(client, &request, request.count, 0)
            let answer = answer
            _ = unsafe send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
            // The client reads the end of the stream; its own close comes first where it wants no more.
            shutdown(client, Int32(SHUT_WR))
            while unsafe recv(client, &request, request.count, 0) > 0 {}
            close(client)
        }
    }
}
