/// Where finished lines go.
public protocol LineSink: Sendable {
    /// Writes `lines`, one or several that each end with a newline, in one piece.
    func write(_ lines: [UInt8])
}
