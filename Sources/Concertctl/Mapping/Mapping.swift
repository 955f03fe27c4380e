import Clients
import JSON

/// An event source mapping, as Lambda describes it.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html>
struct Mapping: Sendable, Equatable {
    let uuid: String
    /// The whole description.
    let json: JSONValue

    init(_ description: JSONValue, answered operation: String) throws(CommandError) {
        guard let uuid = description["UUID"]?.string, !uuid.isEmpty else {
            throw CommandError(description: "lambda \(operation): the answer describes no mapping")
        }
        (self.uuid, json) = (uuid, description)
    }

    /// What takes the place of a UUID that a dry run cannot know.
    static let placeholderUUID = "UUID"

    var functionARN: String { json["FunctionArn"]?.string ?? "" }
    var sourceARN: String { json["EventSourceArn"]?.string ?? "" }
    var state: String { json["State"]?.string ?? "" }
    var isDeleting: Bool { state == "Deleting" }

    /// Whether it reads the stream, or is about to; nil while its state does not tell.
    var isEnabled: Bool? {
        switch state {
        case "Enabled", "Enabling": true
        case "Disabled", "Disabling": false
        default: nil
        }
    }

    /// Whether it is neither changing nor in a state that nobody asked for.
    var isResting: Bool { state == "Enabled" || state == "Disabled" }

    /// With the reason, unless that is only that somebody wanted it.
    var stateText: String {
        let reason = json["StateTransitionReason"]?.string ?? ""
        let isPlain = ["", "USER_INITIATED", "User action"].contains(reason)
        return MappingText.escaped(isPlain ? state : "\(state) (\(reason))")
    }

    /// One line that names it.
    var line: String {
        let function = (try? FunctionReference(functionARN))?.shortName ?? functionARN
        return
            "mapping \(MappingText.escaped(uuid)) of stream \(MappingText.escaped(MappingSource.shortName(sourceARN))) to function "
            + MappingText.escaped(function)
    }
}

/// Calls about mappings.
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

    /// - Parameter marker: Where the page before ended.
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

    /// Somebody must know what became of it.
    private static func change(_ request: AWSRequest) -> AWSRequest {
        var request = request
        request.isAbandonedOnCancel = false
        return request
    }
}

/// Reading mappings.
extension AWSSession {
    /// Nil when there is no such mapping.
    func mapping(_ uuid: String) async throws -> Mapping? {
        do {
            return try Mapping(try await send(.getMapping(uuid)).json(), answered: "GetEventSourceMapping")
        } catch let error as AWSError where error.code == "ResourceNotFoundException" {
            return nil
        }
    }

    /// All pages of `ListEventSourceMappings`; without an ARN, of all sources.
    ///
    /// By the source alone: what Lambda makes of a function's name depends on how the mapping's creator wrote it.
    ///
    /// - Parameter planned: The mapping that a dry run takes for granted.
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
        // A server that does not know the filter is no reason to touch another stream's mapping.
        return found.filter { sourceARN == nil || $0.sourceARN == sourceARN }
    }
}
