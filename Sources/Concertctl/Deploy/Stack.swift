import Basics
import Clients
import JSON

/// A stack of CloudFormation as it is.
struct Stack: Sendable, Equatable {
    var id: String
    var status: String
    var reason: String?
    /// Values of secrets are asterisks.
    var parameters: [NamedValue]
    var outputs: [NamedValue]

    init(
        id: String, status: String, reason: String? = nil, parameters: [NamedValue] = [], outputs: [NamedValue] = []
    ) {
        (self.id, self.status, self.reason) = (id, status, reason)
        (self.parameters, self.outputs) = (parameters, outputs)
    }

    /// The statuses from which an update can start.
    private static let settled = [
        "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE",
    ]

    /// Whether it has a change set and no resources yet.
    var isInReview: Bool { status == "REVIEW_IN_PROGRESS" }
    var isChanging: Bool { status.utf8.suffix(12).elementsEqual("_IN_PROGRESS".utf8) && !isInReview }
    var canBeUpdated: Bool { Self.settled.contains(status) }
    /// Whether the operation that led to the status did what was asked for.
    var isDone: Bool { ["CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"].contains(status) }
}

/// A name with a value: a parameter or an output.
struct NamedValue: Sendable, Equatable {
    var name: String
    var value: String

    init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }

    static func == (left: Self, right: Self) -> Bool {
        left.name.hasSameBytes(as: right.name) && left.value.hasSameBytes(as: right.value)
    }
}

extension [NamedValue] {
    subscript(name: String) -> String? { first { $0.name.hasSameBytes(as: name) }?.value }

    var json: JSONValue { .object(ofPresent: map { ($0.name, .string($0.value)) }) }
}

/// A resource of a stack.
struct StackResource: Sendable, Equatable {
    var logicalID: String
    var physicalID: String
    var type: String
}

/// What happened to a stack, or to one of its resources.
struct StackEvent: Sendable, Equatable {
    var id: String
    var logicalID: String
    var physicalID: String
    var type: String
    var status: String
    var reason: String
}

/// The calls about one stack.
struct StackReference: Sendable {
    static let option = Option<String>(
        "--stack-name", value: "NAME", default: "concert-data-processor", "the stack")

    let name: String
    let session: AWSSession

    /// - Throws: ``UsageError`` for a name that CloudFormation does not accept.
    init(_ input: Input, _ session: AWSSession) throws(UsageError) {
        (name, self.session) = (try input[Self.option], session)
        let bytes = name.utf8
        func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
        guard (1...128).contains(bytes.count), bytes.first.map(isLetter) == true,
            bytes.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") })
        else {
            throw UsageError(
                description: "--stack-name is \"\(name)\"; expected up to 128 letters, digits and hyphens, "
                    + "a letter first")
        }
    }

    /// - Parameter id: The ARN, for a stack that may be deleted meanwhile.
    func request(
        _ operation: String, id: String? = nil, _ parameters: [AWSRequest.QueryItem] = []
    ) -> AWSRequest {
        .cloudFormation(operation, [.init("StackName", id ?? name)] + parameters)
    }

    /// Nil when there is no such stack.
    func stack(id: String? = nil) async throws -> Stack? {
        do {
            let answer = try await session.xml(request("DescribeStacks", id: id))
            guard let member = answer.first("Stacks")?.children.first else { return nil }
            return Stack(
                id: member.text(of: "StackId") ?? name, status: member.text(of: "StackStatus") ?? "",
                reason: member.text(of: "StackStatusReason"),
                parameters: member.list("Parameters").map {
                    NamedValue($0.text(of: "ParameterKey") ?? "", $0.text(of: "ParameterValue") ?? "")
                },
                outputs: member.list("Outputs").map {
                    NamedValue($0.text(of: "OutputKey") ?? "", $0.text(of: "OutputValue") ?? "")
                })
        } catch let error as AWSError where Self.isMissing(error) {
            return nil
        }
    }

    /// CloudFormation has no code of its own for it.
    private static func isMissing(_ error: AWSError) -> Bool {
        guard let refusal = error.refusal, refusal.code == "ValidationError" else { return false }
        return refusal.message.contains("does not exist")
    }

    func resources() async throws -> [StackResource] {
        try await Paging.all { token in
            let answer = try await session.xml(
                request("ListStackResources", token.map { [.init("NextToken", $0)] } ?? []))
            let result = answer.first("ListStackResourcesResult") ?? answer
            return Page(
                result.list("StackResourceSummaries").map {
                    StackResource(
                        logicalID: $0.text(of: "LogicalResourceId") ?? "",
                        physicalID: $0.text(of: "PhysicalResourceId") ?? "", type: $0.text(of: "ResourceType") ?? "")
                }, next: result.text(of: "NextToken"))
        }
    }

    /// The template's text.
    ///
    /// - Parameter stage: `Original` as it was given, `Processed` after the transform.
    func template(stage: String) async throws -> String {
        let answer = try await session.xml(request("GetTemplate", [.init("TemplateStage", stage)]))
        return answer.first("TemplateBody")?.text ?? ""
    }

    /// The events of the newest operation, oldest first.
    ///
    /// - Parameter last: The newest event before it, if that is known.
    func events(id: String? = nil, after last: String? = nil) async throws -> [StackEvent] {
        var found: [StackEvent] = []
        var token: String?
        for _ in 0..<Self.mostPages {
            let answer = try await session.xml(
                request("DescribeStackEvents", id: id, token.map { [.init("NextToken", $0)] } ?? []))
            let result = answer.first("DescribeStackEventsResult") ?? answer
            for member in result.list("StackEvents") {
                let event = StackEvent(member)
                if let last, event.id.hasSameBytes(as: last) { return found.reversed() }
                found.append(event)
                if event.startsOperation { return found.reversed() }
            }
            token = result.text(of: "NextToken")
            if token == nil { break }
        }
        return found.reversed()
    }

    /// Of 100 events each; an operation on a stack of 500 resources, the most there are, has fewer.
    private static let mostPages = 50
}

extension StackEvent {
    init(_ member: XMLElement) {
        self.init(
            id: member.text(of: "EventId") ?? "", logicalID: member.text(of: "LogicalResourceId") ?? "",
            physicalID: member.text(of: "PhysicalResourceId") ?? "", type: member.text(of: "ResourceType") ?? "",
            status: member.text(of: "ResourceStatus") ?? "", reason: member.text(of: "ResourceStatusReason") ?? "")
    }

    var isOfStack: Bool { type == "AWS::CloudFormation::Stack" }

    /// Whether the event is the start of an operation requested by a user, so that earlier events belong to another operation.
    var startsOperation: Bool { isOfStack && reason == "User Initiated" && status != "REVIEW_IN_PROGRESS" }

    var isFailure: Bool { status.utf8.suffix(7).elementsEqual("_FAILED".utf8) }
}

extension AWSSession {
    /// Makes a call whose answer is XML; in a dry run the answer is empty.
    func xml(_ request: AWSRequest) async throws -> XMLElement {
        var request = request
        if request.placeholder.isEmpty { request.placeholder = Array("<Response/>".utf8) }
        return try await send(request).xml()
    }
}
