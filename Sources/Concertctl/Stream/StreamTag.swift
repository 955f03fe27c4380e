import Clients
import JSON

/// Shows, sets and removes a stream's tags.
struct StreamTag: Command {
    private static let tags = OptionDescription(
        "--tags", .list("KEY=VALUE"), "tags to add; a value that is there already is replaced")
    private static let tagKeys = OptionDescription("--tag-keys", .list("KEY"), "tags to remove")
    static let description = CommandDescription(
        name: "stream tag", summary: "list, add and remove tags",
        discussion: "Without --tags and --tag-keys it lists the tags. A stream can have 50.",
        options: [tags, tagKeys] + StreamChange.waitingOptions,
        examples: [
            "concertctl stream tag",
            "concertctl stream tag --tags Project=ConcertDataPlatform Environment=production",
            "concertctl stream tag --stream-name concert-data-stream --tag-keys Environment",
        ])

    private let arguments: Arguments
    private let added: StreamTags
    private let removed: [String]

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        added = try StreamTags(parsing: arguments.list(Self.tags) ?? [], of: Self.tags)
        removed = arguments.list(Self.tagKeys) ?? []
        for key in removed {
            try StreamTags.check(key: key, of: Self.tagKeys)
            guard !added.has(key: key) else {
                throw UsageError(description: "\(key) cannot be both added and removed")
            }
        }
        guard Set(removed.map { Array($0.utf8) }).count <= StreamTags.limit else {
            throw UsageError(description: "\(Self.tagKeys.name) has more than \(StreamTags.limit) keys")
        }
        guard arguments.flag(.dryRun), added.isEmpty, removed.isEmpty else { return }
        throw UsageError(description: "--dry-run has nothing to show: give --tags or --tag-keys")
    }

    func run(environment: [String: String]) async throws -> ExitStatus {
        let change = try StreamChange(arguments, environment: environment, canSkipWaiting: false)
        guard !change.session.isDryRun else { return try plan(change) }
        let before = try await change.stream.tags(change.session)
        let after = try await change.setTags(added, removing: removed, from: before)
        if change.output == .json {
            Output.print(.json(after.list))
        } else if added.isEmpty, removed.isEmpty {
            Output.print(.lines(after.isEmpty ? after.text : after.lines.joined(separator: "\n")))
        }
        guard !added.isEmpty || !removed.isEmpty else { return .done }
        change.say("stream \(change.stream.name): \(after.text), \(after == before ? "already so" : "changed")")
        return .done
    }

    private func plan(_ change: StreamChange) throws -> ExitStatus {
        try change.session.planned(change.stream.request("ListTagsForStream"))
        if !removed.isEmpty { try change.session.planned(change.stream.removal(of: removed)) }
        if !added.isEmpty { try change.session.planned(change.stream.addition(of: added)) }
        change.session.finishDryRun(DryRun.changeNote)
        return .done
    }
}

extension StreamChange {
    /// Adds and removes what differs from `before`.
    ///
    /// - Returns: The tags afterwards.
    func setTags(
        _ added: StreamTags, removing removed: [String] = [], from before: StreamTags
    ) async throws -> StreamTags {
        let after = before.removing(removed).merging(added)
        guard after.count <= StreamTags.limit else {
            throw CommandError(
                description: "stream \(stream.name) would have \(after.count) tags, and can have "
                    + "\(StreamTags.limit); remove some with concertctl stream tag --tag-keys")
        }
        let obsolete = removed.filter { before.has(key: $0) }
        if !obsolete.isEmpty { _ = try await call(stream.removal(of: obsolete)) }
        let missing = added.missing(in: before)
        if !missing.isEmpty { _ = try await call(stream.addition(of: missing)) }
        return after
    }
}

extension StreamReference {
    func addition(of tags: StreamTags) -> AWSRequest { request("AddTagsToStream", ("Tags", tags.map)) }

    func removal(of keys: [String]) -> AWSRequest {
        request("RemoveTagsFromStream", ("TagKeys", .array(keys.map { .string($0) })))
    }
}
