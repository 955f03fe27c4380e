import Glibc

/// One response, and the odd ways of sending it.
struct Response: Sendable {
    var status: Int
    var headers: [(name: String, value: String)] = []
    var body: [UInt8]
    /// Sizes of the chunks that the body is sent in, over and over; empty for a body with its length.
    var chunkSizes: [Int] = []

    /// What Lambda says to every post that it takes.
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

    /// A refusal, as Lambda words it; neither text may need an escape.
    init(status: Int, errorType: String, _ message: String) {
        self.init(status: status, json: #"{"errorMessage":"\#(message)","errorType":"\#(errorType)"}"#)
    }

    /// Everything up to the body.
    func head() -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Status")\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        text += chunkSizes.isEmpty ? "Content-Length: \(body.count)\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n"
        return Array(text.utf8)
    }

    /// The body as it goes over the wire.
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

    /// Sends it all at once, or in pieces of `drip.bytes` with a pause after each; false when the other side has gone.
    func send(to socket: ClientSocket, drip: (bytes: Int, pause: Duration)? = nil) -> Bool {
        guard let drip, drip.bytes > 0 else {
            // One call for a small response, as a server with a buffer would make.
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
