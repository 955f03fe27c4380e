import Foundation

/// A running `object-store.py`, an in-memory S3 with faults and small pages and one bucket, `staging`.
package struct ObjectStore: Sendable {
    /// A fault of a call, as documented in the script.
    package enum Fault: String, Sendable {
        case throttle
        case internalError = "500"
        case error
        case drop
        case lost
        case noETag = "noetag"
        case late
        case keys
    }

    package struct Object: Decodable, Sendable, Equatable {
        package var bucket: String
        package var key: String
        private var base64: String

        package var body: [UInt8] { Data(base64Encoded: base64).map { [UInt8]($0) } ?? [] }
    }

    package struct Call: Decodable, Sendable, Equatable {
        package var operation: String
        /// The bucket and the key; for a listing, its prefix.
        package var path: String
    }

    private let server: PythonServer

    package init() throws { server = try PythonServer("object-store.py") }

    package var url: String { server.url }

    package func reset() throws { try post("reset", [:]) }

    /// Sets `pageSize` or `buckets`.
    package func set(_ settings: [String: Any]) throws { try post("settings", settings) }

    /// Injects `fault` into the next `times` calls of `operation` ("*" for any), after `after` other calls.
    package func add(
        _ fault: Fault, of operation: String, times: Int = 1, after: Int = 0, contains: String = "",
        code: String = "AccessDenied", status: Int = 403, count: Int = 1, probability: Double = 1
    ) throws {
        try post(
            "faults",
            [
                "operation": operation, "kind": fault.rawValue, "times": times, "after": after, "contains": contains,
                "code": code, "status": status, "count": count, "probability": probability,
            ])
    }

    /// Stores an object, ignoring faults.
    package func put(_ key: String, _ body: [UInt8]) throws {
        try post("put", ["key": key, "base64": Data(body).base64EncodedString()])
    }

    /// Removes all objects with a key prefix.
    package func remove(_ prefix: String) throws { try post("remove", ["prefix": prefix]) }

    /// Sets the age of objects.
    package func age(_ prefix: String, seconds: Int) throws { try post("age", ["prefix": prefix, "seconds": seconds]) }

    /// The objects in the order of their keys.
    package func objects(_ prefix: String = "") throws -> [Object] {
        struct Listing: Decodable { var objects: [Object] }
        let answer = try LoopbackRequest(url: "\(url)/_control/objects?prefix=\(prefix)").answer()
        return try JSONDecoder().decode(Listing.self, from: answer).objects
    }

    package func calls() throws -> [Call] {
        struct Listing: Decodable { var calls: [Call] }
        return try JSONDecoder().decode(
            Listing.self, from: LoopbackRequest(url: "\(url)/_control/calls").answer()
        ).calls
    }

    /// The number of calls with each fault, by name.
    package func faults() throws -> [String: Int] {
        struct Listing: Decodable { var faults: [String: Int] }
        return try JSONDecoder().decode(
            Listing.self, from: LoopbackRequest(url: "\(url)/_control/calls").answer()
        ).faults
    }

    private func post(_ what: String, _ members: [String: Any]) throws {
        let body = try JSONSerialization.data(withJSONObject: members)
        _ = try LoopbackRequest(url: "\(url)/_control/\(what)", body: body).answer()
    }
}
