import Glibc

/// A response and unusual ways of sending it.
struct Response: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]
    /// The sizes of the body's chunks, used cyclically; empty for a body with a Content-Length.
    var chunkSizes: [Int] = []

    /// Lambda's response to every accepted post.
    static let accepted = Self(status: 202, json: #"{"status":"OK"}"#)

    init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8], chunkSizes: [Int] = []) {
        self.status = status
        self.headers = headers
        self.body = body
        self.chunkSizes = chunkSizes.filter { $0 > 0 }
    }

    init(status: Int, headers: [(name: String, value: String)] = [], json: String) {
        self.init(status: status, headers: [("Content-Type", "application/json")] + headers, body: Array(json.utf8))
    }

    /// An error response in Lambda's format; neither text may require escapes.
    init(status: Int, errorType: String, _ message: String) {
        self.init(status: status, json: #"{"errorMessage":"\#(message)","errorType":"\#(errorType)"}"#)
    }

    /// Returns everything before the body.
    func head() -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Status")\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += chunkSizes.isEmpty ? "Content-Length: \(body.count)\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n"
        return Array(text.utf8)
    }

    /// Returns the body as it is sent.
    func encodedBody() -> [UInt8] {
        guard !chunkSizes.isEmpty else { return body }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + body.count / 8)
        var rest = body[...]
        var number = 0
        while !rest.isEmpty {
            let chunk = rest.prefix(chunkSizes[number % chunkSizes.count])
            bytes += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
            rest = rest.dropFirst(chunk.count)
            number += 1
        }
        return bytes + Array("0\r\n\r\n".utf8)
    }

    /// Sends the response at once or in pieces of `drip.bytes` with a pause after each; returns false if the peer has
    /// closed the connection.
    func send(to socket: ClientSocket, drip: (bytes: Int, pause: Duration)? = nil) -> Bool {
        guard let drip, drip.bytes > 0 else {
            // One call for a small response, as a buffering server would make.
            if body.count < 16 * 1024 { return socket.send((head() + encodedBody())[...]) }
            return socket.send(head()[...]) && socket.send(encodedBody()[...])
        }
        var rest = (head() + encodedBody())[...]
        while !rest.isEmpty {
            guard socket.send(rest.prefix(drip.bytes)) else { return false }
            rest = rest.dropFirst(drip.bytes)
            usleep(UInt32(clamping: Int(drip.pause.seconds * 1e6)))
        }
        return true
    }

    private static let reasons = [
        200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        410: "Gone", 413: "Request Entity Too Large", 500: "Internal Server Error",
    ]
}
