import Basics
import Clients
import JSON

/// A set of changes that CloudFormation has worked out, and not made yet.
struct ChangeSet: Sendable, Equatable {
    /// What happens to one resource.
    struct Change: Sendable, Equatable {
        enum Kind: String, Sendable, CaseIterable {
            case add
            case change
            /// A new resource takes its place.
            case replace
            case remove
        }

        var kind: Kind
        var resource: StackResource
        /// What of it changes, such as `Code`.
        var properties: [String]
        /// The effect on the old resource, for resource types that contain data.
        var isRetained: Bool
        /// Whether CloudFormation knows only while it makes the change that a replacement is needed.
        var isPossible: Bool

        var json: JSONValue {
            .object(ofPresent: [
                ("action", .string(kind.rawValue)), ("resource", .string(resource.logicalID)),
                ("type", .string(resource.type)),
                ("physicalId", resource.physicalID.isEmpty ? nil : .string(resource.physicalID)),
                ("properties", properties.isEmpty ? nil : .array(properties.map { .string($0) })),
                ("isRetained", kind == .replace || kind == .remove ? .bool(isRetained) : nil),
            ])
        }
    }

    var id: String
    var stackID: String
    /// The changes of resources.
    ///
    /// None where only outputs or the template's text change. Nil where there is nothing to do.
    var changes: [Change]?
}

extension ChangeSet.Change {
    /// Types whose resources contain data that nothing else has.
    static let dataTypes = ["AWS::Kinesis::Stream", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::Logs::LogGroup"]

    init?(_ change: XMLElement) {
        let action = change.text(of: "Action") ?? ""
        let replacement = change.text(of: "Replacement") ?? "False"
        switch action {
        case "Add", "Import": kind = .add
        case "Modify", "Dynamic": kind = replacement == "False" ? .change : .replace
        case "Remove": kind = .remove
        default: return nil
        }
        resource = StackResource(
            logicalID: change.text(of: "LogicalResourceId") ?? "",
            physicalID: change.text(of: "PhysicalResourceId") ?? "", type: change.text(of: "ResourceType") ?? "")
        var names: [String] = []
        for target in change.list("Details").compactMap({ $0["Target"] }) {
            let name = target.text(of: "Name") ?? target.text(of: "Attribute") ?? ""
            if !name.isEmpty, !names.contains(where: { $0.hasSameBytes(as: name) }) { names.append(name) }
        }
        properties = names
        isRetained = ["Retain", "ReplaceAndRetain"].contains(change.text(of: "PolicyAction") ?? "")
        isPossible = replacement == "Conditional"
    }

    /// Whether data may be lost by it.
    var losesData: Bool {
        (kind == .replace || kind == .remove) && Self.dataTypes.contains(resource.type)
    }

    var line: TerminalText {
        let what: TerminalText = "\(resource.logicalID) (\(resource.type))"
        let detail: TerminalText = properties.isEmpty ? "" : ": \(properties.joined(separator: ", "))"
        return switch kind {
        case .add: "  add      \(what)"
        case .change: "  change   \(what)\(detail)"
        case .replace: "  replace  \(what)\(detail)\(warning)"
        case .remove: "  remove   \(what)\(warning)"
        }
    }

    private var warning: TerminalText {
        let doubt: TerminalText = isPossible ? " (only if AWS cannot change it in place)" : ""
        guard losesData else { return doubt }
        guard isRetained else { return "\(doubt)\n           WARNING: its data are deleted with it" }
        return kind == .replace
            ? "\(doubt)\n           WARNING: the new one is empty; the old one, \(resource.physicalID), stays outside of the stack"
            : "\(doubt)\n           it stays, outside of the stack: \(resource.physicalID)"
    }
}

/// Making one.
extension StackReference {
    /// What a change set is made of.
    struct Desired: Sendable {
        var isNew: Bool
        /// Whether the stack exists only because of this change set.
        var createsStack = false
        /// As CloudFormation fetches it.
        var templateURL: String
        /// A value that is nil stays as it is.
        var parameters: [(name: String, value: String?)]
        /// Those values of `parameters` that are secrets.
        var secrets: [String]
    }

    /// Nothing may be named by the account's users but by the template.
    private static let capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

    /// Makes a change set, and waits until it is worked out.
    ///
    /// - Throws: ``CommandError`` when CloudFormation cannot work it out; it is deleted then.
    func makeChangeSet(_ desired: Desired, name: String, _ waiter: Waiter) async throws -> ChangeSet {
        var parameters: [AWSRequest.QueryItem] = [
            .init("ChangeSetName", name), .init("ChangeSetType", desired.isNew ? "CREATE" : "UPDATE"),
            .init("TemplateURL", desired.templateURL), .init("Description", "concertctl deploy"),
        ]
        for (index, capability) in Self.capabilities.enumerated() {
            parameters.append(.init("Capabilities.member.\(index + 1)", capability))
        }
        for (index, parameter) in desired.parameters.enumerated() {
            let prefix = "Parameters.member.\(index + 1)."
            parameters.append(.init(prefix + "ParameterKey", parameter.name))
            parameters.append(
                parameter.value.map { .init(prefix + "ParameterValue", $0) }
                    ?? .init(prefix + "UsePreviousValue", "true"))
        }
        var create = request("CreateChangeSet", parameters)
        create.secrets = desired.secrets
        create.placeholder = Array("<Response><Id>\(name)</Id><StackId>\(self.name)</StackId></Response>".utf8)
        let made = try await session.xml(create)
        let id = made.first("Id")?.text ?? name
        do {
            let changes = try await waiter.wait(for: "the changes to be worked out") { try await look(at: id) }
            return ChangeSet(id: id, stackID: made.first("StackId")?.text ?? self.name, changes: changes)
        } catch {
            try? await delete(changeSet: id, withStack: desired.createsStack)
            throw error
        }
    }

    private func look(at id: String) async throws -> Waiter.State<[ChangeSet.Change]?> {
        guard !session.isDryRun else {
            _ = try await session.xml(request("DescribeChangeSet", [.init("ChangeSetName", id)]))
            return .reached([])
        }
        var status = ""
        var reason = ""
        let changes = try await Paging.all { token in
            let answer = try await session.xml(
                request(
                    "DescribeChangeSet",
                    [.init("ChangeSetName", id)] + (token.map { [.init("NextToken", $0)] } ?? [])))
            let result = answer.first("DescribeChangeSetResult") ?? answer
            status = result.text(of: "Status") ?? ""
            reason = result.text(of: "StatusReason") ?? ""
            return Page(
                result.list("Changes").compactMap { $0["ResourceChange"].flatMap(ChangeSet.Change.init) },
                next: result.text(of: "NextToken"))
        }
        switch status {
        case "CREATE_COMPLETE": return .reached(changes)
        case "FAILED":
            if ["didn't contain changes", "No updates are to be performed"].contains(where: reason.contains) {
                return .reached(nil)
            }
            let failure = StackFailure(reason: reason)
            throw CommandError(
                description: "CloudFormation cannot work out the changes: \(reason)",
                details: failure.cause == .other ? "" : "  \(failure.advice(stack: name))")
        default: return .pending(status)
        }
    }

    /// Starts to make the changes.
    func execute(_ changeSet: ChangeSet, isNew: Bool) async throws {
        // Resources of a failed creation are deleted, also those that outlive a stack: otherwise their names would be taken.
        var execute = request(
            "ExecuteChangeSet",
            [.init("ChangeSetName", changeSet.id)] + (isNew ? [.init("RetainExceptOnCreate", "true")] : []))
        execute.isAbandonedOnCancel = false
        _ = try await session.xml(execute)
    }

    /// Deletes a change set that is not executed.
    ///
    /// - Parameter deletesStack: Whether to delete its stack, too, unless another deployment has given it resources meanwhile.
    func delete(changeSet id: String, withStack deletesStack: Bool) async throws {
        let empty = deletesStack ? try await stack().flatMap { $0.isInReview ? $0 : nil } : nil
        _ = try await session.xml(request("DeleteChangeSet", [.init("ChangeSetName", id)]))
        if let empty { _ = try await session.xml(request("DeleteStack", id: empty.id)) }
    }
}
