/// A destination of complete log lines.
package protocol LineSink: Sendable {
    /// Writes `lines`, one or more lines that each end with a newline, at once.
    func write(_ lines: [UInt8])
}
