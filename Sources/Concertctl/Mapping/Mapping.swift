import Clients
import JSON

/// An event source mapping as described by Lambda.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>
struct Mapping: Sendable, Equatable {
    let uuid: String
    /// The complete description.
    let json: JSONValue

    init(_ description: JSONValue, answered operation: String) throws(CommandError) {
        guard let uuid = description["UUID"]?.string, !uuid.isEmpty else {
            throw CommandError(description: "lambda \(operation): the response does not describe a mapping")
        }
        (self.uuid, json) = (uuid, description)
    }

    /// The placeholder for the UUID in a dry run.
    static let placeholderUUID = "UUID"

    var functionARN: String { json["FunctionArn"]?.string ?? "" }
    var sourceARN: String { json["EventSourceArn"]?.string ?? "" }
    var state: String { json["State"]?.string ?? "" }
    var isDeleting: Bool { state == "Deleting" }

    /// Whether the mapping is enabled or is being enabled; nil if its state does not determine it.
    var isEnabled: Bool? {
        switch state {
        case "Enabled", "Enabling": true
        case "Disabled", "Disabling": false
        default: nil
        }
    }

    /// Whether the mapping is enabled or disabled and not changing.
    var isResting: Bool { state == "Enabled" || state == "Disabled" }

    /// The state, with the reason unless a user initiated the transition.
    var stateText: String {
        let reason = json["StateTransitionReason"]?.string ?? ""
        let isPlain = ["", "USER_INITIATED", "User action"].contains(reason)
        return MappingText.escaped(isPlain ? state : "\(state) (\(reason))")
    }

    /// The mapping with its stream and function, on one line.
    var line: String {
        let function = (try? FunctionReference(functionARN))?.shortName ?? functionARN
        return
            "mapping \(MappingText.escaped(uuid)) of stream \(MappingText.escaped(MappingSource.shortName(sourceARN))) to function "
            + MappingText.escaped(function)
    }
}

/// Requests about mappings.
extension AWSRequest {
    private static let mappings = "event-source-mappings"

    static func createMapping(_ settings: JSONObject) -> AWSRequest {
        var placeholder = settings
        placeholder["UUID"] = .string(Mapping.placeholderUUID)
        return change(.lambda("CreateEventSourceMapping", "POST", [mappings], body: .object(settings)))
            .standingIn(.object(placeholder))
    }

    static func updateMapping(_ uuid: String, _ settings: JSONObject) -> AWSRequest {
        change(.lambda("UpdateEventSourceMapping", "PUT", [mappings, uuid], body: .object(settings)))
            .standingIn(["UUID": .string(uuid)])
    }

    static func deleteMapping(_ uuid: String) -> AWSRequest {
        change(.lambda("DeleteEventSourceMapping", "DELETE", [mappings, uuid])).standingIn(["UUID": .string(uuid)])
    }

    static func getMapping(_ uuid: String) -> AWSRequest {
        .lambda("GetEventSourceMapping", "GET", [mappings, uuid]).standingIn(["UUID": .string(uuid)])
    }

    /// Returns the request for a page of mappings.
    ///
    /// - Parameter marker: The `NextMarker` of the previous page.
    static func listMappings(of sourceARN: String?, marker: String? = nil) -> AWSRequest {
        let items = [("EventSourceArn", sourceARN), ("Marker", marker)]
        return .lambda(
            "ListEventSourceMappings", "GET", [mappings],
            query: items.compactMap { name, value in value.map { QueryItem(name, $0) } })
    }

    static func tags(ofMapping arn: String) -> AWSRequest {
        var request = AWSRequest.lambda("ListTags", "GET", [])
        request.path = ["2017-03-31", "tags", arn]
        return request
    }

    /// Returns a request that completes even if the task is canceled, so that its outcome is known.
    private static func change(_ request: AWSRequest) -> AWSRequest {
        var request = request
        request.isAbandonedOnCancel = false
        return request
    }
}

/// Reading mappings.
extension AWSSession {
    /// Returns a mapping, or nil if it does not exist.
    func mapping(_ uuid: String) async throws -> Mapping? {
        do {
            return try Mapping(try await send(.getMapping(uuid)).json(), answered: "GetEventSourceMapping")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }

    /// Returns all mappings of an event source or, without an ARN, of all sources.
    ///
    /// It does not filter by function, because the result of Lambda's filter depends on how the mapping was created.
    ///
    /// - Parameter planned: The mapping that a dry run assumes to exist.
    func mappings(of sourceARN: String?, planned: Mapping? = nil) async throws -> [Mapping] {
        let placeholder: JSONValue = ["EventSourceMappings": .array(planned.map { [$0.json] } ?? [])]
        let all = try await Paging.all { marker in
            let request = AWSRequest.listMappings(of: sourceARN, marker: marker)
            let answer = try await send(request.standingIn(placeholder)).json()
            let mappings = try (answer["EventSourceMappings"]?.array ?? []).map {
                try Mapping($0, answered: "ListEventSourceMappings")
            }
            return Page(mappings, next: answer["NextMarker"]?.string)
        }
        var seen: Set<[UInt8]> = []
        let found = all.filter { seen.insert(Array($0.uuid.utf8)).inserted }
        // Never touch the mapping of another stream, even if the server ignores the filter.
        return found.filter { sourceARN == nil || $0.sourceARN == sourceARN }
    }
}
