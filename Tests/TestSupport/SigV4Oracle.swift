import Foundation

/// `sigv4-oracle.py` before another server: it lets through only what is signed as AWS would have it.
public final class SigV4Oracle: Sendable {
    /// What it saw of one request.
    public struct Request: Decodable, Sendable {
        public var service: String?
        /// Absent where the protocol has no name for it.
        public var operation: String?
        public var method: String
        public var path: String
        /// Absent where the request was signed right.
        public var error: String?
        public var reason: String?
        public var mistake: [String]?
    }

    private let folder: TemporaryFolder
    private let server: PythonServer

    /// Lets both credentials of `environment(hasToken:)` in.
    ///
    /// - Parameter upstream: Where requests go on to; without one they are answered here.
    public init(upstream: String? = nil) throws {
        folder = try TemporaryFolder()
        let credentials = [false, true].flatMap { hasToken in
            ["--credential", Self.credential(hasToken: hasToken).joined(separator: ":")]
        }
        server = try PythonServer(
            "sigv4-oracle.py",
            credentials + (upstream.map { ["--upstream", $0] } ?? []) + ["--log", folder.write("", to: "log")],
            python: Moto.python())
    }

    public var url: String { server.url }

    /// Every request so far, in order.
    public func requests() throws -> [Request] {
        let newline = UInt8(ascii: "\n")
        let log = try Data(contentsOf: folder.url.appending(path: "log"))
        // The server may be in the middle of its next line.
        let whole = log.prefix(upTo: log.lastIndex(of: newline) ?? log.startIndex)
        return try whole.split(separator: newline).map { try JSONDecoder().decode(Request.self, from: $0) }
    }

    /// The variables for a client of this server: a credential that it knows, the Region and its address.
    public func environment(hasToken: Bool = false) -> [String: String] {
        let credential = Self.credential(hasToken: hasToken)
        let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
        var environment = Dictionary(uniqueKeysWithValues: zip(names, credential))
        environment["AWS_REGION"] = "us-east-1"
        environment["AWS_ENDPOINT_URL"] = url
        return environment
    }

    /// AWS's published example, and one of temporary kind with every awkward character.
    private static func credential(hasToken: Bool) -> [String] {
        hasToken
            ? ["ASIATESTSESSION", "sessionSecret/abc+def", "FwoGZXIvYXdzEBYaDEXAMPLE+/token=="]
            : ["AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"]
    }
}
