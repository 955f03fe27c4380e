import Basics
import CZlib

/// Compression and decompression of gzip data with zlib, which checks the checksum and length of each member.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc1952>
enum Gzip {
    /// The most bytes that one record may inflate to: the size of the largest record in a stream.
    static let limit = 10 * 1024 * 1024

    static func isGzip(_ bytes: Span<UInt8>) -> Bool {
        bytes.count >= 2 && bytes.byte(at: 0) == 0x1F && bytes.byte(at: 1) == 0x8B
    }

    /// Replaces `output` with the decompressed `bytes`.
    ///
    /// - Throws: ``PayloadError`` with reason `gzip` if `bytes` are damaged or truncated, continue after the last member, or
    ///   inflate to more than `limit`.
    static func inflate(
        _ bytes: Span<UInt8>, limit: Int = limit, into output: inout [UInt8]
    ) throws(PayloadError) {
        output.removeAll(keepingCapacity: true)
        var stream = unsafe z_stream()
        // 15 bits of window, and 16 to accept only the gzip format.
        guard unsafe inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw PayloadError(.gzip, "data is gzip, and zlib could not be initialized")
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

    /// Decompresses all members; returns what is wrong with the data, or nil.
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
                guard unsafe inflateReset(&stream) == Z_OK else { return "zlib could not be reset" }
            case Z_BUF_ERROR: return "ends early"
            default: return unsafe stream.msg.map { "is damaged: \(unsafe String(cString: $0))" } ?? "is damaged"
            }
        }
    }
}

/// Compression.
extension Gzip {
    /// Returns `bytes` compressed as one member, deterministically; nil if zlib has not enough memory.
    ///
    /// - Parameter level: The compression level of zlib, 1 to 9; nil for its default.
    static func deflate(_ bytes: [UInt8], level: Int32? = nil) -> [UInt8]? {
        var stream = unsafe z_stream()
        // 15 bits of window, and 16 for the gzip format; 8 is zlib's default memory level.
        guard
            unsafe deflateInit2_(
                &stream, level ?? Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { return nil }
        defer { unsafe _ = deflateEnd(&stream) }
        guard bytes.count < UInt32.max else { return nil }
        // A buffer of deflateBound bytes is large enough for the whole output.
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
