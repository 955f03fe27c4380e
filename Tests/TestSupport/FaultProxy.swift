import Foundation

/// `fault-proxy.py`, before another stand-in.
public struct FaultProxy: Sendable {
    private let server: PythonServer

    /// - Parameter url: Of the server behind it.
    public init(before url: String) throws { server = try PythonServer("fault-proxy.py", [url]) }

    public var url: String { server.url }

    /// The share of calls that meets each fault, from now on.
    public func set(_ shares: [String: Double]) throws {
        let body = try JSONSerialization.data(withJSONObject: shares)
        _ = try LoopbackRequest(url: "\(url)/_control/faults", body: body).answer()
    }

    /// How often each fault has happened.
    public func counts() throws -> [String: Int] {
        try JSONDecoder().decode(
            [String: Int].self, from: LoopbackRequest(url: "\(url)/_control/faults", body: nil).answer())
    }
}
