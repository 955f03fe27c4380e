import Basics
import JSON

/// One persistent HTTP/1.1 connection to the Runtime API, and the buffer of its responses.
///
/// It uses a socket instead of libcurl, because the invocation loop is the core of the program: a request is one `send`
/// and, for a small event, one `recv` (docs/decisions/0002).
struct RuntimeConnection: ~Copyable {
    /// A response, whose body is the range `body` of ``buffer``.
    struct Response: Sendable {
        var head: ResponseHead
        var body: Range<Int>
    }

    private let endpoint: Endpoint
    private var socket: Socket?
    /// The socket's receive timeout in seconds; 0 for none.
    private var receiveTimeout = 0
    /// The buffer with the last response.
    ///
    /// It grows to the size of the largest event and is reused.
    private(set) var buffer: [UInt8] = []
    private var filled = 0

    /// Far above any legitimate event: Lambda's limit is 6 MiB, and a replay may send more.
    private static let bodyLimit = 256 * 1024 * 1024
    /// The size of a head with a small event; a larger buffer would use memory for nothing.
    private static let initialCapacity = 8 * 1024
    /// The maximum memory that is allocated for an announced length; above it, memory grows with the bytes that arrive.
    private static let preallocationLimit = 1024 * 1024
    /// The maximum number of interim responses (status 1xx) before the final one.
    private static let interimLimit = 8

    init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    /// Sends `request`, after connecting if needed, and receives the response.
    ///
    /// - Parameter timeout: The timeout in seconds of each part of the response; 0 waits without limit.
    /// - Throws: ``HTTPError``; the connection is then closed, and the next exchange opens a new one.
    mutating func exchange(_ request: Span<UInt8>, timeout: Int = 0) throws(HTTPError) -> Response {
        do throws(HTTPError) {
            try connect()
            if timeout != receiveTimeout {
                socket?.setReceiveTimeout(seconds: timeout)
                receiveTimeout = timeout
            }
            try send(request)
            var response = try receive()
            // Interim responses, such as 100 Continue, precede the final one.
            var interimCount = 0
            while response.head.status < 200 {
                interimCount += 1
                guard interimCount <= Self.interimLimit else { throw .malformed("too many interim responses") }
                response = try receive(after: response.body.upperBound)
            }
            if !response.head.keepsAlive { disconnect() }
            return response
        } catch {
            disconnect()
            throw error
        }
    }

    /// Sends `request` without waiting for its response.
    mutating func send(withoutAwaiting request: Span<UInt8>) throws(HTTPError) {
        try connect()
        try send(request)
    }

    mutating func disconnect() {
        socket = nil
        receiveTimeout = 0
    }

    var isConnected: Bool { socket != nil }

    private mutating func connect() throws(HTTPError) {
        guard socket == nil else { return }
        do throws(SocketError) { socket = try Socket(connectingTo: endpoint) } catch { throw .socket(error) }
    }

    private mutating func send(_ request: Span<UInt8>) throws(HTTPError) {
        do throws(SocketError) { try socket?.send(request) } catch { throw .socket(error) }
    }
}

/// Receiving.
extension RuntimeConnection {
    /// Receives a response.
    ///
    /// - Parameter start: The start of the response, if it follows an interim response.
    private mutating func receive(after start: Int? = nil) throws(HTTPError) -> Response {
        if start == nil { filled = 0 }
        let start = start ?? 0
        let headEnd = try receiveHead(from: start)
        let head = try ResponseHead(start..<headEnd, of: buffer.span)
        switch head.body {
        case .length(let length):
            guard length <= Self.bodyLimit else { throw .tooLarge(Self.bodyLimit) }
            try receive(upTo: headEnd + length)
            return Response(head: head, body: headEnd..<headEnd + length)
        case .chunked: return Response(head: head, body: headEnd..<(try receiveChunks(from: headEnd)))
        case .untilClose:
            while try receiveMore() {}
            return Response(head: head, body: headEnd..<filled)
        }
    }

    /// Returns the end of the head that starts at `start`, including its empty line.
    private mutating func receiveHead(from start: Int) throws(HTTPError) -> Int {
        var searched = start
        while true {
            if let end = endOfHead(from: searched, start: start) { return end }
            guard filled - start <= ResponseHead.limit else { throw .tooLarge(ResponseHead.limit) }
            searched = max(start, filled - 3)
            guard try receiveMore() else { throw .closedEarly(isUntouched: filled == start) }
        }
    }

    private func endOfHead(from position: Int, start: Int) -> Int? {
        let bytes = buffer.span.extracting(0..<filled)
        var position = position
        while position < filled, let index = bytes.firstIndex(of: 0x0A, in: position..<filled) {
            if bytes.byte(at: index + 1) == 0x0A { return index + 2 }
            if bytes.byte(at: index + 1) == 0x0D, bytes.byte(at: index + 2) == 0x0A { return index + 3 }
            position = index + 1
        }
        return nil
    }

    /// Receives until the buffer contains `end` bytes.
    private mutating func receive(upTo end: Int) throws(HTTPError) {
        while filled < end {
            if filled == buffer.count || buffer.count < min(end, Self.preallocationLimit) {
                grow(to: max(min(end, Self.preallocationLimit), min(end, buffer.count * 2)))
            }
            guard try receiveMore() else { throw .closedEarly(isUntouched: false) }
        }
    }

    /// Receives the bytes that have arrived; returns false if the peer has closed the connection.
    private mutating func receiveMore() throws(HTTPError) -> Bool {
        if filled == buffer.count {
            guard buffer.count < Self.bodyLimit else { throw .tooLarge(Self.bodyLimit) }
            grow(to: max(Self.initialCapacity, min(buffer.count * 2, Self.bodyLimit)))
        }
        let count: Int?
        do throws(SocketError) { count = try socket?.receive(into: &buffer, at: filled) } catch { throw .socket(error) }
        filled += count ?? 0
        return (count ?? 0) > 0
    }

    private mutating func grow(to count: Int) {
        var larger: [UInt8] = []
        larger.reserveCapacity(count)
        larger.append(contentsOf: buffer[..<filled])
        larger.append(contentsOf: repeatElement(0, count: count - filled))
        buffer = larger
    }

    /// Receives a chunked body and joins its chunks from `start` on.
    ///
    /// - Returns: The end of the joined body.
    private mutating func receiveChunks(from start: Int) throws(HTTPError) -> Int {
        var (position, end) = (start, start)
        while true {
            let line = try receiveLine(from: position)
            position = line.next
            guard let size = Self.chunkSize(buffer[line.content]), end - start + size <= Self.bodyLimit else {
                throw .malformed("a chunk's size")
            }
            if size == 0 { break }
            try receive(upTo: position + size + 2)
            for index in 0..<size { buffer[end + index] = buffer[position + index] }
            end += size
            position += size
            let rest = try receiveLine(from: position)
            guard rest.content.isEmpty else { throw .malformed("a chunk's end") }
            position = rest.next
            // Moves bytes only if at least as many are freed.
            if position - end > max(Self.initialCapacity, filled - position) { removeGap(end, upTo: &position) }
        }
        // Trailers, which the Runtime API does not send, also end with an empty line.
        let trailers = position
        while true {
            let line = try receiveLine(from: position)
            position = line.next
            if line.content.isEmpty { return end }
            guard position - trailers <= ResponseHead.limit else { throw .tooLarge(ResponseHead.limit) }
        }
    }

    /// Removes the gap, left by sizes and line ends, between the joined chunks and the bytes that follow.
    private mutating func removeGap(_ end: Int, upTo position: inout Int) {
        for index in position..<filled { buffer[end + index - position] = buffer[index] }
        filled -= position - end
        position = end
    }

    private mutating func receiveLine(from start: Int) throws(HTTPError) -> (content: Range<Int>, next: Int) {
        var position = start
        while true {
            while position < filled {
                if buffer[position] == 0x0A {
                    let end = position > start && buffer[position - 1] == 0x0D ? position - 1 : position
                    return (start..<end, position + 1)
                }
                position += 1
            }
            guard position - start <= ResponseHead.limit else { throw .malformed("a line that does not end") }
            guard try receiveMore() else { throw .closedEarly(isUntouched: false) }
        }
    }

    /// Returns a chunk's size in hexadecimal, without its extensions.
    private static func chunkSize(_ line: ArraySlice<UInt8>) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
        // Digits only, without the sign that Int would accept.
        guard (1...8).contains(digits.count), !digits.contains(UInt8(ascii: "+")), !digits.contains(UInt8(ascii: "-"))
        else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
