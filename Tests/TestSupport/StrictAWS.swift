import Foundation

/// A running `strict_aws`, the project's strict fake of Kinesis, event source mappings and CloudWatch metrics.
package final class StrictAWS: Sendable {
    /// A fault of a call, as documented in `faults.py`.
    package enum Fault: String, Sendable {
        case throttle
        case internalError = "500"
        case error
        case answer
        case html
        case xml
        case drop
        case lost
        case cut
        case slow
    }

    /// Tokens that can expire.
    package enum Expiring: String, Sendable {
        case iterators
        case tokens
    }

    package struct Record: Decodable, Sendable, Equatable {
        package var partitionKey: String
        package var data: Data
        package var sequenceNumber: String
    }

    package struct Shard: Decodable, Sendable {
        package var shardId: String
        package var isOpen: Bool
        /// The records in the order in which they were put.
        package var records: [Record]
    }

    /// A call of one of the services.
    package struct Call {
        package var service: String
        package var operation: String
        package var method: String
        /// The path, including the query.
        package var path: String
        package var status: Int
        /// The error code.
        package var error: String?
        package var fault: String?
        /// The members of a JSON request, or the fields of a form.
        package var body: [String: Any]
    }

    private let server: PythonServer

    package init() throws { server = try PythonServer("strict_aws") }

    package var url: String { server.url }

    /// The variables for a client of this server, which does not verify signatures.
    package var environment: [String: String] {
        [
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
        ]
    }

    /// Deletes everything, including settings.
    package func reset() throws { try post("reset", [:]) }

    /// Sets what `account.py` documents: `pageSize`, `readsUntilActive`, `failureRate`, `seed`, `skewSeconds` and more.
    package func set(_ settings: [String: Any]) throws { try post("settings", settings) }

    /// Injects a fault into the next `times` calls of `operation` ("*" for any), after `after` successful ones; `times`
    /// -1 means always.
    package func add(
        _ fault: Fault, of operation: String, times: Int = 1, after: Int = 0, code: String? = nil,
        message: String? = nil, status: Int? = nil, retryAfter: Int? = nil, milliseconds: Int? = nil
    ) throws {
        var members: [String: Any] = [
            "operation": operation, "kind": fault.rawValue, "times": times, "after": after,
        ]
        members["code"] = code
        members["message"] = message
        members["status"] = status
        members["retryAfter"] = retryAfter
        members["milliseconds"] = milliseconds
        try post("faults", members)
    }

    /// Sets the response to an operation, such as one of a service that the fake does not implement, for the next
    /// `times` calls or until the reset.
    package func answer(
        _ operation: String, with body: String, status: Int = 200, contentType: String = "application/x-amz-json-1.1",
        headers: [String: String] = [:], times: Int = -1
    ) throws {
        try post(
            "faults",
            [
                "operation": operation, "kind": Fault.answer.rawValue, "times": times, "status": status,
                "contentType": contentType, "headers": headers, "body": body,
            ])
    }

    /// The number of faults that have not occurred yet.
    package func faultsLeft() throws -> Int { (try get("faults")["faults"] as? [Any])?.count ?? 0 }

    /// Makes all tokens issued so far expire.
    package func expire(_ what: Expiring) throws { try post("expire", ["what": what.rawValue]) }

    /// Creates a function for mappings; `configuration` contains members of GetFunction's `Configuration`.
    ///
    /// The next `refusals` mappings of the function are rejected with the message `refusal`, because of its `State`, if
    /// that is not Active, or its role. Then the function becomes Active.
    package func addFunction(
        _ name: String, aliases: [String] = [], configuration: [String: Any] = [:], refusals: Int = 0,
        refusal: String = ""
    ) throws {
        let members: [String: Any] = [
            "FunctionName": name, "aliases": aliases, "refusals": refusals, "refusal": refusal,
        ]
        try post("functions", configuration.merging(members) { $1 })
    }

    /// Sets Lambda's result of the mapping's last batch.
    package func set(lastProcessingResult: String, ofMapping uuid: String) throws {
        try post("mappings", ["UUID": uuid, "LastProcessingResult": lastProcessingResult])
    }

    /// Adds values to a metric, each of the given age in seconds.
    package func add(
        _ values: [(secondsAgo: Double, value: Double)], to metric: String, of namespace: String,
        dimensions: [String: String]
    ) throws {
        let members = values.map { ["secondsAgo": $0.secondsAgo, "value": $0.value] }
        try post(
            "metrics",
            ["namespace": namespace, "metric": metric, "dimensions": dimensions, "values": members])
    }

    /// Makes the oldest records of a shard expire.
    package func trim(_ count: Int, of shard: String, in stream: String) throws {
        try post("trim", ["stream": stream, "shard": shard, "records": count])
    }

    /// The content of a stream, in the order of its shards' names.
    package func shards(of stream: String) throws -> [Shard] {
        struct Listing: Decodable { var shards: [Shard] }
        let answer = try LoopbackRequest(url: "\(url)/_control/records?stream=\(stream)").answer()
        return try JSONDecoder().decode(Listing.self, from: answer).shards
    }

    /// The calls since the last reset in order, optionally of one operation.
    package func calls(of operation: String? = nil) throws -> [Call] {
        let listing = try get("calls" + (operation.map { "?operation=\($0)" } ?? ""))
        return (listing["calls"] as? [[String: Any]] ?? []).map { call in
            Call(
                service: call["service"] as? String ?? "", operation: call["operation"] as? String ?? "",
                method: call["method"] as? String ?? "", path: call["path"] as? String ?? "",
                status: call["status"] as? Int ?? 0, error: call["error"] as? String, fault: call["fault"] as? String,
                body: call["body"] as? [String: Any] ?? [:])
        }
    }

    private func get(_ name: String) throws -> [String: Any] {
        let answer = try LoopbackRequest(url: "\(url)/_control/\(name)").answer()
        return try JSONSerialization.jsonObject(with: answer) as? [String: Any] ?? [:]
    }

    private func post(_ name: String, _ members: [String: Any]) throws {
        let body = try JSONSerialization.data(withJSONObject: members)
        _ = try LoopbackRequest(url: "\(url)/_control/\(name)", body: body).answer()
    }
}
