import JSON

/// One kept-alive HTTP/1.1 connection to the Runtime API, and the buffer that its responses stand in.
///
/// A socket of our own rather than libcurl: this loop is what the program is, and a request here is one `send` and, for a
/// small event, one `recv` (docs/decisions/0002).
struct RuntimeConnection: ~Copyable {
    /// A response whose body is `body` of ``buffer``.
    struct Response: Sendable {
        var head: ResponseHead
        var body: Range<Int>
    }

    private let endpoint: Endpoint
    private var socket: Socket?
    /// What the socket's limit is set to, in seconds; 0 is none.
    private var receiveTimeout = 0
    /// Holds the last response.
    ///
    /// It grows to the largest event, and is used again for the next.
    private(set) var buffer: [UInt8] = []
    private var filled = 0

    /// Far above any legitimate event: those of Lambda have at most 6 MiB, and a replay may send more.
    private static let bodyLimit = 256 * 1024 * 1024
    /// What a head and a small event come in at once; more would be pages that nobody needs.
    private static let initialCapacity = 8 * 1024
    /// How much room a response is given for its announced length alone; beyond, memory follows the bytes that came.
    private static let preallocationLimit = 1024 * 1024
    /// How many responses with a status of 1xx may precede the real one.
    private static let interimLimit = 8

    init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    /// Sends `request`, connecting first where needed, and receives the response.
    ///
    /// - Parameter timeout: Seconds that each part of the response may take; 0 waits without limit.
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
            // 100 Continue and its like announce the real response.
            var interimCount = 0
            while response.head.status < 200 {
                interimCount += 1
                guard interimCount <= Self.interimLimit else { throw .malformed("too many announcements") }
                response = try receive(after: response.body.upperBound)
            }
            if !response.head.keepsAlive { disconnect() }
            return response
        } catch {
            disconnect()
            throw error
        }
    }

    /// Sends `request` and leaves the response to come whenever it will.
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
    /// - Parameter start: Where the response starts, when the one before was only an announcement.
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

    /// Where the head that starts at `start` ends, its empty line included.
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

    /// Receives until `end` bytes stand in the buffer.
    private mutating func receive(upTo end: Int) throws(HTTPError) {
        while filled < end {
            if filled == buffer.count || buffer.count < min(end, Self.preallocationLimit) {
                grow(to: max(min(end, Self.preallocationLimit), min(end, buffer.count * 2)))
            }
            guard try receiveMore() else { throw .closedEarly(isUntouched: false) }
        }
    }

    /// Receives what has come; false when the other side has closed.
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

    /// Receives a chunked body, and joins its chunks from `start` on.
    ///
    /// - Returns: Where the joined body ends.
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
            // Never more to move than there is to gain.
            if position - end > max(Self.initialCapacity, filled - position) { removeGap(end, upTo: &position) }
        }
        // Trailers, which the Runtime API does not send, end with an empty line as well.
        let trailers = position
        while true {
            let line = try receiveLine(from: position)
            position = line.next
            if line.content.isEmpty { return end }
            guard position - trailers <= ResponseHead.limit else { throw .tooLarge(ResponseHead.limit) }
        }
    }

    /// Closes the gap between joined chunks and what follows them, which sizes and line ends have left.
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

    /// A chunk's size in hexadecimal, extensions left out.
    private static func chunkSize(_ line: ArraySlice<UInt8>) -> Int? {
        let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
        // Digits alone, without the sign that Int would take.
        guard (1...8).contains(digits.count), !digits.contains(UInt8(ascii: "+")), !digits.contains(UInt8(ascii: "-"))
        else { return nil }
        return Int(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
