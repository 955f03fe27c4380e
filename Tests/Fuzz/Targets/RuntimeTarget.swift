import RuntimeServer

@testable import LambdaRuntime

/// Responses of the Runtime API over a real connection: parsed or rejected, within the buffer.
final class RuntimeTarget: FuzzTarget {
    private let server: RuntimeServer
    private var connection: RuntimeConnection
    private static let request = Array("GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n\r\n".utf8)

    required init() {
        guard let server = try? RuntimeServer(), let endpoint = Endpoint(server.address) else {
            fatalError("no server on 127.0.0.1")
        }
        self.server = server
        connection = RuntimeConnection(endpoint)
    }

    func check(_ bytes: [UInt8]) {
        // A connection that failed, for example for lack of a port, has left its response behind.
        server.removeFaults()
        server.add(Fault(.next, .raw(bytes)))
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
