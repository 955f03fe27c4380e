import Basics
import Clients
import JSON

/// A change set: the changes that CloudFormation would make to a stack.
struct ChangeSet: Sendable, Equatable {
    /// The change of one resource.
    struct Change: Sendable, Equatable {
        enum Kind: String, Sendable, CaseIterable {
            case add
            case change
            /// The resource is replaced with a new one.
            case replace
            case remove
        }

        var kind: Kind
        var resource: StackResource
        /// The names of the changed properties and attributes, such as `Code`.
        var properties: [String]
        /// Whether CloudFormation retains the old resource instead of deleting it.
        var isRetained: Bool
        /// Whether CloudFormation decides only during the update if the resource must be replaced.
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
    /// Empty if only outputs or the template's text change; nil if nothing changes.
    var changes: [Change]?
}

extension ChangeSet.Change {
    /// The types of resources whose deletion loses data.
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

    /// Whether the change removes a resource with data from the stack.
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

/// Creation, execution, and deletion of change sets.
extension StackReference {
    /// The input of a change set.
    struct Desired: Sendable {
        var isNew: Bool
        /// Whether the stack exists only because of this change set.
        var createsStack = false
        /// The URL from which CloudFormation reads the template.
        var templateURL: String
        /// The parameters; nil keeps the stack's current value.
        var parameters: [(name: String, value: String?)]
    }

    /// The acknowledged capabilities: IAM resources with custom names, and transforms such as SAM's.
    private static let capabilities = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]

    /// Creates a change set, and waits until CloudFormation has computed the changes.
    ///
    /// - Throws: ``CommandError`` if CloudFormation cannot compute the changes; the change set is deleted then.
    func makeChangeSet(_ desired: Desired, name: String, _ waiter: Waiter) async throws -> ChangeSet {
        var parameters: [AWSRequest.QueryItem] = [
            .init("ChangeSetName", name), .init("ChangeSetType", desired.isNew ? "CREATE" : "UPDATE"),
            .init("TemplateURL", desired.templateURL), .init("Description", "concertctl deploy"),
            .init("ClientToken", token),
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
        create.secrets = secrets
        create.isAbandonedOnCancel = false
        create.placeholder = Array("<Response><Id>\(name)</Id><StackId>\(self.name)</StackId></Response>".utf8)
        let made = try await session.xml(create)
        let id = made.first("Id")?.text ?? name
        do {
            let changes = try await waiter.wait(for: "the change set to be created") { try await look(at: id) }
            return ChangeSet(id: id, stackID: made.first("StackId")?.text ?? self.name, changes: changes)
        } catch {
            await discard(changeSet: id, withStack: desired.createsStack)
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
            reason = masked(result.text(of: "StatusReason") ?? "")
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
                description: "CloudFormation cannot create the change set: \(reason)",
                details: failure.cause == .other ? "" : "  \(failure.advice(options: options))")
        default: return .pending(status)
        }
    }

    /// Starts to make the changes.
    func execute(_ changeSet: ChangeSet, isNew: Bool) async throws {
        // If the creation fails, resources are deleted even if their policy is Retain, so that their names are free.
        var execute = request(
            "ExecuteChangeSet",
            [.init("ChangeSetName", changeSet.id), .init("ClientRequestToken", token)]
                + (isNew ? [.init("RetainExceptOnCreate", "true")] : []))
        execute.isAbandonedOnCancel = false
        _ = try await session.xml(execute)
    }

    /// Deletes a change set that is not executed, also after Ctrl-C; prints what remains if that fails.
    ///
    /// - Parameter deletesStack: Whether to delete its stack, too, unless another deployment has given it resources meanwhile.
    func discard(changeSet id: String, withStack deletesStack: Bool) async {
        // A separate task is not cancelled with this one; it is awaited, so it does not outlive the call.
        await Task { await delete(changeSet: id, withStack: deletesStack) }.value
    }

    private func delete(changeSet id: String, withStack deletesStack: Bool) async {
        let stack = deletesStack ? ", and stack \(name) without resources" : ""
        var (remains, command) = ("change set \(id)\(stack)", "delete-change-set --change-set-name \(id)")
        do {
            let empty = deletesStack ? try await self.stack().flatMap { $0.isInReview ? $0 : nil } : nil
            _ = try await session.xml(request("DeleteChangeSet", [.init("ChangeSetName", id)]))
            guard let empty else { return }
            (remains, command) = ("stack \(name) without resources", "delete-stack")
            _ = try await session.xml(request("DeleteStack", id: empty.id))
        } catch {
            Console.note("not deleted: \(remains): \(error)")
            Console.note("  next: aws cloudformation \(command) \(options)")
        }
    }
}
