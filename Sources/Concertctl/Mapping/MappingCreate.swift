import Basics
import Clients
import JSON

/// The command that creates a mapping unless it exists.
struct MappingCreate: Command {
    private static let update = Option<Bool>(
        "--update", "apply the settings to an existing mapping")
    static let description = CommandDescription(
        name: "mapping create", summary: "create a mapping of a stream to a function unless it exists",
        discussion: """
            The defaults of a new mapping are \(RequestedSettings.impliedText).

            If a mapping of the stream and the function exists with the requested settings, the command leaves it \
            unchanged and succeeds. If settings differ, it prints the differences and fails; --update applies those that \
            can be changed and still fails for those that can only be set at creation. Settings that were not requested \
            are not compared.

            With --wait, the command also waits for a function that is Pending or being updated, and for permissions of a new role to take effect.

            Warnings about settings that lose records or block a shard go to standard error.
            """,
        options: [MappingTarget.functionName, MappingSource.eventSourceARN, SharedOption.streamName]
            + MappingOptions.updatable
            + MappingOptions.createOnly + [update] + MappingChange.options,
        refused: MappingOptions.foreign,
        examples: [
            "concertctl mapping create --wait",
            "concertctl mapping create --stream-name concert-data-stream --starting-position TRIM_HORIZON \\\n"
                + "      --maximum-retry-attempts 10 --bisect-batch-on-function-error \\\n"
                + "      --on-failure arn:aws:sqs:us-east-1:123456789012:concert-dead-letters",
            "concertctl mapping create --function-name concert-data-processor:live --batch-size 500 --update",
            "concertctl mapping create --filter-criteria 'Filters=[{Pattern=\"{\\\"partitionKey\\\":[\\\"c1\\\"]}\"}]'",
        ])

    private let settings: RequestedSettings
    private let function: FunctionReference
    private let source: MappingSource
    private let updates: Bool
    private let change: MappingChange

    init(_ input: Input) throws {
        function = try MappingTarget.function(input)
        settings = try RequestedSettings(input, isCreation: true)
        source = try MappingTarget.source(input)
        updates = try input[Self.update]
        change = try MappingChange(input)
    }

    func run() async throws -> ExitStatus {
        let arn = try await source.resolvedARN(change.session)
        var request = JSONObject()
        request["EventSourceArn"] = .string(arn)
        request["FunctionName"] = .string(function.text)
        for member in settings.all.members { request[member.name] = member.value }
        switch try await outcome(of: request, arn, change) {
        case .created(let mapping):
            let isEnabled = settings.given["Enabled"]?.bool ?? true
            let finished = try await change.finished(mapping, "was created", isEnabled: isEnabled)
            change.show(finished, "created, \(finished.stateText)")
            await MappingWarning.show(finished.json, change.session)
            return .done
        case .found(let mapping): return try await reconcile(mapping, change)
        }
    }
}

/// The creation, which is idempotent even if the response is lost.
extension MappingCreate {
    private enum CreationResult {
        case created(Mapping)
        case found(Mapping)
    }

    /// The maximum number of attempts, because others may create and delete the same mapping concurrently.
    private static let attemptLimit = 3

    private func outcome(of request: JSONObject, _ arn: String, _ change: MappingChange) async throws -> CreationResult
    {
        var found = try await find(arn, change.session)
        var attempt = 0
        while true {
            if let found, !found.isDeleting { return .found(found) }
            if let found { try await awaitDeletion(of: found, change) }
            attempt += 1
            do {
                let answer = try await change.whenReady(.createMapping(request))
                return .created(try Mapping(answer, answered: "CreateEventSourceMapping"))
            } catch let error as AWSError
                where error.code == "ResourceConflictException" && MappingDelay(error) == nil
            {
                // Created concurrently, or by an earlier attempt whose response was lost.
                guard attempt < Self.attemptLimit else { throw error }
                found = try await conflicting(error, arn, change.session)
            } catch let error as AWSError where !error.isDefinite {
                guard let mapping = try? await find(arn, change.session), !mapping.isDeleting else { throw error }
                return .found(mapping)
            }
        }
    }

    private func find(_ arn: String, _ session: AWSSession) async throws -> Mapping? {
        let found = try await session.mappings(of: arn).filter { function.matches($0.functionARN) }
        return found.first { !$0.isDeleting } ?? found.first
    }

    /// Returns the mapping that a conflict is about.
    ///
    /// Lambda reports its UUID only in the text.
    private func conflicting(_ error: AWSError, _ arn: String, _ session: AWSSession) async throws -> Mapping? {
        if let uuid = error.refusal.flatMap({ Self.lastUUID(in: $0.message) }),
            let mapping = try await session.mapping(uuid)
        {
            return mapping
        }
        return try await find(arn, session)
    }

    /// Returns the last UUID in a text, because the name of a stream may also have this form.
    static func lastUUID(in text: String) -> String? {
        let form = /[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}/
        return text.matches(of: form).last.map { String($0.output) }
    }

    private func awaitDeletion(of mapping: Mapping, _ change: MappingChange) async throws {
        guard change.waits else {
            throw CommandError(
                description: "\(mapping.line) is being deleted; run this again afterwards, or pass --wait")
        }
        try await change.waitUntilGone(mapping)
    }
}

/// The handling of a mapping that exists.
extension MappingCreate {
    private func reconcile(_ mapping: Mapping, _ change: MappingChange) async throws -> ExitStatus {
        var mapping = mapping
        if settings.given["Enabled"] != nil, mapping.isEnabled == nil { mapping = try await change.settled(mapping) }
        let differences = mapping.differences(from: settings.given, tags: try await tags(of: mapping, change.session))
        guard !differences.isEmpty else {
            mapping = try await change.finished(mapping, nil, isEnabled: settings.given["Enabled"]?.bool)
            change.show(mapping, "already exists with the requested settings, \(mapping.stateText)")
            await MappingWarning.show(mapping.json, change.session)
            return .done
        }
        guard updates else {
            show(differences, of: mapping, change)
            Console.note("\(mapping.line) already exists with different settings; \(advice(on: differences))")
            return .failed
        }
        return try await apply(differences, to: mapping, change)
    }

    /// Returns the tags of a mapping, or nil if no tags were requested.
    private func tags(of mapping: Mapping, _ session: AWSSession) async throws -> JSONValue? {
        guard settings.given["Tags"] != nil, let arn = mapping.json["EventSourceMappingArn"]?.string else { return nil }
        return try await session.send(.tags(ofMapping: arn)).json()["Tags"]
    }

    private func apply(
        _ differences: [MappingDifference], to mapping: Mapping, _ change: MappingChange
    ) async throws -> ExitStatus {
        let mendable = differences.filter { !$0.isCreateOnly }
        let rest = differences.filter(\.isCreateOnly)
        var mapping = mapping
        if !mendable.isEmpty {
            let members = mendable.map { JSONObject.Member(name: $0.setting, value: $0.wanted) }
            mapping = try await change.update(mapping, JSONObject(members))
            mapping = try await change.finished(mapping, "was updated", isEnabled: settings.given["Enabled"]?.bool)
        }
        let updated = mendable.map(\.setting).joined(separator: ", ")
        guard rest.isEmpty else {
            if !mendable.isEmpty { Console.note("\(mapping.line): updated \(updated), \(mapping.stateText)") }
            show(rest, of: mapping, change)
            Console.note("\(mapping.line) still differs; \(advice(on: rest))")
            await MappingWarning.show(mapping.json, change.session)
            return .failed
        }
        change.show(mapping, "updated \(updated), \(mapping.stateText)")
        await MappingWarning.show(mapping.json, change.session)
        return .done
    }

    private func show(_ differences: [MappingDifference], of mapping: Mapping, _ change: MappingChange) {
        change.session.show(
            text: .lines(MappingDifference.text(differences)),
            json: ["UUID": .string(mapping.uuid), "Differences": .array(differences.map(\.json))])
    }

    /// Returns how to apply differences.
    private func advice(on differences: [MappingDifference]) -> String {
        var advice: [String] = []
        if differences.contains(where: { !$0.isCreateOnly }) {
            advice.append("--update applies the settings that can be changed")
        }
        let fixed = differences.filter(\.isCreateOnly).map(\.setting)
        if fixed.contains("Tags") { advice.append("Tags \(MappingOptions.tagsAfterCreation)") }
        let others = fixed.filter { $0 != "Tags" }
        if !others.isEmpty {
            advice.append("\(others.joined(separator: " and ")) \(MappingOptions.onlyAtCreation)")
        }
        return advice.joined(separator: "; ")
    }
}
