import Foundation

/// `redshift_data`, the Data API over a real PostgreSQL; one for the whole test process, so each test resets it first.
public struct Warehouse: Sendable {
    /// What goes wrong with a call; `server.py` says what each means.
    public enum Fault: String, Sendable {
        case throttle
        case internalError = "500"
        case error
        case drop
        case lost
        case slow
        case fails
        case alters
    }

    /// What came in since the reset.
    public struct Calls: Decodable, Sendable {
        /// The most there was of something in one call.
        public struct Largest: Decodable, Sendable {
            /// Bytes of a statement.
            public var statement: Int
            /// Statements of a call.
            public var count: Int
        }

        /// By operation.
        public var calls: [String: Int]
        /// X-Ray headers, in order.
        public var traces: [String]
        public var largest: Largest
        /// How often each fault has happened.
        public var faults: [String: Int]

        public var total: Int { calls.values.reduce(0, +) }
    }

    private static let server = Result { try PythonServer("redshift_data", python: python()) }
    private let server: PythonServer

    /// Starts it when it was not.
    public init() throws { server = try Self.server.get() }

    public var url: String { server.url }

    /// Forgets everything: statements, faults, settings, tables.
    public func reset() throws { try post("reset", [:]) }

    /// Sets `readsEscapes`, `waits`, `activeLimit`, `s3`, `isolation` or `user`.
    public func set(_ settings: [String: Any]) throws { try post("settings", settings) }

    /// The next `times` calls of `operation`, "*" for any, meet `fault`, each with the probability given.
    ///
    /// - Parameter statement: Before which statement of a batch, counted from 1, it is slow or fails.
    public func add(
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

    public func calls() throws -> Calls {
        try JSONDecoder().decode(
            Calls.self, from: LoopbackRequest(url: "\(server.url)/_control/calls", body: nil).answer())
    }

    /// Runs `sql` behind the Data API's back, and returns its rows as texts.
    ///
    /// - Parameter session: Of one name, statements share a connection, so that `BEGIN` and `COMMIT` can be far apart.
    @discardableResult public func sql(_ sql: String, session: String? = nil) throws -> [[String?]] {
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

    /// The interpreter that has psycopg; the first call installs it and PostgreSQL when they are not there.
    public static func python() throws -> URL {
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
