import Foundation

/// A running `fault-proxy.py` in front of another stand-in.
public struct FaultProxy: Sendable {
    private let server: PythonServer

    /// - Parameter url: The URL of the server behind the proxy.
    public init(before url: String) throws { server = try PythonServer("fault-proxy.py", [url]) }

    public var url: String { server.url }

    /// Sets the probability of each fault from now on.
    public func set(_ shares: [String: Double]) throws {
        let body = try JSONSerialization.data(withJSONObject: shares)
        _ = try LoopbackRequest(url: "\(url)/_control/faults", body: body).answer()
    }

    /// The number of times that each fault has occurred.
    public func counts() throws -> [String: Int] {
        try JSONDecoder().decode(
            [String: Int].self, from: LoopbackRequest(url: "\(url)/_control/faults", body: nil).answer())
    }
}
