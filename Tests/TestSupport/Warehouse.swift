import Foundation

/// A running `redshift_data`, the Data API in front of a real PostgreSQL; all tests of the process share it, so each
/// resets it first.
package struct Warehouse: Sendable {
    /// A fault of a call, as documented in `server.py`.
    package enum Fault: String, Sendable {
        case throttle
        case internalError = "500"
        case error
        case drop
        case lost
        case slow
        case fails
        case alters
    }

    /// The calls since the reset.
    package struct Calls: Decodable, Sendable {
        /// The maximum of a quantity in one call.
        package struct Largest: Decodable, Sendable {
            /// The bytes of a statement.
            package var statement: Int
            /// The statements of a call.
            package var count: Int
        }

        /// The number of calls by operation.
        package var calls: [String: Int]
        /// The X-Ray headers, in order.
        package var traces: [String]
        package var largest: Largest
        /// The number of times that each fault has occurred.
        package var faults: [String: Int]

        package var total: Int { calls.values.reduce(0, +) }
    }

    private static let server = Result { try PythonServer("redshift_data", python: python()) }
    private let server: PythonServer

    /// Starts the server if it is not running.
    package init() throws { server = try Self.server.get() }

    package var url: String { server.url }

    /// Deletes everything: statements, faults, settings, tables.
    package func reset() throws { try post("reset", [:]) }

    /// Sets `readsEscapes`, `waits`, `activeLimit`, `s3`, `isolation` or `user`.
    package func set(_ settings: [String: Any]) throws { try post("settings", settings) }

    /// Injects `fault` into the next `times` calls of `operation` ("*" for any), each with the given probability.
    ///
    /// - Parameter statement: The number of the statement, starting at 1, that is slow or fails in a batch.
    package func add(
        _ kind: Fault, of operation: String, times: Int = 1, probability: Double = 1, code: String? = nil,
        message: String? = nil, milliseconds: Int? = nil, members: [String: Any]? = nil, statement: Int? = nil
    ) throws {
        var fault: [String: Any] = [
            "operation": operation, "kind": kind.rawValue, "times": times, "probability": probability,
        ]
        fault["code"] = code
        fault["message"] = message
        fault["milliseconds"] = milliseconds
        fault["members"] = members
        fault["statement"] = statement
        try post("faults", fault)
    }

    package func calls() throws -> Calls {
        try JSONDecoder().decode(
            Calls.self, from: LoopbackRequest(url: "\(server.url)/_control/calls", body: nil).answer())
    }

    /// Runs `sql` directly in the database and returns its rows as texts.
    ///
    /// - Parameter session: Statements with the same name share a connection, so that a transaction can span several
    ///   calls.
    @discardableResult package func sql(_ sql: String, session: String? = nil) throws -> [[String?]] {
        struct Answer: Decodable { var rows: [[String?]]? }
        var members = ["sql": sql]
        members["session"] = session
        return try JSONDecoder().decode(Answer.self, from: try post("sql", members)).rows ?? []
    }

    @discardableResult private func post(_ what: String, _ members: [String: Any]) throws -> Data {
        try LoopbackRequest(
            url: "\(server.url)/_control/\(what)", body: JSONSerialization.data(withJSONObject: members)
        ).answer()
    }

    /// The Python interpreter with psycopg, which the first call installs with PostgreSQL.
    package static func python() throws -> URL {
        try Servers.require("PostgreSQL")
        try installation.get()
        return Repository.root.appending(path: ".build-postgresql/bin/python")
    }

    private static let installation = Result {
        let program = try RunningProgram(
            Repository.root.appending(path: "scripts/install-postgresql.sh"), [],
            environment: ProcessInfo.processInfo.environment)
        let run = try program.finish(timeLimit: 600)
        guard run.status == 0 else { throw Failure(run.notes) }
    }
}
