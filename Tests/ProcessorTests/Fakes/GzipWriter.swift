import CZlib

/// Writes gzip members with zlib.
enum GzipWriter {
    /// Returns one member that inflates to `bytes`.
    static func member(_ bytes: [UInt8]) -> [UInt8] {
        var stream = unsafe z_stream()
        // 15 bits of window, and 16 for the gzip format.
        let code = unsafe czlib_deflate_init(&stream, 9, 15 + 16)
        precondition(code == Z_OK)
        defer { unsafe _ = deflateEnd(&stream) }
        var (input, output) = (bytes, [UInt8](repeating: 0, count: bytes.count / 100 + 1000 + bytes.count))
        unsafe input.withUnsafeMutableBufferPointer { source in
            unsafe output.withUnsafeMutableBufferPointer { target in
                unsafe (stream.next_in, stream.avail_in) = (source.baseAddress, UInt32(source.count))
                unsafe (stream.next_out, stream.avail_out) = (target.baseAddress, UInt32(target.count))
                precondition(unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END)
            }
        }
        return Array(output[..<(output.count - Int(unsafe stream.avail_out))])
    }
}
