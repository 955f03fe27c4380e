import Basics
import Clients
import JSON

/// The state of a CloudFormation stack.
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
    /// Whether the last operation succeeded and was not rolled back.
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

/// An event of a stack or of one of its resources.
struct StackEvent: Sendable, Equatable {
    var id: String
    var logicalID: String
    var physicalID: String
    var type: String
    var status: String
    var reason: String
}

/// The stack that a command uses, and its API calls.
struct StackReference: Sendable {
    static let option = Option<String>(
        "--stack-name", value: "NAME", default: "concert-data-processor", "the stack")

    let name: String
    let session: AWSSession
    /// The options that select this stack, for the commands that messages print; the AWS CLI has the same ones.
    let options: String
    /// The given values of secret parameters, which are masked in CloudFormation's texts.
    var secrets: [String] = []
    /// A random text by which CloudFormation recognizes a request that is sent again.
    let token =
        "concertctl-\(String(UInt64.random(in: 0 ... .max), radix: 16))\(String(UInt64.random(in: 0 ... .max), radix: 16))"

    /// - Throws: ``UsageError`` for a name that CloudFormation does not accept.
    init(_ input: Input, _ session: AWSSession) throws(UsageError) {
        let name = try input[Self.option]
        (self.name, self.session) = (name, session)
        options = (["\(Self.option.name) \(name)"] + SharedOption.aws.compactMap(input.repeated)).joined(separator: " ")
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

    /// - Parameter id: The stack's ARN, which also identifies a deleted stack; nil uses the name.
    func request(
        _ operation: String, id: String? = nil, _ parameters: [AWSRequest.QueryItem] = []
    ) -> AWSRequest {
        .cloudFormation(operation, [.init("StackName", id ?? name)] + parameters)
    }

    /// Returns the stack, or nil if it does not exist.
    func stack(id: String? = nil) async throws -> Stack? {
        do {
            let answer = try await session.xml(request("DescribeStacks", id: id))
            guard let member = answer.first("Stacks")?.children.first else { return nil }
            return Stack(
                id: member.text(of: "StackId") ?? name, status: member.text(of: "StackStatus") ?? "",
                reason: member.text(of: "StackStatusReason").map(masked),
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

    /// Returns whether the stack does not exist, which CloudFormation reports as a `ValidationError`.
    private static func isMissing(_ error: AWSError) -> Bool {
        guard let refusal = error.refusal, refusal.code == "ValidationError" else { return false }
        return refusal.message.contains("does not exist")
    }

    /// Returns a text of CloudFormation without secrets, given ones and those in a function's environment.
    ///
    /// Lambda's error about a large environment quotes it after "String measured".
    func masked(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if let quotation = bytes.range(of: Array("String measured".utf8)) {
            bytes = bytes[..<quotation.lowerBound] + Array("(the environment is not shown)".utf8)
        }
        // The longest first, because one may contain another. Shorter texts are not secret, and would hide words.
        for secret in secrets.map({ Array($0.utf8) }).filter({ $0.count >= 4 }).sorted(by: { $0.count > $1.count }) {
            bytes = bytes.substituting(secret, with: Array("***".utf8))
        }
        return String(decoding: bytes, as: UTF8.self)
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
                var event = StackEvent(member)
                event.reason = masked(event.reason)
                if let last, event.id.hasSameBytes(as: last) { return found.reversed() }
                found.append(event)
                if event.startsOperation { return found.reversed() }
            }
            token = result.text(of: "NextToken")
            if token == nil { break }
        }
        return found.reversed()
    }

    /// The maximum number of pages of 100 events; an operation on 500 resources, CloudFormation's limit, has fewer.
    private static let mostPages = 50
}

extension Input {
    /// Returns an option as it was given, as words of a shell; nil if it was not given.
    func repeated(_ option: any CommandOption) -> String? {
        text(of: option).map { "\(option.name) \($0.shellWord)" }
    }
}

extension String {
    /// The text as one word of a shell, quoted if necessary.
    var shellWord: String {
        let isPlain = utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "-_.:/".utf8.contains(byte)
        }
        return isPlain && !isEmpty ? self : shellQuoted
    }
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
    /// Sends a request and returns the response as XML: in a dry run, its placeholder or an empty element.
    func xml(_ request: AWSRequest) async throws -> XMLElement {
        var request = request
        if request.placeholder.isEmpty { request.placeholder = Array("<Response/>".utf8) }
        return try await send(request).xml()
    }
}
