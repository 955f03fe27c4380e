import CZlib

/// Inflates gzip data, one member or several, with each member's checksum and length checked by zlib; and makes it.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc1952>
enum Gzip {
    /// How much one record may inflate to: as much as the largest record a stream takes.
    static let limit = 10 * 1024 * 1024

    static func isGzip(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes.byte(at: 0) == 0x1F && bytes.byte(at: 1) == 0x8B
    }

    /// Replaces `output` by what `bytes` inflate to.
    ///
    /// - Throws: ``PayloadError`` with reason `gzip` when `bytes` are damaged, end early, go on after the last
    ///   member, or inflate to more than `limit`.
    static func inflate(
        _ bytes: Span<UInt8>, limit: Int = limit, into output: inout [UInt8]
    ) throws(PayloadError) {
        output.removeAll(keepingCapacity: true)
        var stream = unsafe z_stream()
        // 15 bits of window; 16 more ask for the gzip format, and nothing else.
        guard unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw PayloadError(.gzip, "data is gzip, and zlib could not be started")
        }
        defer { unsafe _ = inflateEnd(&stream) }
        // Bounds: next_in and avail_in describe `bytes` alone, next_out and avail_out the chunk alone, and zlib goes past
        // neither; both outlive the calls, which are all within the closures.
        let failure: String? = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            unsafe stream.avail_in = UInt32(clamping: input.count)
            return unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64 * 1024) { chunk in
                unsafe inflateMembers(&stream, limit: limit, chunk: chunk, into: &output)
            }
        }
        if let failure { throw PayloadError(.gzip, "data is gzip, and \(failure)") }
    }

    /// What is wrong, or nil when all members were inflated.
    private static func inflateMembers(
        _ stream: inout z_stream, limit: Int, chunk: UnsafeMutableBufferPointer<UInt8>, into output: inout [UInt8]
    ) -> String? {
        while true {
            unsafe stream.next_out = chunk.baseAddress
            unsafe stream.avail_out = UInt32(chunk.count)
            let code = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
            let produced = unsafe chunk.count - Int(stream.avail_out)
            guard output.count + produced <= limit else { return "inflates to more than \(limit) bytes" }
            unsafe output.append(contentsOf: chunk[..<produced])
            switch code {
            case Z_OK: continue
            case Z_STREAM_END:
                if unsafe stream.avail_in == 0 { return nil }
                guard unsafe inflateReset(&stream) == Z_OK else { return "zlib could not go on" }
            case Z_BUF_ERROR: return "ends early"
            default: return unsafe stream.msg.map { "is damaged: \(unsafe String(cString: $0))" } ?? "is damaged"
            }
        }
    }
}

/// Making gzip data.
extension Gzip {
    /// `bytes` as one member; the same bytes give the same member.
    ///
    /// Nil when zlib has no memory for it.
    ///
    /// - Parameter level: zlib's, 1 to 9; its own default when nil.
    static func deflate(_ bytes: [UInt8], level: Int32? = nil) -> [UInt8]? {
        var stream = unsafe z_stream()
        // 15 bits of window; 16 more ask for the gzip format. 8 is zlib's own choice of memory.
        guard
            unsafe deflateInit2_(
                &stream, level ?? Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { unsafe _ = deflateEnd(&stream) }
        guard bytes.count < UInt32.max else { return nil }
        // deflateBound is room enough for all of it in one call.
        var output = [UInt8](repeating: 0, count: Int(unsafe deflateBound(&stream, UInt(bytes.count))))
        let code = unsafe bytes.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { room in
                // Bounds: both pairs describe the two buffers alone, and outlive the call.
                unsafe stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                unsafe stream.avail_in = UInt32(input.count)
                unsafe stream.next_out = room.baseAddress
                unsafe stream.avail_out = UInt32(clamping: room.count)
                return unsafe CZlib.deflate(&stream, Z_FINISH)
            }
        }
        guard code == Z_STREAM_END else { return nil }
        output.removeLast(unsafe Int(stream.avail_out))
        return output
    }
}
