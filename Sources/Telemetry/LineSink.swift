/// Where finished lines go.
public protocol LineSink: Sendable {
    /// Writes `line`, which ends with a newline, in one piece.
    func write(_ line: [UInt8])
}
