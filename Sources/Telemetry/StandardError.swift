import Glibc

/// Standard error, which Lambda stores line by line.
///
/// Not standard output: that is buffered until its end where it is no terminal, and replay prints its report there.
public struct StandardError: LineSink {
    public init() {}

    /// Makes one `write` of all lines given, so that those of several threads do not mix.
    ///
    /// A log that cannot be written is no reason to fail an invocation, so errors are ignored.
    public func write(_ lines: [UInt8]) {
        var written = 0
        while written < lines.count {
            // The pointer and the count describe what is left of `lines`, which outlives the call.
            let result = unsafe lines[written...].withUnsafeBytes { unsafe Glibc.write(2, $0.baseAddress, $0.count) }
            if result < 0 {
                if errno == EINTR { continue }
                return
            }
            written += result
        }
    }
}
