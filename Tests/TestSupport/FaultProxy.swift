import Foundation

/// A running `fault-proxy.py` in front of another stand-in.
package struct FaultProxy: Sendable {
    private let server: PythonServer

    /// - Parameter url: The URL of the server behind the proxy.
    package init(before url: String) throws { server = try PythonServer("fault-proxy.py", [url]) }

    package var url: String { server.url }

    /// Sets the probability of each fault from now on.
    package func set(_ shares: [String: Double]) throws {
        let body = try JSONSerialization.data(withJSONObject: shares)
        _ = try LoopbackRequest(url: "\(url)/_control/faults", body: body).answer()
    }

    /// The number of times that each fault has occurred.
    package func counts() throws -> [String: Int] {
        try JSONDecoder().decode(
            [String: Int].self, from: LoopbackRequest(url: "\(url)/_control/faults", body: nil).answer())
    }
}
