import Foundation

/// A running `sigv4-oracle.py` in front of another server, which accepts only correctly signed requests.
package final class SigV4Oracle: Sendable {
    /// An observed request.
    package struct Request: Decodable, Sendable {
        package var service: String?
        /// Nil if the protocol does not name the operation.
        package var operation: String?
        package var method: String
        package var path: String
        /// Nil if the signature was correct.
        package var error: String?
        package var reason: String?
        package var mistake: [String]?
    }

    private let folder: TemporaryFolder
    private let server: PythonServer

    /// Accepts both credentials of `environment(hasToken:)`.
    ///
    /// - Parameter upstream: The server that requests are forwarded to; without one, the oracle responds itself.
    package init(upstream: String? = nil) throws {
        folder = try TemporaryFolder()
        let credentials = [false, true].flatMap { hasToken in
            ["--credential", Self.credential(hasToken: hasToken).joined(separator: ":")]
        }
        server = try PythonServer(
            "sigv4-oracle.py",
            credentials + (upstream.map { ["--upstream", $0] } ?? []) + ["--log", folder.write("", to: "log")],
            python: Moto.python())
    }

    package var url: String { server.url }

    /// All requests so far, in order.
    package func requests() throws -> [Request] {
        let newline = UInt8(ascii: "\n")
        let log = try Data(contentsOf: folder.url.appending(path: "log"))
        // The server may not have completed its last line.
        let whole = log.prefix(upTo: log.lastIndex(of: newline) ?? log.startIndex)
        return try whole.split(separator: newline).map { try JSONDecoder().decode(Request.self, from: $0) }
    }

    /// The variables for a client of this server: known credentials, the Region and the address.
    package func environment(hasToken: Bool = false) -> [String: String] {
        let credential = Self.credential(hasToken: hasToken)
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
        var environment = Dictionary(uniqueKeysWithValues: zip(names, credential))
        environment["AWS_REGION"] = "us-east-1"
        environment["AWS_ENDPOINT_URL"] = url
        return environment
    }

    /// AWS's published example, and temporary credentials with every special character.
    private static func credential(hasToken: Bool) -> [String] {
        hasToken
            ? ["ASIATESTSESSION", "sessionSecret/abc+def", "FwoGZXIvYXdzEBYaDEXAMPLE+/token=="]
            : ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"]
    }
}
