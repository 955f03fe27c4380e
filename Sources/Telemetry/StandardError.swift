import Glibc

/// Standard error, which Lambda stores line by line.
///
/// Standard output is not used: it is buffered unless it is a terminal, and `concertctl replay` prints its report
/// there.
package struct StandardError: LineSink {
    package init() {}

    /// Writes all lines with one `write` call, so that lines of concurrent threads do not mix.
    ///
    /// Errors are ignored: a failure to log must not fail an invocation.
    package func write(_ lines: [UInt8]) {
        var written = 0
        while written < lines.count {
            // The pointer and the count cover the rest of `lines`, which outlives the call.
            let result = unsafe lines[written...].withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
            if result < 0 {
                if errno == EINTR { continue }
                return
            }
            written += result
        }
    }
}
